"""Mosaics of four methods without cosmic rays in one pass, against four AstroDrizzle runs."""

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
from skydb.drizzle.crmasks import read_masks
from skydb.drizzle.onepass import OnePass, OnePassMosaic
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector

_TARGET = 1 / 2.5
#: Part of the pixels whose masks may differ.
_DIFFERENT = 1e-5
_PERCENTILE = 99.9
#: 18 full exposures of nine visits, and six of one visit: what a mosaic of each is made of.
#: UVIS has a quarter of its pixels, which favours no side: the larger, the less is overhead.
_PLANS: Mapping[str, FieldPlan] = {
    "UVIS, 6 exposures of 2048x2048": FieldPlan(
        *(SimDetector.UVIS, (1, 1), 6, 2048, 3),
        **{"products": False, "cosmic_rays": True, "pointing_error_arcsec": (0.0, 0.0)},
    ),
    "IR, 18 exposures": FieldPlan(
        SimDetector.IR,
        seed=3,
        **{"products": False, "cosmic_rays": True, "pointing_error_arcsec": (0.0, 0.0)},
        exptime_s=2800.0,
    ),
}


def measure(workdir: Path, repeats: int) -> list[Result]:
    """One row a detector: processor time of both ways, in turns.

    Parameters
    ----------
    workdir : Path
        Directory for everything; a field that is there already is taken as it is.
    repeats : int
        How often both are timed.
    """
    return [
        _Bench(workdir / str(plan.detector), plan).measure(name, repeats)
        for name, plan in _PLANS.items()
    ]


class _Bench:
    """Both ways to the four mosaics; each run replaces the files of the last."""

    def __init__(self, home: Path, plan: FieldPlan) -> None:
        self._home = home
        if not (home / "field").exists():
            simulate_field(home / "field", plan)
        self._exposures = sorted((home / "field").glob("*_fl?.fits"))
        self._settings = AstroDrizzleSettings(reject_cosmic_rays=True)
        self._reference: dict[SkyMethod, DrizzleOutcome] = {}
        self._ours: dict[SkyMethod, OnePassMosaic] = {}

    def measure(self, name: str, repeats: int) -> Result:
        reference, ours, floor = in_turns(
            *(self._run_astrodrizzle, self._run_one_pass, self._run_floor), repeats=repeats
        )
        different = {method.value: self._different(method) for method in COMPUTED_METHODS}
        ratio, worst = ours.cpu_s / reference.cpu_s, max(different.values())
        return {
            "name": f"four methods without cosmic rays, one pass: {name}",
            "target": "<= 1/2.5",
            "ratio": ratio,
            **by_processor(reference, ours, floor),
            "passed": ratio <= _TARGET and worst <= _DIFFERENT,
            "masks_different": different,
            "p999_differences": {one.value: self._apart(one) for one in COMPUTED_METHODS},
            "exposures": len(self._exposures),
            "note": "processor time; the reference measures the skies too",
        }

    def _run_astrodrizzle(self) -> None:
        scratch, tool = self._fresh("reference"), AstroDrizzle(DrizzlepacRunner())
        self._reference = {
            method: tool.drizzle(
                self._exposures, method, self._settings, scratch / method.column, method.column
            )
            for method in COMPUTED_METHODS
        }

    def _run_one_pass(self) -> None:
        skies = {
            method: {(sky.filename, sky.extver): sky.mdrizsky for sky in outcome.skies}
            for method, outcome in self._reference.items()
        }
        outputs = {method: method.column for method in COMPUTED_METHODS}
        one_pass, scratch = OnePass(DrizzlepacRunner()), self._fresh("onepass")
        self._ours = one_pass.drizzle(self._exposures, skies, self._settings, scratch, outputs)

    def _run_floor(self) -> None:
        """Inputs read, a multiply-add for each pixel alone and in each mosaic, and all written."""
        floors.add_pixels(floors.images_of(self._exposures), 1 + len(COMPUTED_METHODS))
        made = [
            path
            for one in self._ours.values()
            for path in (one.science, one.weight, one.mask_file)
            if path is not None
        ]
        floors.write_bytes(self._home / "floor", [path.stat().st_size for path in made])

    def _different(self, method: SkyMethod) -> float:
        """Part of the pixels that only one of both masks."""
        theirs, ours = (
            _masks(made.mask_file) for made in (self._reference[method], self._ours[method])
        )
        apart = sum(int(np.sum(one ^ other)) for one, other in zip(theirs, ours, strict=True))
        return apart / sum(one.size for one in theirs)

    def _apart(self, method: SkyMethod) -> float:
        """99.9th percentile of the absolute difference of all pixels that have a value."""
        theirs, ours = (
            fits.getdata(made.science) for made in (self._reference[method], self._ours[method])
        )
        return float(np.nanpercentile(np.abs(theirs - ours), _PERCENTILE))

    def _fresh(self, name: str) -> Path:
        directory = self._home / name
        shutil.rmtree(directory, ignore_errors=True)
        return directory


def _masks(path: Path | None) -> Sequence[np.ndarray]:
    if path is None:
        raise RuntimeError("there are no masks")
    found = read_masks(path)
    return [found[chip] for chip in sorted(found)]
