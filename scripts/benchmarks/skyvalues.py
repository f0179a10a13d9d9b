"""Sky values of all methods: against skypac, and against the number of overlaps."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from scripts.benchmarks import floors
from scripts.benchmarks.timing import Result, Spent, by_clock, median, spent
from skydb.api.composition import Services
from skydb.domain import SkyOverlap
from skydb.domain.vocabulary import COMPUTED_METHODS
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.store.schema import upgrade

_REPOSITORY = Path(__file__).resolve().parents[2]
#: Of four skypac calls, and of the ratio of overlaps.
_SHARE, _EXCESS = 0.1, 1.5
_FULL = FieldPlan(SimDetector.IR, (3, 3), products=False)
_STRIP_PIX = 256


def measure(workdir: Path, repeats: int) -> list[Result]:
    """All four methods without mosaics, in alternation with what they are compared with."""
    return [_against_skypac(workdir, repeats), _along_a_strip(workdir, repeats)]


def _against_skypac(workdir: Path, repeats: int) -> Result:
    field = _Field(workdir / "full", _FULL)
    field.run()  # so that imports do not count, as they do not count for skypac
    times = [
        (_of_skypac(field.directory), field.run(), field.read_pixels()) for _ in range(repeats)
    ]
    reference, ours, floor = _medians(times)
    ratio = ours.wall_s / reference.wall_s
    return {
        "name": f"four methods, {field.exposures} full exposures, against four skypac calls",
        "target": f"<= {_SHARE}",
        "ratio": ratio,
        **by_clock(reference, ours, floor),
        "passed": ratio <= _SHARE,
        "times_s": times,
        "note": "a whole sky run, with checksums and the ledger; of skypac, its calls alone",
    }


def _along_a_strip(workdir: Path, repeats: int) -> Result:
    short, long = (
        _Field(
            workdir / f"strip{tiles}",
            FieldPlan(SimDetector.IR, (tiles, 1), size=_STRIP_PIX, stars=0, products=False),
        )
        for tiles in (9, 100)
    )
    short.run()
    times = [(short.run(), long.run(), long.read_pixels()) for _ in range(repeats)]
    of_short, of_long, floor = _medians(times)
    overlaps = long.overlaps / short.overlaps
    ratio = of_long.wall_s / of_short.wall_s / overlaps
    return {
        "name": f"a strip of {long.exposures} exposures against one of {short.exposures}, "
        f"time over overlaps ({_STRIP_PIX}x{_STRIP_PIX})",
        "target": f"<= {_EXCESS}",
        "ratio": ratio,
        **by_clock(of_short, of_long, floor),
        "passed": ratio <= _EXCESS,
        "times_s": times,
        "overlaps": [short.overlaps, long.overlaps],
        "note": "small images, so that what does not depend on pixels counts most",
    }


class _Field:
    """Simulated exposures in a ledger that knows nothing of their skies yet."""

    def __init__(self, home: Path, plan: FieldPlan) -> None:
        self.directory = home / "field"
        self.exposures = plan.visit_count * plan.dithers
        self.overlaps = 0
        self._ledger = home / "ingested.sqlite"
        if not self._ledger.is_file():
            shutil.rmtree(home, ignore_errors=True)
            self._make(plan)

    def run(self) -> Spent:
        """Seconds of a run of all methods, nothing of which was measured before."""
        with self._fresh() as services:
            used = spent(lambda: self._all_methods(services))
            with services.context.store.reading() as session:
                self.overlaps = session.scalar(select(func.count()).select_from(SkyOverlap)) or 0
        return used

    def read_pixels(self) -> Spent:
        """Seconds of reading every pixel of the images and flags once."""
        images = floors.images_of(self._exposures())
        return spent(lambda: floors.read_pixels(images))

    def _exposures(self) -> list[Path]:
        return sorted(self.directory.glob("*_flt.fits"))

    def _make(self, plan: FieldPlan) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            simulate_field(self.directory, plan)
        upgrade(f"sqlite:///{self._ledger}")
        services = Services.open(f"sqlite:///{self._ledger}")
        services.ingest.ingest(self._exposures())
        services.close()

    @contextmanager
    def _fresh(self) -> Iterator[Services]:
        ledger = self._ledger.with_name("skydb.sqlite")
        for old in ledger.parent.glob(f"{ledger.name}*"):
            old.unlink()
        shutil.copyfile(self._ledger, ledger)
        services = Services.open(f"sqlite:///{ledger}")
        yield services
        services.close()

    @staticmethod
    def _all_methods(services: Services) -> None:
        rows = SkyRunService(services.context).run(COMPUTED_METHODS, mosaic=False)
        if any(row["status"] != "succeeded" for row in rows):
            raise RuntimeError(rows[0]["error"])


def _of_skypac(directory: Path) -> Spent:
    """Its calls alone, which are on one processor."""
    command = [sys.executable, "-m", "scripts.benchmarks.skypac_calls", str(directory)]
    done = subprocess.run(
        command, cwd=_REPOSITORY, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    calls_s = float(sum(json.loads(done.stdout)))
    return Spent(calls_s, calls_s)


def _medians(times: Sequence[tuple[Spent, Spent, Spent]]) -> list[Spent]:
    return [median(column) for column in zip(*times, strict=True)]
