"""Counts of visits that are not those of their rows are found, and counted anew."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from skydb.api.composition import Services
from skydb.domain import ProductVersion
from skydb.domain.vocabulary import SkyMethod
from skydb.services.fsck import summaries as check
from skydb.services.fsck.problems import ProblemKind
from skydb.store import summaries
from tests.services.survey import Survey

pytestmark = pytest.mark.alternating


@pytest.fixture
def counted(services_anywhere: Services) -> Services:
    """A visit of one exposure, whose counts are kept."""
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        survey.content(survey.exposure("50"))
        session.commit()
    assert summaries.renew_all(services_anywhere.context.store.engine) == 1
    return services_anywhere


def found(services: Services, *, deep: bool = False) -> list[str]:
    problems = services.fsck.check(deep=deep)
    return [problem.subject for problem in problems if problem.kind is ProblemKind.SUMMARY]


def test_a_wrong_count_is_found_and_put_right(counted: Services) -> None:
    assert found(counted) == []
    with counted.context.store.engine.begin() as connection:
        connection.execute(text("UPDATE visit_summaries SET exposures = 7"))
    assert [row["exposures"] for row in counted.todo.status()] == [7]
    assert found(counted) == ["visit bxl50"]
    tried = [one for one in counted.fsck.repair() if one.kind is ProblemKind.SUMMARY]
    assert [one.repaired for one in tried] == [True]
    assert found(counted) == []
    assert [row["exposures"] for row in counted.todo.status()] == [1]


def test_triggers_that_are_gone_are_made_again_and_all_is_counted(counted: Services) -> None:
    engine = counted.context.store.engine
    with engine.begin() as connection:
        for name in ("changed_by_update_exposures", "changed_by_insert_exposures"):
            table = "" if engine.dialect.name == "sqlite" else " ON exposures"
            connection.execute(text(f"DROP TRIGGER {name}{table}"))
        connection.execute(text("UPDATE exposures SET known_from = 'log'"))
    assert [row["logged"] for row in counted.todo.status()] == [0]
    assert found(counted) == [
        "trigger changed_by_insert_exposures",
        "trigger changed_by_update_exposures",
        "visit bxl50",
    ]
    counted.fsck.repair()
    assert found(counted) == []
    assert [row["logged"] for row in counted.todo.status()] == [1]


def test_of_many_visits_each_day_has_its_part_and_deep_has_all(
    services_anywhere: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = services_anywhere.context.store.engine
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        for visit in ("50", "51", "52"):
            survey.content(survey.exposure(visit))
        session.commit()
    summaries.renew_all(engine)
    monkeypatch.setattr(check, "_ALL", 2)
    monkeypatch.setattr(check, "_PART", 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE visit_summaries SET flags = 7"))
    days = []
    for day in range(3):
        monkeypatch.setattr(check, "today", lambda day=day: date(2026, 1, 1 + day))
        days += found(services_anywhere)
    assert sorted(days) == found(services_anywhere, deep=True)
    assert sorted(days) == ["visit bxl50", "visit bxl51", "visit bxl52"]


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE visit_summaries SET exposures = 7",
        "DELETE FROM visit_summaries",
        "UPDATE visit_summaries SET visit_id = 77",
    ],
)
def test_each_visit_has_a_summary_with_the_number_of_its_exposures(
    counted: Services, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(check.Summaries, "_firsts", lambda _self, _last: ())
    with counted.context.store.engine.begin() as connection:
        connection.execute(text(how))
    assert "visit bxl50" in found(counted)


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE visit_skies SET unit = 'electron'",
        "DELETE FROM visit_skies",
        "INSERT INTO visit_skies SELECT * FROM visit_skies",
        "UPDATE visit_skies SET visit_id = 77",
    ],
)
def test_kept_skies_that_are_wrong_are_found_and_put_right(counted: Services, how: str) -> None:
    engine = counted.context.store.engine
    with counted.context.store.writing() as session:
        survey = Survey(session)
        version = session.scalars(select(ProductVersion)).one()
        survey.sky([version], SkyMethod.LOCALMIN)
        session.commit()
    summaries.renew_all(engine)
    assert found(counted, deep=True) == []
    with engine.begin() as connection:
        connection.execute(text(how))
    assert found(counted, deep=True)[:1] == ["visit bxl50"] or "77" in how
    assert found(counted, deep=True) != []
    counted.fsck.repair()
    assert found(counted, deep=True) == []
