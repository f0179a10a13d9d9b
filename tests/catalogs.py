"""A small field on loopback, its truth, and what real drizzlepac once got from it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from astropy.table import QTable

from skydb.api.composition import Services
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import ToolCrashedError
from skydb.files.catalog import CatalogTable, read_catalog
from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.sky.geometry import separations_mas

PLAN = FieldPlan(SimDetector.IR, tiles=(2, 1), size=128, seed=5, products=False)
GOOD, REFUSED, IGNORED = "good", "refused", "ignored"


class Once:
    """Makes things in a session's directory, each once."""

    def __init__(self, base: Path) -> None:
        self.base = base

    @property
    def field(self) -> Path:
        """A simulated field without products."""
        return _field(self.base)

    def recorded(self, archive: LoopbackArchive) -> dict[str, Path]:
        """Files of drizzlepac when the service did well, refused EPOCH, ignored it."""
        return _recorded(self.base, archive)


@cache
def _field(base: Path) -> Path:
    directory = base / "catalog-field"
    directory.mkdir()
    simulate_field(directory, PLAN)
    return directory


@cache
def _recorded(base: Path, archive: LoopbackArchive) -> dict[str, Path]:
    truth = FieldTruth.load(_field(base))
    scratch = base / "recorded"
    jobs = []
    for name in (REFUSED, IGNORED, GOOD):
        (scratch / name).mkdir(parents=True)
        for exposure in truth.exposures:
            shutil.copy(_field(base) / exposure.path, scratch / name)
        images = [Path(exposure.path).name for exposure in truth.exposures]
        epoch = round(truth.epoch, 3)
        jobs.append({"directory": name, "inputs": images, "catalog": "GAIAedr3", "epoch": epoch})
    # In turn, for drizzlepac is too slow to import for each.
    archive.misbehave(Fault.EPOCH_REFUSED, times=1)
    archive.misbehave(Fault.EPOCH_IGNORED, times=1)
    request = {"service_url": archive.url, "request_timeout_s": 30.0, "jobs": jobs}
    DrizzlepacRunner(timeout_s=120).run("catalog", request, scratch)
    archive.behave()
    return {name: scratch / name for name in (GOOD, REFUSED, IGNORED)}


@dataclass
class Replay(DrizzlepacRunner):
    """Leaves behind what drizzlepac once did, or what it does when a service fails."""

    recorded: Path | None = None
    requests: str = ""
    runs: int = 0
    timeout_s: float = 60.0

    def run(self, task, request, scratch):
        """Stand for one subprocess."""
        assert task == "catalog"
        self.runs += 1
        directory = scratch / request["jobs"][0]["directory"]
        if self.recorded is None:
            (directory / "requests.json").write_text(self.requests)
            raise ToolCrashedError("create_astrometric_catalog", "raised ValueError: nothing")
        for name in ("requests.json", "catalog.ecsv"):
            shutil.copy(self.recorded / name, directory)
        rows = len(QTable.read(directory / "catalog.ecsv"))
        return {"jobs": [{"sources": rows, "claimed_epoch": request["jobs"][0]["epoch"]}]}


def ledger_of(url: str, field: Path, data: Path) -> Services:
    """A ledger that knows the exposures of a field."""
    services = Services.open(url, data)
    services.ingest.ingest(sorted(field.glob("*_flt.fits")))
    return services


def stored(services: Services, row: dict) -> CatalogTable:
    """The sources of a catalogue of the ledger."""
    path = services.context.workspace.resolve(row["path"])
    return read_catalog(path, epoch_year=row["epoch"])


def offsets_mas(catalog: CatalogTable, truth_file: Path) -> np.ndarray:
    """Distance of each source from the nearest star of a truth file, in mas."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    truth = QTable.read(truth_file)
    seen = SkyCoord(catalog.ra_deg * u.deg, catalog.dec_deg * u.deg)
    nearest, _, _ = seen.match_to_catalog_sky(SkyCoord(truth["ra"], truth["dec"]))
    there = np.column_stack((truth["ra"].to_value(u.deg), truth["dec"].to_value(u.deg)))
    here = np.column_stack((catalog.ra_deg, catalog.dec_deg))
    return separations_mas(here, there[nearest])
