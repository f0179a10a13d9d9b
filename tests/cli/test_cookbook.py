"""docs/sql-cookbook.md: every question is answered, with the answer that stands below it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from skydb.store.cookbook import questions
from skydb.store.engine import open_engine, resolve_url
from skydb.store.readonly import ask
from skydb.store.unit_of_work import Store
from tests.conftest import REPOSITORY
from tests.cookbook import Cookbook

DOCUMENT = (REPOSITORY / "docs" / "sql-cookbook.md").read_text(encoding="utf-8")
_RECIPE = re.compile(
    r"^## (\d+)\. .*?```sql\n(.*?)```\n\n((?:\|[^\n]*\n)+)", flags=re.DOTALL | re.MULTILINE
)
RECIPES = [
    (int(number), sql, [line.strip("| ").split(" | ") for line in table.splitlines()])
    for number, sql, table in _RECIPE.findall(DOCUMENT)
]

#: Indexes that make the first cut of each recipe, by its number: SQLite's own names.
INDEXES = {
    1: "ix_visits_proposal_id", 2: "ix_visits_proposal_id", 4: "ix_visits_proposal_id",
    5: "ix_alignment_solutions_fitted_at", 6: "ix_visits_proposal_id",
    7: "ix_chip_solutions_z_radius_deg", 8: "ix_activities_environment_id",
    9: "ix_visits_proposal_id", 10: "ix_visits_proposal_id",
}  # fmt: skip


def filled(url):
    store = Store(open_engine(resolve_url(url)))
    with store.writing() as session:
        Cookbook(session).fill()
        session.commit()
    yield store
    store.engine.dispose()


@pytest.fixture
def store(ledger_url):
    yield from filled(ledger_url)


def _shown(value: object, like: str) -> str:
    """A value with as many digits, or as much of a time, as the document shows."""
    if isinstance(value, float | Decimal):
        return f"{value:.{len(like.partition('.')[2])}f}"
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None)
    is_time = re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", like)
    return str(value)[: len(like)] if is_time else str(value)


def test_there_are_ten_recipes():
    assert [number for number, _, _ in RECIPES] == list(range(1, 11))


def test_every_answer_is_the_one_in_the_document(store):
    for number, sql, (head, _, *expected) in RECIPES:
        answer = ask(store.engine.url, sql)
        assert list(answer.columns) == head, number
        assert len(answer.rows) == len(expected), (number, answer.rows)
        for row, words in zip(answer.rows, expected, strict=True):
            shown = [_shown(value, like) for value, like in zip(row, words, strict=True)]
            assert shown == words, number


def test_the_ledger_has_more_than_the_answers(store):
    # An answer that is simply everything would show nothing.
    with store.reading() as session:
        for statement, rows in (
            ("SELECT COUNT(*) FROM v_sky_values", 13),
            ("SELECT COUNT(*) FROM v_footprints", 5),
            ("SELECT COUNT(*) FROM downloads", 2),
            ("SELECT COUNT(*) FROM mosaics", 4),
        ):
            assert session.execute(text(statement)).scalar_one() == rows, statement


def test_every_answer_begins_with_an_index(sqlite_ledger_url):
    engine = open_engine(resolve_url(sqlite_ledger_url))
    with engine.connect() as connection:
        for number, sql, _ in RECIPES:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").fetchall()
            assert INDEXES.get(number, "") in str(plan), (number, plan)
    engine.dispose()


def test_questions_with_values_as_text_have_the_same_answers(sqlite_ledger_url):
    (store,) = filled(sqlite_ledger_url)
    path = store.engine.url.database
    for question, (number, sql, _) in zip(questions(), RECIPES, strict=True):
        asked = {one.name: one.example for one in question.parameters}
        with closing(sqlite3.connect(path)) as connection:
            answer = connection.execute(question.typed, asked).fetchall()
            assert answer == connection.execute(sql).fetchall() != [], number
