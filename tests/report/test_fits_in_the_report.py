"""Fits and shifts of a field, as the report lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution
from skydb.domain.values import Realised
from skydb.domain.vocabulary import SolutionStatus
from skydb.report.columns import FITS, with_reasons
from skydb.store import queries
from skydb.store.engine import open_engine, resolve_url
from tests.services.survey import Survey


def test_a_fit_has_the_reason_for_none_or_for_its_trust() -> None:
    failed: dict[str, Any] = {"reason": "no match", "trust_reason": None}
    weak: dict[str, Any] = {"reason": None, "trust_reason": "153 mas off"}
    assert [row["why"] for row in with_reasons([failed, weak])] == ["no match", "153 mas off"]
    assert "why" in {column.name for column in FITS}


def _applied(survey: Survey) -> AlignmentSolution:
    content = survey.content(survey.exposure("50"))
    fit = survey.fit(content, survey.catalog("gaia"))
    fit.verify(Realised(50.0, 50.1, 0.1))
    fit.status = SolutionStatus.APPLIED
    fit.applied_version = survey.align(content, survey.catalog("other"))
    survey.session.flush()
    return fit


def test_an_exposure_that_was_fitted_by_itself_is_among_the_shifts(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    engine = open_engine(resolve_url(sqlite_ledger_url))
    with Session(engine) as session:
        fit = _applied(Survey(session))
        (row,) = queries.accepted(session, fit.activity_id)
        assert row["version"] == fit.applied_version.number != fit.version.number
    engine.dispose()
    assert (row["rootname"], row["predicted_shift_mas"]) == ("ibxl5001q", 50.0)
