"""The first rows of what is due are found without the others, and are the same."""

from __future__ import annotations

import pytest

from skydb.api.composition import Services
from skydb.domain.todo import TodoRule
from skydb.store import books_queries, due_queries
from skydb.store.views import due_sql, view_sql
from tests.services.bookkeeping.test_todo import seeded as seeded

pytestmark = pytest.mark.alternating


def test_the_first_rows_are_those_of_the_whole_list(
    seeded: tuple[Services, dict[str, int]],
) -> None:
    services = seeded[0]
    whole = services.todo.todo()
    for most in (1, len(whole) - 1, len(whole)):
        first, has_more = services.todo.first(most)
        assert first == whole[:most], most
        assert has_more == (most < len(whole)), most


@pytest.mark.parametrize("rule", list(TodoRule))
def test_the_first_row_of_a_rule_is_that_of_its_list(
    seeded: tuple[Services, dict[str, int]], rule: TodoRule
) -> None:
    services = seeded[0]
    whole = services.todo.todo(rule=rule)
    assert services.todo.first(1, rule=rule) == (whole[:1], len(whole) > 1)


@pytest.mark.parametrize("many", [0, 2000])
def test_parts_of_what_is_due_are_the_whole_list_of_the_view(
    seeded: tuple[Services, dict[str, int]], monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(due_queries, "_MANY_VISITS", many)
    monkeypatch.setattr(due_queries, "_FIRST", 2)
    with seeded[0].context.store.reading() as session:
        for rule in TodoRule:
            whole = books_queries.in_order(books_queries.due_in(session, {"rule": rule.value}))
            parts = [row for part in due_queries.parts_of(session, rule) for row in part]
            assert list(map(_comparable, parts)) == list(map(_comparable, whole)), rule


def _comparable(row: dict[str, object]) -> tuple[str, ...]:
    return tuple(map(str, row.values()))


@pytest.mark.parametrize("rule", list(TodoRule))
def test_of_one_rule_no_other_is_planned_but_one(rule: TodoRule) -> None:
    whole, asked = view_sql("v_todo", "postgresql"), due_sql(rule, "postgresql")
    beside = {rule, TodoRule.LEFT_RUNNING}
    for one in TodoRule:
        written = f"'{one.value}' AS rule"
        assert asked.count(written) == (whole.count(written) if one in beside else 0)
