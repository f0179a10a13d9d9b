"""Views and tables of counts that somebody has dropped are found, and made anew."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.services.fsck.problems import ProblemKind
from skydb.store.summaries import KEPT


def missing(services: Services) -> list[str]:
    problems = services.fsck.check()
    return [one.subject for one in problems if one.kind is ProblemKind.DATABASE]


@pytest.mark.parametrize("kind", ["table", "view"])
def test_what_was_dropped_by_hand_is_made_anew(services_anywhere: Services, kind: str) -> None:
    names = {"table": [*KEPT], "view": ["v_todo"]}[kind]
    engine = services_anywhere.context.store.engine
    with engine.begin() as connection:
        for name in names:
            cascade = "" if engine.dialect.name == "sqlite" else " CASCADE"
            connection.execute(text(f"DROP {kind} {name}{cascade}"))
    assert set(names) <= set(missing(services_anywhere))
    assert {one.repaired for one in services_anywhere.fsck.repair()} == {True}
    assert missing(services_anywhere) == []
    assert services_anywhere.fsck.check(deep=True) == []
    assert services_anywhere.todo.status() == []
