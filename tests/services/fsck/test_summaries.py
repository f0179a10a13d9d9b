"""Counts of visits that are not those of their rows are found, and counted anew."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.services.fsck.problems import ProblemKind
from skydb.store import summaries
from tests.services.survey import Survey


@pytest.fixture
def counted(services_anywhere: Services) -> Services:
    """A visit of one exposure, whose counts are kept."""
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        survey.content(survey.exposure("50"))
        session.commit()
    assert summaries.renew_all(services_anywhere.context.store.engine) == 1
    return services_anywhere


def found(services: Services) -> list[str]:
    problems = services.fsck.check()
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
