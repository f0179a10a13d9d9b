"""Solutions of a made-up survey, and the numbers of what they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.survey.activities import Ints, acceptance_ids, fit_ids, ingest_ids
from scripts.survey.plan import (
    BEGUN,
    EXPOSURES_PER_FIELD,
    EXPOSURES_PER_VISIT,
    VISITS_PER_FIELD,
    Batch,
    SurveyPlan,
)
from skydb.domain import AlignmentSolution
from skydb.domain.vocabulary import SolutionOrigin, SolutionStatus, WcsKind

_APRIORI = "IDC_u7n18501i-GSC240"
_PLAIN = "IDC_u7n18501i"
_FITTED = "IDC_u7n18501i-FIT_SKYDB_gaiadr3"
_AGAIN = "IDC_w3m18525i-GSC240"


@dataclass(frozen=True)
class Numbers:
    """Which rows the exposures and visits of some fields have, counted from 0 or as keys.

    The keys follow from the number of an exposure or visit, with gaps where a field has no
    second content.
    """

    plan: SurveyPlan
    fields: Ints

    @cached_property
    def exposures(self) -> Ints:
        """All exposures of the fields."""
        first = self.fields[0] * EXPOSURES_PER_FIELD
        return np.arange(first, (self.fields[-1] + 1) * EXPOSURES_PER_FIELD)

    @cached_property
    def visits(self) -> Ints:
        """All visits of the fields."""
        first = self.fields[0] * VISITS_PER_FIELD
        return np.arange(first, (self.fields[-1] + 1) * VISITS_PER_FIELD)

    @property
    def field_of_exposures(self) -> Ints:
        """Field of every exposure."""
        return self.exposures // EXPOSURES_PER_FIELD

    @property
    def total(self) -> int:
        """Exposures of the whole survey."""
        return self.plan.fields * EXPOSURES_PER_FIELD

    @property
    def drizzled(self) -> Ints:
        """Products, and first contents, of the visits."""
        return self.total + self.visits + 1

    @property
    def is_aligned(self) -> NDArray[np.bool_]:
        """Whether each exposure was aligned."""
        return np.asarray(self.field_of_exposures % 2 == 0)

    @cached_property
    def aligned_exposures(self) -> frozenset[int]:
        """Numbers of the exposures that were aligned."""
        return frozenset(self.exposures[self.is_aligned].tolist())

    @property
    def is_renewed(self) -> NDArray[np.bool_]:
        """Whether each exposure has a second content."""
        return np.asarray(self.is_aligned | (self.field_of_exposures % 10 == 1))

    def second(self, exposures: Ints) -> Ints:
        """Second contents of exposures."""
        return self.total + self.plan.visits + exposures + 1

    def contents(self) -> Iterator[tuple[int, Ints, Ints, Ints]]:
        """Number, products, versions and activities of all contents, the first ones first."""
        fields = self.field_of_exposures
        ingested = ingest_ids(self.plan, fields)
        yield 1, self.exposures + 1, self.exposures + 1, ingested
        of_visits = ingest_ids(self.plan, self.visits // VISITS_PER_FIELD)
        yield 1, self.drizzled, self.drizzled, of_visits
        for chosen, activities in (
            (self.is_aligned, acceptance_ids(self.plan, fields)),
            (self.is_renewed & ~self.is_aligned, ingested),
        ):
            renewed = self.exposures[chosen]
            yield 2, renewed + 1, self.second(renewed), activities[chosen]

    def chip_solutions(self) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        """Solutions that have a chip, the exposure of each, and whether it is a primary WCS."""
        renewed = self.exposures[self.is_renewed]
        fits = 4 * self.total + 2 * self.visits
        groups = [
            (4 * self.exposures + 1, self.exposures, True),
            (4 * self.exposures + 2, self.exposures, False),
            (4 * renewed + 3, renewed, True),
            (4 * renewed + 4, renewed, False),
            (fits + 1, self.visits * EXPOSURES_PER_VISIT, True),
        ]
        ids, exposures, primary = zip(*groups, strict=True)
        flags = [np.full(len(group), flag) for group, flag in zip(ids, primary, strict=True)]
        return np.concatenate(ids), np.concatenate(exposures), np.concatenate(flags)


def solution_rows(numbers: Numbers) -> Iterator[Batch]:
    """Solutions of first and second contents of the exposures, then of the products."""
    # A solution that takes the place of another one must be there first.
    for again in (True, False):
        yield from _of_exposures(numbers, again=again)
    yield from _of_products(numbers)


def _of_exposures(numbers: Numbers, *, again: bool) -> Iterator[Batch]:
    chosen = numbers.is_renewed if again else np.ones(len(numbers.exposures), dtype=bool)
    exposures, aligned = numbers.exposures[chosen], (numbers.is_aligned & again)[chosen]
    fields = numbers.field_of_exposures[chosen]
    found = ingest_ids(numbers.plan, fields)
    activities = np.where(aligned, acceptance_ids(numbers.plan, fields), found)
    versions = numbers.second(exposures) if again else exposures + 1
    later = numbers.is_renewed & (not again)
    for offset, key in ((1, " "), (2, "A")):
        is_fit = aligned & (key == " ")
        names = np.where(is_fit, _FITTED, _AGAIN if again else _APRIORI)
        superseded = np.where(later[chosen] & (key == " "), 4 * exposures + 3, 0)
        yield (
            AlignmentSolution,
            _solutions(
                (4 * exposures + offset + 2 * again).tolist(),
                (exposures + 1).tolist(),
                versions.tolist(),
                activities.tolist(),
                (names if key == " " else np.full(len(names), _PLAIN)).tolist(),
                key,
                _times(numbers, fields, is_fit),
                superseded.tolist(),
            ),
        )


def _times(numbers: Numbers, fields: Ints, is_fit: NDArray[np.bool_]) -> list[datetime | None]:
    """When a fit was made, for solutions that are one."""
    return [
        numbers.plan.fitted_at(field) if fit else None
        for field, fit in zip(fields.tolist(), is_fit.tolist(), strict=True)
    ]


def _solutions(
    ids: list[int],
    products: list[int],
    versions: list[int],
    activities: list[int],
    names: list[str],
    key: str,
    applied: list[datetime | None],
    superseded: list[int],
) -> dict[str, list[Any]]:
    n, fits = len(ids), [moment is not None for moment in applied]
    return {
        "id": ids,
        "product_id": products,
        "version_id": versions,
        "activity_id": activities,
        "catalog_id": [1 if fit else None for fit in fits],
        "superseded_by_id": [other or None for other in superseded],
        "origin": [SolutionOrigin.TWEAKBACK if f else SolutionOrigin.ARCHIVE for f in fits],
        "status": [SolutionStatus.APPLIED if f else SolutionStatus.RECORDED for f in fits],
        "wcs_key": [key] * n,
        "wcs_name": names,
        "wcs_kind": [WcsKind.FIT if f else WcsKind.A_PRIORI for f in fits],
        "distortion": ["u7n18501i"] * n,
        "recorded_at": [BEGUN] * n,
        "fitted_at": applied,
        "applied_at": applied,
        "residual_mas": [0.1 if f else None for f in fits],
        "trust": [0.9 if f else None for f in fits],
    }


def _of_products(numbers: Numbers) -> Iterator[Batch]:
    """The WCS that each product came with, and the fit to it; one of 25 failed."""
    visits, n = numbers.visits, len(numbers.visits)
    fields = visits // VISITS_PER_FIELD
    ids = 4 * numbers.total + 2 * visits
    products = numbers.drizzled.tolist()
    yield (
        AlignmentSolution,
        _solutions(
            (ids + 1).tolist(),
            products,
            products,
            ingest_ids(numbers.plan, fields).tolist(),
            [_APRIORI] * n,
            " ",
            [None] * n,
            [0] * n,
        ),
    )
    yield AlignmentSolution, _fits(numbers, ids.tolist())


def _fits(numbers: Numbers, ids: list[int]) -> dict[str, list[Any]]:
    """Fits to the products, of which one in 25 failed."""
    visits, n = numbers.visits, len(numbers.visits)
    fields = visits // VISITS_PER_FIELD
    products = numbers.drizzled.tolist()
    rng = np.random.default_rng([numbers.plan.seed, 2, int(fields[0])])
    failed = (visits % 25 == 3).tolist()
    aligned = (fields % 2 == 0).tolist()
    good = [f"{SolutionStatus.APPLIED if one else SolutionStatus.REJECTED}" for one in aligned]
    rms = rng.gamma(4.0, 2.5, (n, 2)).tolist()
    later = [numbers.plan.fitted_at(field) for field in fields.tolist()]
    return {
        "id": [number + 2 for number in ids],
        "product_id": products,
        "version_id": products,
        "activity_id": fit_ids(numbers.plan, fields).tolist(),
        "catalog_id": [1] * n,
        "origin": [SolutionOrigin.TWEAKREG] * n,
        "status": [
            SolutionStatus.FAILED if bad else status
            for bad, status in zip(failed, good, strict=True)
        ],
        "reason": ["Not enough matches" if bad else None for bad in failed],
        "wcs_name": [_FITTED] * n,
        "wcs_kind": [WcsKind.FIT] * n,
        "distortion": ["u7n18501i"] * n,
        "recorded_at": later,
        "fitted_at": later,
        "applied_at": [moment if one else None for one, moment in zip(aligned, later, strict=True)],
        "nmatches": [
            None if bad else count
            for bad, count in zip(failed, rng.integers(3, 200, n).tolist(), strict=True)
        ],
        "rms_ra_mas": [None if bad else one[0] for bad, one in zip(failed, rms, strict=True)],
        "rms_dec_mas": [None if bad else one[1] for bad, one in zip(failed, rms, strict=True)],
        "fit_geometry": ["rscale"] * n,
        "trust": [0.0 if bad else 0.9 for bad in failed],
    }
