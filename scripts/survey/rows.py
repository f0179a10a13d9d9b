"""Rows of a made-up survey, batch by batch, in an order that satisfies every reference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scripts.survey.activities import activity_columns
from scripts.survey.files import file_rows
from scripts.survey.plan import BEGUN, CONDEMNED, Batch, SurveyPlan
from scripts.survey.runs import run_rows
from skydb.domain import CatalogImport, CatalogService, Environment, ReferenceCatalog
from skydb.domain.vocabulary import ActivityKind, Verdict

_RELEASES = ("2.2.6", "3.1.8", "3.2.1", "3.5.0", "3.6.2", "3.9.0", "3.10.0", "3.11.0")


def survey_rows(plan: SurveyPlan) -> Iterator[Batch]:
    """Everything that the ledger of the survey holds.

    Yields
    ------
    (entity, columns)
        Rows to be appended, column by column, with their keys.
    """
    yield from _beginnings()
    for first in range(0, plan.fields, plan.fields_per_batch):
        fields: NDArray[np.int64] = np.arange(
            first, min(first + plan.fields_per_batch, plan.fields)
        )
        yield from file_rows(plan, fields)
        yield from run_rows(plan, fields)


def _beginnings() -> Iterator[Batch]:
    """Environments, and the one catalogue that everything is aligned to."""
    numbers = range(1, len(_RELEASES) + 1)
    packages = [{"drizzlepac": release, "stsci.skypac": "1.0.12"} for release in _RELEASES]
    verdicts = [Verdict.FAILED if n == CONDEMNED else Verdict.PASSED for n in numbers]
    yield (
        Environment,
        {
            "id": list(numbers),
            "fingerprint": [
                Environment.fingerprint_of("3.11.7", "Linux x86_64", one) for one in packages
            ],
            "python_version": ["3.11.7"] * len(packages),
            "platform": ["Linux x86_64"] * len(packages),
            "packages": packages,
            "verdict": verdicts,
            "first_seen_at": [BEGUN + timedelta(days=300 * n) for n in numbers],
        },
    )
    yield CatalogImport, activity_columns([1], ActivityKind.CATALOG)
    yield (
        ReferenceCatalog,
        {
            "id": [1],
            "activity_id": [1],
            "name": ["gaiadr3"],
            "service": [CatalogService.GAIA],
            "query": [{}],
            "sources": [1_000_000],
            "epoch": [2016.0],
            "has_proper_motions": [True],
            "sha256": ["0" * 64],
            "path": ["catalogs/gaiadr3.ecsv"],
            "obtained_at": [BEGUN],
        },
    )
