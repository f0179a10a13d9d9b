"""The first rows of what is due are found without the others, and are the same."""

from __future__ import annotations

import pytest

from skydb.api.composition import Services
from skydb.domain.todo import TodoRule
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
