"""Names with wildcards mean the same in the database and beside it."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select

from skydb.errors import UsageError
from skydb.store.patterns import named, proposals_named, unmatched
from skydb.store.unit_of_work import Store

LETTERS = "ab0_%*?\\"
NAMES = st.text("ab0_%\\", min_size=1, max_size=4)
PATTERNS = st.text(LETTERS, min_size=1, max_size=4)


@given(st.lists(NAMES, min_size=1, max_size=5), st.lists(PATTERNS, min_size=1, max_size=3))
def test_what_is_not_matched_is_what_no_name_fits(names: list[str], patterns: list[str]) -> None:
    left = unmatched(patterns, names)
    assert left == [one for one in patterns if not any(fnmatchcase(name, one) for name in names)]


@pytest.mark.parametrize("pattern", ["a*", "?", "A_*", "%*", "a\\*", "*", "a_", "_*b", "x*"])
def test_the_database_matches_as_python_does(store: Store, pattern: str) -> None:
    names = ["a", "ab", "a_b", "axb", "%", "a\\b", "_ab", "a_"]
    with store.reading() as session:
        found = [name for name in names if session.scalar(select(named(literal(name), [pattern])))]
    assert found == [name for name in names if not unmatched([pattern], [name])]


@pytest.mark.parametrize("name", ["12a", "", "-5", "visit"])
def test_what_is_no_number_of_a_proposal_is_refused(store: Store, name: str) -> None:
    with store.reading() as session, pytest.raises(UsageError, match="Invalid proposal"):
        proposals_named(session, name)
