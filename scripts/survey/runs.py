"""Sky runs of a made-up survey: four methods for each field and epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.survey.activities import Ints, activity_columns, run_id
from scripts.survey.plan import (
    CONDEMNED,
    EXPOSURES_PER_FIELD,
    METHODS,
    RELEASES,
    Batch,
    SurveyPlan,
    epochs_of,
    first_epoch,
)
from scripts.survey.solutions import Numbers
from skydb.domain import Activity, Finding, Mosaic, SkyRun, SkyRunGroup, SkyValue, Usage
from skydb.domain.vocabulary import (
    ActivityKind,
    Engine,
    FindingKind,
    LinkRole,
    Retention,
    SkyUnit,
)

Array = NDArray[np.float64]

#: One run in so many did another method than was asked for.
_DOWNGRADED = 199
_MATCH = METHODS.index("match")


@dataclass(frozen=True)
class _Run:
    id: int
    group: int
    field: int
    epoch: int
    method: int
    started_at: datetime

    @property
    def effective(self) -> int:
        is_downgraded = self.method == _MATCH and self.group % _DOWNGRADED == 0
        return 0 if is_downgraded else self.method

    @property
    def environment(self) -> int:
        """The release of the time; one field in a thousand had the one that was condemned."""
        if self.field % 1000 == 7:
            return CONDEMNED
        good = [number for number in range(1, RELEASES + 1) if number != CONDEMNED]
        return good[self.started_at.year % len(good)]


@dataclass
class _Values:
    """Columns of sky values, and of what each run used."""

    run_id: list[int] = field(default_factory=list)
    exposure_id: list[int] = field(default_factory=list)
    version_id: list[int] = field(default_factory=list)
    mdrizsky: list[float] = field(default_factory=list)


def run_rows(plan: SurveyPlan, fields: Ints) -> Iterator[Batch]:
    """Groups, runs, values, mosaics and findings of these fields."""
    runs = [
        _Run(
            run_id(plan, f, epoch, method),
            first_epoch(f) + epoch + 1,
            *(f, epoch, method),
            plan.run_at(f, epoch),
        )
        for f in fields.tolist()
        for epoch in range(epochs_of(f))
        for method in range(len(METHODS))
    ]
    yield from _groups(runs)
    yield from _runs(runs)
    values = _values(plan, fields, runs)
    n = len(values.run_id)
    yield (
        SkyValue,
        {**vars(values), "extver": [1] * n, "unit": [SkyUnit.ELECTRON_PER_S] * n},
    )
    used = {"activity_id": values.run_id, "version_id": values.version_id}
    yield Usage, {**used, "role": [LinkRole.SCIENCE] * n}
    yield _mosaics(runs)
    yield from _findings(runs)


def _groups(runs: Sequence[_Run]) -> Iterator[Batch]:
    first = [run for run in runs if run.method == 0]
    yield (
        SkyRunGroup,
        {
            "id": [run.group for run in first],
            "fingerprint": [_hash(f"group {run.group}") for run in first],
            "label": [f"FIELD-{run.field}, {EXPOSURES_PER_FIELD} exposures" for run in first],
        },
    )


def _runs(runs: Sequence[_Run]) -> Iterator[Batch]:
    started = [run.started_at for run in runs]
    columns = activity_columns(
        [run.id for run in runs],
        ActivityKind.SKY_RUN,
        started_at=started,
        finished_at=[moment + timedelta(seconds=40) for moment in started],
        environment_id=[run.environment for run in runs],
        tool_version=["drizzlepac 3.11.0"] * len(runs),
    )
    yield Activity, columns
    yield (
        SkyRun,
        {
            "id": [run.id for run in runs],
            "group_id": [run.group for run in runs],
            "engine": [Engine.ASTRODRIZZLE] * len(runs),
            "requested_method": [METHODS[run.method] for run in runs],
            "effective_method": [METHODS[run.effective] for run in runs],
            "downgraded": [run.effective != run.method for run in runs],
            "recipe_hash": [_hash(f"run {run.id}") for run in runs],
            "retention": [Retention.NORMAL] * len(runs),
        },
    )


def _values(plan: SurveyPlan, fields: Ints, runs: Sequence[_Run]) -> _Values:
    numbers = Numbers(plan, fields)
    levels = _levels(plan, fields)
    exposures = numbers.exposures.reshape(len(fields), EXPOSURES_PER_FIELD)
    renewed = numbers.is_renewed.reshape(exposures.shape)
    values = _Values()
    for run in runs:
        at = run.field - int(fields[0])
        newest = np.where(renewed[at], numbers.second(exposures[at]), exposures[at] + 1)
        versions = newest if run.epoch else exposures[at] + 1
        values.run_id += [run.id] * EXPOSURES_PER_FIELD
        values.exposure_id += (exposures[at] + 1).tolist()
        values.version_id += versions.tolist()
        values.mdrizsky += levels[run.effective, run.epoch, at].tolist()
    return values


def _levels(plan: SurveyPlan, fields: Ints) -> Array:
    """MDRIZSKY by method, epoch, field and exposure."""
    rng = np.random.default_rng([plan.seed, 3, int(fields[0])])
    shape = (len(fields), EXPOSURES_PER_FIELD)
    sky = rng.lognormal(0.0, 0.3, shape)
    # What a reprocessing changes: little everywhere, much in a few exposures.
    moved = np.where(rng.random((3, *shape)) < 0.01, 0.03, 0.0) + rng.normal(0, 1e-3, (3, *shape))
    moved[0] = 0.0
    level = sky + moved
    lowest = level.min(axis=2, keepdims=True)
    offset = level - lowest
    alone = level + rng.normal(0, 0.02, (3, *shape))
    return np.stack((alone, offset, offset + lowest, np.broadcast_to(lowest, offset.shape)))


def _mosaics(runs: Sequence[_Run]) -> Batch:
    n = len(runs)
    names = [f"runs/{run.id}/field_{METHODS[run.effective]}_drz" for run in runs]
    return (
        Mosaic,
        {
            "run_id": [run.id for run in runs],
            "science_path": [f"{name}_sci.fits" for name in names],
            "weight_path": [f"{name}_wht.fits" for name in names],
            "science_sha256": [_hash(f"{name} science") for name in names],
            "weight_sha256": [_hash(f"{name} weight") for name in names],
            "naxis1_pix": [3243] * n,
            "naxis2_pix": [3348] * n,
            "size_bytes": [86_000_000] * n,
        },
    )


def _findings(runs: Sequence[_Run]) -> Iterator[Batch]:
    downgraded = [run for run in runs if run.effective != run.method]
    if downgraded:
        columns: dict[str, list[Any]] = {
            "activity_id": [run.id for run in downgraded],
            "kind": [FindingKind.DOWNGRADED] * len(downgraded),
            "subject": [f"run {run.id}" for run in downgraded],
            "message": ["match was asked for, localmin is what ran."] * len(downgraded),
            "noticed_at": [run.started_at for run in downgraded],
        }
        yield Finding, columns


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
