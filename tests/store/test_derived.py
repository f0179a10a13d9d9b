"""What follows from other tables comes back, and its absence is said with the cure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from skydb.errors import StoreError
from skydb.store.derived import missing_derived
from skydb.store.engine import open_engine, resolve_url
from skydb.store.schema import upgrade
from skydb.store.unit_of_work import Store

DROPPED = ["TABLE changed_visits", "TABLE visit_skies", "VIEW v_todo"]


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = open_engine(resolve_url(ledger_url))
    yield engine
    engine.dispose()


def _drop(engine: Engine, what: str) -> None:
    cascade = "" if engine.dialect.name == "sqlite" else " CASCADE"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP {what}{cascade}")


@pytest.mark.parametrize("what", DROPPED)
def test_what_was_dropped_is_made_anew_by_an_upgrade(engine, ledger_url, what) -> None:
    _drop(engine, what)
    with engine.connect() as connection:
        assert what.split()[1] in missing_derived(connection)
    upgrade(ledger_url)
    with engine.connect() as connection:
        assert missing_derived(connection) == []
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM v_todo").scalar() is not None


def test_a_question_to_what_is_not_there_is_answered_with_the_cure(engine) -> None:
    _drop(engine, "TABLE visit_skies")
    with pytest.raises(StoreError, match=r"visit_skies.*Run `skydb init`"):
        _ask(engine, "visit_skies")
    with pytest.raises(StoreError) as other:
        _ask(engine, "nobodys_table")
    assert other.value.advice == ""


def _ask(engine: Engine, table: str) -> None:
    with Store(engine).asking() as connection:
        connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}")
