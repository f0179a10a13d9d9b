"""Activities of a made-up survey: their columns, and which has which number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.survey.plan import BEGUN, METHODS, SurveyPlan, first_epoch
from skydb.domain.vocabulary import ActivityKind, ActivityStatus

Ints = NDArray[np.int64]

#: The first activity brought the catalogue.
_CATALOG = 1


def ingest_ids(plan: SurveyPlan, fields: Ints) -> Ints:
    """Activities that recorded the files of each field."""
    return _CATALOG + 1 + fields


def download_ids(plan: SurveyPlan, fields: Ints) -> Ints:
    """Activities that fetched them."""
    return _CATALOG + 1 + plan.fields + fields


def fit_ids(plan: SurveyPlan, fields: Ints) -> Ints:
    """Alignment runs."""
    return _CATALOG + 1 + 2 * plan.fields + fields


def acceptance_ids(plan: SurveyPlan, fields: Ints) -> Ints:
    """Acceptances of the fits."""
    return _CATALOG + 1 + 3 * plan.fields + fields


def run_id(plan: SurveyPlan, field: int, epoch: int, method: int) -> int:
    """One sky run."""
    before = (first_epoch(field) + epoch) * len(METHODS) + method
    return _CATALOG + 1 + 4 * plan.fields + before


def activity_columns(ids: list[int], kind: ActivityKind, **more: list[Any]) -> dict[str, list[Any]]:
    """Columns of activities that succeeded, begun when the ledger was unless told otherwise."""
    n = len(ids)
    begun = more.get("started_at", [BEGUN] * n)
    return {
        "id": ids,
        "kind": [kind] * n,
        "status": [ActivityStatus.SUCCEEDED] * n,
        "agent": ["survey"] * n,
        "skydb_version": ["0.1.0"] * n,
        "parameters": [{}] * n,
        "created_at": begun,
        "started_at": begun,
        "finished_at": begun,
        **more,
    }
