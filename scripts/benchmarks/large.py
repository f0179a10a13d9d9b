"""One pass over full detectors of two chips: time against AstroDrizzle's, and its memory.

Four FLCs each of WFC3/UVIS and ACS/WFC in one visit, four methods.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from scripts.benchmarks.onepass import Bench, made_up_skies
from scripts.benchmarks.timing import Result, by_processor, in_turns
from skydb.domain.vocabulary import COMPUTED_METHODS
from skydb.drizzle.onepass import OnePass
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector

_TARGET = 1 / 7
_LARGEST_DIFFERENCE = 1e-5
_MIB, _MOST_MIB = 1024, 1024

_DETECTORS = (SimDetector.UVIS, SimDetector.WFC)


def measure(workdir: Path, repeats: int) -> list[Result]:
    """One row a detector: processor time of both ways, in turns.

    Parameters
    ----------
    workdir : Path
        Directory for everything; a field that is there already is taken as it is.
    repeats : int
        How often both are timed.
    """
    return [_measured(workdir / detector.value, detector, repeats) for detector in _DETECTORS]


def _measured(home: Path, detector: SimDetector, repeats: int) -> Result:
    if not (home / "field").exists():
        simulate_field(home / "field", FieldPlan(detector, (1, 1), 4, seed=5, products=False))
    exposures = sorted((home / "field").glob("*_fl?.fits"))
    most_mib, bench = _memory_mib(exposures, home / "memory"), Bench(exposures, home)
    reference, ours, floor = in_turns(
        *(bench.run_astrodrizzle, bench.run_one_pass, bench.run_floor), repeats=repeats
    )
    differences = {method.value: bench.difference(method) for method in COMPUTED_METHODS}
    ratio, worst = ours.cpu_s / reference.cpu_s, max(differences.values())
    is_small = most_mib <= _MOST_MIB
    return {
        "name": f"mosaics of four methods, one pass: {detector.value}, 4 full exposures",
        "target": "<= 1/7, 1 GiB",
        "ratio": ratio,
        **by_processor(reference, ours, floor),
        "passed": ratio <= _TARGET and worst <= _LARGEST_DIFFERENCE and is_small,
        "largest_process_mib": most_mib,
        "p999_differences": differences,
        "weights_equal": bench.weights_are_equal(),
        "note": "processor time; the reference is four subprocesses in turn",
    }


def _memory_mib(exposures: Sequence[Path], scratch: Path) -> float:
    """Memory of the largest process of one pass, which has no other children than its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as alone:
        return alone.submit(_largest_child_mib, exposures, scratch).result()


def _largest_child_mib(exposures: Sequence[Path], scratch: Path) -> float:
    skies = {
        method: {chip: sky + place for chip, sky in made_up_skies(exposures).items()}
        for place, method in enumerate(COMPUTED_METHODS)
    }
    outputs = {method: method.column for method in COMPUTED_METHODS}
    OnePass(DrizzlepacRunner()).drizzle(exposures, skies, AstroDrizzleSettings(), scratch, outputs)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _MIB
