"""The mosaics of four methods in one pass, against one AstroDrizzle run for each."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from scripts.benchmarks import floors
from scripts.benchmarks.timing import Result, by_processor, in_turns
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome
from skydb.drizzle.onepass import OnePass, OnePassMosaic
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings

_TARGET = 1 / 10
_LARGEST_DIFFERENCE = 1e-5
_PERCENTILE = 99.9


def measure(workdir: Path, repeats: int) -> Result:
    """Four AstroDrizzle runs one after the other, and one pass with the same skies.

    Parameters
    ----------
    workdir : Path
        Directory for everything; a field that is there already is taken as it is.
    repeats : int
        How often both are timed, in turns.

    Returns
    -------
    dict
        ``ratio`` of the medians, and the 99.9th percentile of the pixels' difference in
        electrons per second, the largest of the four mosaics.
    """
    exposures = full_field(workdir / "field")
    bench = Bench(exposures, workdir)
    bench.warm_up()
    reference, ours, floor = in_turns(
        *(bench.run_astrodrizzle, bench.run_one_pass, bench.run_floor), repeats=repeats
    )
    differences = {method.value: bench.difference(method) for method in COMPUTED_METHODS}
    worst = max(differences.values())
    return {
        "name": "mosaics of four methods, one pass",
        "target": "<= 1/10",
        "ratio": ours.cpu_s / reference.cpu_s,
        **by_processor(reference, ours, floor),
        "passed": ours.cpu_s / reference.cpu_s <= _TARGET and worst <= _LARGEST_DIFFERENCE,
        "p999_difference": worst,
        "p999_differences": differences,
        "weights_equal": bench.weights_are_equal(),
        "exposures": len(exposures),
        "note": "the reference is four subprocesses in turn, which measure the skies too",
    }


def full_field(directory: Path) -> list[Path]:
    """Exposures of a full-size WFC3/IR field of 3 x 3 visits, simulated when missing."""
    from skydb.simulate.field import simulate_field
    from skydb.simulate.plan import FieldPlan

    if not directory.exists():
        simulate_field(directory, FieldPlan(products=False))
    return sorted(directory.glob("*_flt.fits"))


class Bench:
    """Both ways to the four mosaics; each run replaces the files of the last."""

    def __init__(self, exposures: Sequence[Path], workdir: Path) -> None:
        self._exposures = list(exposures)
        self._workdir = workdir
        self._runner = DrizzlepacRunner()
        self._settings = AstroDrizzleSettings()
        self._reference: dict[SkyMethod, DrizzleOutcome] = {}
        self._ours: dict[SkyMethod, OnePassMosaic] = {}

    def warm_up(self) -> None:
        """One pass with skies that are made up: the first one of a machine compiles its kernel."""
        skies = {method: made_up_skies(self._exposures) for method in COMPUTED_METHODS}
        self._pass(skies)

    def run_astrodrizzle(self) -> None:
        """Drizzle four mosaics by one AstroDrizzle run each."""
        scratch = self._fresh("reference")
        self._reference = {
            method: self._drizzle(method, self._exposures, scratch / method.column)
            for method in COMPUTED_METHODS
        }

    def run_one_pass(self) -> None:
        """Drizzle the same in one pass, less the skies that AstroDrizzle found."""
        skies = {
            method: {(sky.filename, sky.extver): sky.mdrizsky for sky in outcome.skies}
            for method, outcome in self._reference.items()
        }
        self._ours = self._pass(skies)

    def _pass(
        self, skies: Mapping[SkyMethod, Mapping[tuple[str, int], float]]
    ) -> dict[SkyMethod, OnePassMosaic]:
        outputs = {method: method.column for method in COMPUTED_METHODS}
        scratch = self._fresh("onepass")
        one_pass = OnePass(self._runner)
        return one_pass.drizzle(self._exposures, skies, self._settings, scratch, outputs)

    def run_floor(self) -> None:
        """Inputs read, a multiply-add for each pixel and method, and mosaics written."""
        floors.add_pixels(floors.images_of(self._exposures), len(COMPUTED_METHODS))
        made = [path for one in self._ours.values() for path in (one.science, one.weight)]
        floors.write_bytes(self._workdir / "floor", [path.stat().st_size for path in made])

    def difference(self, method: SkyMethod) -> float:
        """99.9th percentile of the difference of both mosaics of a method, in their unit."""
        return _difference(self._reference[method].science, self._ours[method].science)

    def weights_are_equal(self) -> bool:
        """Whether all weights are AstroDrizzle's, in single precision."""
        pairs = ((self._reference[m].weight, self._ours[m].weight) for m in COMPUTED_METHODS)
        return all(
            np.allclose(fits.getdata(ours), fits.getdata(theirs), rtol=2e-6, atol=0)
            for theirs, ours in pairs
        )

    def _drizzle(
        self, method: SkyMethod, exposures: Sequence[Path], scratch: Path
    ) -> DrizzleOutcome:
        tool = AstroDrizzle(self._runner)
        return tool.drizzle(exposures, method, self._settings, scratch, method.column)

    def _fresh(self, name: str) -> Path:
        directory = self._workdir / name
        shutil.rmtree(directory, ignore_errors=True)
        return directory


def made_up_skies(exposures: Sequence[Path]) -> dict[tuple[str, int], float]:
    """A sky for every chip."""
    skies = {}
    for path in exposures:
        with fits.open(path) as hdus:
            chips = sum(hdu.name == "SCI" for hdu in hdus)
        skies |= {(path.name, chip): 0.1 * chip for chip in range(1, chips + 1)}
    return skies


def _difference(first: Path, second: Path) -> float:
    """99.9th percentile of the absolute difference of all pixels that have a value."""
    apart = np.abs(fits.getdata(first) - fits.getdata(second))
    return float(np.nanpercentile(apart, _PERCENTILE))
