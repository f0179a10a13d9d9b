"""Passes of a batch of small fields, forked from one process, against passes started one by one."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.benchmarks import floors
from scripts.benchmarks.onepass import made_up_skies
from scripts.benchmarks.timing import Result, by_processor, in_turns
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.drizzle.onepass import OnePass, OnePassMosaic
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings

_TARGET = 0.7
_FIELDS = 8
_SIZE = 128


def measure(workdir: Path, repeats: int) -> Result:
    """Eight times one field of two exposures, as fields of a batch and each by itself.

    Parameters
    ----------
    workdir : Path
        Directory for everything; a field that is there already is taken as it is.
    repeats : int
        How often both are timed, in turns.

    Returns
    -------
    dict
        ``ratio`` of the medians, and whether all mosaics are equal, byte for byte.
    """
    batch = _Batch(small_field(workdir / "field"), workdir)
    batch.run_started(1)
    started, forked, floor = in_turns(
        batch.run_started, batch.run_forked, batch.run_floor, repeats=repeats
    )
    ratio = forked.cpu_s / started.cpu_s
    return {
        "name": f"mosaics of {_FIELDS} fields of two small exposures, a batch",
        "target": f"<= {_TARGET} x",
        "ratio": ratio,
        **by_processor(started, forked, floor),
        "passed": ratio <= _TARGET and batch.is_equal(),
        "mosaics_equal": batch.is_equal(),
        "note": "the reference is a process for each field that imports drizzlepac itself",
    }


def small_field(directory: Path) -> list[Path]:
    """Two exposures of 128 x 128 pixels, simulated when missing."""
    from skydb.simulate.field import simulate_field
    from skydb.simulate.plan import FieldPlan

    if not directory.exists():
        plan = FieldPlan(tiles=(1, 1), dithers=2, size=_SIZE, products=False)
        simulate_field(directory, plan)
    return sorted(directory.glob("*_flt.fits"))


class _Batch:
    """Both ways to the mosaics of all fields."""

    def __init__(self, exposures: list[Path], workdir: Path) -> None:
        self._exposures = exposures
        self._workdir = workdir
        self._skies = {method: made_up_skies(exposures) for method in COMPUTED_METHODS}
        self._runner = DrizzlepacRunner()
        self._made: dict[str, list[dict[SkyMethod, OnePassMosaic]]] = {}

    def run_started(self, fields: int = _FIELDS) -> None:
        """Start a process for each field."""
        self._made["started"] = [self._pass("started", number) for number in range(fields)]

    def run_forked(self) -> None:
        """Fork the same from one process, which is started for them and ends with them."""
        with self._runner.kept_warm():
            self._made["forked"] = [self._pass("forked", number) for number in range(_FIELDS)]

    def run_floor(self) -> None:
        """Inputs read, a multiply-add for each pixel and method, and mosaics written."""
        for mosaics in self._made["forked"]:
            floors.add_pixels(floors.images_of(self._exposures), len(COMPUTED_METHODS))
            made = [path for one in mosaics.values() for path in (one.science, one.weight)]
            floors.write_bytes(self._workdir / "floor", [path.stat().st_size for path in made])

    def is_equal(self) -> bool:
        """Whether the mosaics of both ways have the same bytes."""
        started, forked = (list(map(_bytes, self._made[way])) for way in ("started", "forked"))
        return started == forked

    def _pass(self, way: str, number: int) -> dict[SkyMethod, OnePassMosaic]:
        scratch = self._workdir / way / str(number)
        shutil.rmtree(scratch, ignore_errors=True)
        outputs = {method: method.column for method in COMPUTED_METHODS}
        settings = AstroDrizzleSettings()
        return OnePass(self._runner).drizzle(
            self._exposures, self._skies, settings, scratch, outputs
        )


def _bytes(mosaics: dict[SkyMethod, OnePassMosaic]) -> list[bytes]:
    return [path.read_bytes() for one in mosaics.values() for path in (one.science, one.weight)]
