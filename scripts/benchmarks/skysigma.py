"""Whether the errors of skies are right: pulls of ``match`` against the skies put in.

The pull of a difference is what it is off by over its standard deviation. Pulls of one field
are not independent, so that a few fields have a width of their own; chi, the root of the chi
square of all offsets of a field with their covariances over the degrees of freedom, is 1 but for
its error, if the sigmas are right. ``match`` tells
skies up to one constant, which is taken off by looking at differences only: of every
exposure from the one at zero, whose sigma is what a ledger has, and of all pairs of
exposures, which do not all share the noise of one of them. The headers point where the
exposures did: what a wrong alignment does beside a nebula is no matter of noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.simulated import simulated_ledger
from scripts.benchmarks.timing import Result
from skydb.api.composition import Services
from skydb.domain.vocabulary import SkyMethod
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.store import overlap_queries

_FIELDS = 20
_WIDTH, _MEDIAN = (0.8, 1.25), 0.2
_MAD_TO_SIGMA = 1.4826
_KINDS = (FieldKind.SPARSE, FieldKind.NEBULA, FieldKind.CROWDED)
_SIZE_PIX = {SimDetector.IR: 192, SimDetector.UVIS: 256, SimDetector.WFC: 256}


@dataclass(frozen=True)
class FieldPulls:
    """Pulls of one field: of what the ledger has, and of all pairs of exposures.

    Parameters
    ----------
    plan : FieldPlan
    stored, pairs : tuple of float
    chi_square, freedom : float, int
        Of the offsets with their covariances, and their degrees of freedom.
    """

    plan: FieldPlan
    stored: tuple[float, ...]
    pairs: tuple[float, ...]
    chi_square: float
    freedom: int


@dataclass(frozen=True)
class Pulls:
    """How pulls are spread.

    Parameters
    ----------
    median, width : float
        The width is 1.4826 times the median distance from the median.
    count : int
        How many they are.
    """

    median: float
    width: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Pulls:
        """Median and width of some pulls."""
        found = np.array(list(values))
        median = float(np.median(found))
        return cls(median, float(_MAD_TO_SIGMA * np.median(np.abs(found - median))), found.size)

    @property
    def is_calibrated(self) -> bool:
        """Whether sigmas are neither too small nor too large, and nothing is shifted."""
        return _WIDTH[0] <= self.width <= _WIDTH[1] and abs(self.median) < _MEDIAN


def measure(workdir: Path, repeats: int) -> list[Result]:
    """Pulls of 20 fields: all detectors and kinds of field in turn, each with a seed of its own."""
    kinds = [(detector, kind) for detector in SimDetector for kind in _KINDS]
    plans = [plan_of(*kinds[n % len(kinds)], seed=n + 1) for n in range(_FIELDS)]
    found = [pulls_of(workdir / str(plan.seed), plan) for plan in plans]
    _show(found, kinds)
    return [_result(found)]


def plan_of(
    detector: SimDetector,
    kind: FieldKind,
    seed: int,
    tiles: tuple[int, int] = (3, 2),
    size: int | None = None,
) -> FieldPlan:
    """A small field that is aligned already."""
    return FieldPlan(
        detector,
        tiles,
        size=size or _SIZE_PIX[detector],
        seed=seed,
        kind=kind,
        products=False,
        one_frame=True,
        pointing_error_arcsec=(0.0, 0.0),
        roll_error_deg=0.0,
    )


def pulls_of(directory: Path, plan: FieldPlan) -> FieldPulls:
    """Simulate a field, run ``match`` in a ledger of its own, and compare with the truth."""
    with simulated_ledger(directory, plan) as (services, truth):
        (row,) = SkyRunService(services.context).run((SkyMethod.MATCH,), mosaic=False)
        pairs, chi_square, freedom = _offsets(services, row["run"], truth)
        return FieldPulls(plan, _stored(row, truth), pairs, chi_square, freedom)


def _stored(row: dict, truth: FieldTruth) -> tuple[float, ...]:
    """Of the values of a run against that at zero, one an exposure."""
    values = {v["rootname"]: (v["mdrizsky"], v["mdrizsky_sigma"]) for v in row["values"]}
    zero = min(values, key=lambda name: values[name][0])
    sky = {one.rootname: one.sky - truth.exposure(zero).sky for one in truth.exposures}
    return tuple(
        (value - sky[name]) / sigma for name, (value, sigma) in values.items() if name != zero
    )


def _offsets(
    services: Services, run_id: int, truth: FieldTruth
) -> tuple[tuple[float, ...], float, int]:
    """Pulls of all pairs of exposures, the later less the earlier; chi square and freedom."""
    with services.context.store.reading() as session:
        versions = overlap_queries.measured_versions(overlap_queries.audited_run(session, run_id))
    measures = MeasureOverlaps(services.context).ensure(versions)
    per_brightness = 1 / measures.chips[0].brightness_per_unit
    pulls, chi_square, freedom = list[float](), 0.0, 0
    for island in measures.matches:
        names = sorted(island.offsets)
        sky = np.array([truth.exposure(name).sky for name in names])
        off = np.array([island.offsets[name] for name in names]) * per_brightness - sky
        told = [island.sigmas(name) for name in names]
        sigmas = np.array([[one[name] for name in names] for one in told]) * per_brightness
        pulls += [(off[j] - off[i]) / sigmas[i, j] for i, j in combinations(range(len(names)), 2)]
        apart, variances = off[1:] - off[0], sigmas**2
        covariance = (variances[0, 1:, None] + variances[0, None, 1:] - variances[1:, 1:]) / 2
        chi_square += float(apart @ np.linalg.solve(covariance, apart))
        freedom += apart.size
    return tuple(pulls), chi_square, freedom


def _both(found: Sequence[FieldPulls]) -> list[tuple[str, Pulls]]:
    return [
        ("pulls of all pairs of exposures", Pulls.of(p for one in found for p in one.pairs)),
        ("pulls of values against that at zero", Pulls.of(p for one in found for p in one.stored)),
    ]


def _result(found: Sequence[FieldPulls]) -> Result:
    pulls, stored = (pulls for _, pulls in _both(found))
    return {
        "name": f"pulls of all pairs of exposures, {_FIELDS} fields",
        "target": f"{_WIDTH[0]}-{_WIDTH[1]}, median within {_MEDIAN}",
        "ratio": pulls.width,
        "median_pull": pulls.median,
        "pulls": pulls.count,
        "values_width": stored.width,
        "values_median": stored.median,
        "passed": pulls.is_calibrated,
        "note": "the ratio is the robust width of the pulls of `match`; values share the noise "
        "of the one at zero, and are told for what they are",
    }


def _show(found: Sequence[FieldPulls], kinds: Sequence[tuple[SimDetector, FieldKind]]) -> None:
    table = Table(
        *("detector", "field", "pulls", "median", "width", "of values", "median", "width", "chi")
    )
    for detector, kind in kinds:
        same = [one for one in found if (one.plan.detector, one.plan.kind) == (detector, kind)]
        table.add_row(
            detector, kind, *(cell for _, p in _both(same) for cell in _cells(p)), _chi(same)
        )
    table.add_row("all", "all", *(cell for _, p in _both(found) for cell in _cells(p)), _chi(found))
    Console().print(table)


def _cells(pulls: Pulls) -> tuple[str, str, str]:
    return str(pulls.count), f"{pulls.median:+.2f}", f"{pulls.width:.2f}"


def _chi(found: Sequence[FieldPulls]) -> str:
    """Root of the chi square over the degrees of freedom, and its error."""
    freedom = sum(one.freedom for one in found)
    chi = (sum(one.chi_square for one in found) / freedom) ** 0.5
    return f"{chi:.2f} +- {chi / (2 * freedom) ** 0.5:.2f}"
