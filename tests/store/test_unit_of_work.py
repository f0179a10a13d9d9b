from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from skydb.domain import Visit
from skydb.errors import StoreError
from skydb.store.engine import open_engine, resolve_url
from skydb.store.schema import require_current
from skydb.store.unit_of_work import Store

THREADS, ROUNDS = 8, 25


def visits(store: Store) -> list[str]:
    with store.reading() as session:
        return sorted(visit.label for visit in session.scalars(select(Visit)))


def add(store: Store, number: str = "50") -> None:
    with store.writing() as session:
        session.add(Visit("bxl", number, 12812))
        session.commit()


def test_what_a_block_commits_is_kept(store: Store) -> None:
    add(store)
    assert visits(store) == ["bxl50"]


def test_nothing_of_a_block_that_does_not_commit_is_kept(store: Store) -> None:
    with store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
    assert visits(store) == []


def test_what_a_block_writes_after_its_commit_is_not_kept(store: Store) -> None:
    with store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.commit()
        session.add(Visit("bxl", "51", 12812))
        session.flush()
    assert visits(store) == ["bxl50"]


def test_what_was_committed_before_an_exception_is_kept(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.commit()
        session.add(Visit("bxl", "51", 12812))
        _ = 1 / 0
    assert visits(store) == ["bxl50"]


def test_nothing_of_a_block_that_raised_is_kept(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
        _ = 1 / 0
        session.commit()
    assert visits(store) == []


def test_an_interrupted_block_keeps_nothing_and_leaves_no_lock(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
        raise KeyboardInterrupt
    add(store, "51")
    assert visits(store) == ["bxl51"]


def test_a_row_that_the_database_refuses_is_a_store_error_with_advice(store: Store) -> None:
    add(store)
    with pytest.raises(StoreError, match=r"refused a row: [^\n]*\. .*try again") as caught:
        add(store)
    assert caught.value.exit_code == 1
    assert visits(store) == ["bxl50"]


def test_a_statement_that_fails_is_a_store_error(store: Store) -> None:
    with (
        pytest.raises(StoreError, match="no_such_table"),
        store.writing() as session,
    ):
        session.execute(text("SELECT * FROM no_such_table"))
        session.commit()


def test_a_value_outside_a_fixed_vocabulary_is_refused_by_the_database(store: Store) -> None:
    statement = text(
        "INSERT INTO activities (kind, status, agent, skydb_version, parameters, created_at)"
        " VALUES ('ingest', 'asleep', 'me', '0', '{}', '2026-01-31 12:00:00')"
    )
    with pytest.raises(StoreError, match="refused a row"), store.writing() as session:
        session.execute(statement)
        session.commit()


def test_a_row_that_refers_to_nothing_is_refused(store: Store) -> None:
    statement = text("INSERT INTO products (filename, kind, visit_id) VALUES ('a', 'flt', 99)")
    with pytest.raises(StoreError, match="refused a row"), store.writing() as session:
        session.execute(statement)
        session.commit()


def test_what_a_reader_adds_is_forgotten(store: Store) -> None:
    with store.reading() as session:
        session.add(Visit("bxl", "50", 12812))
    assert visits(store) == []


def _commit(session: Session) -> None:
    session.add(Visit("bxl", "50", 12812))
    session.commit()


def _execute(session: Session) -> None:
    values = "('bxl', '50', 12812)"
    session.execute(text(f"INSERT INTO visits (program, number, proposal_id) VALUES {values}"))
    session.commit()


@pytest.mark.parametrize("write", [_commit, _execute])
def test_a_reader_cannot_write_even_when_it_commits(store: Store, write) -> None:
    with pytest.raises(StoreError, match="database failed"), store.reading() as session:
        write(session)
    assert visits(store) == []


def test_a_writer_can_write_after_a_reader_on_the_same_connection(store: Store) -> None:
    assert visits(store) == []
    add(store)
    assert visits(store) == ["bxl50"]


def test_a_reader_sees_one_state_of_the_ledger_from_beginning_to_end(store: Store) -> None:
    count = text("SELECT count(*) FROM visits")
    with store.reading() as session:
        assert session.execute(count).scalar() == 0
        add(store)
        assert session.execute(count).scalar() == 0
    assert visits(store) == ["bxl50"]


def test_objects_can_be_used_after_their_transaction(store: Store) -> None:
    add(store)
    with store.reading() as session:
        visit = session.scalars(select(Visit)).one()
    assert visit.label == "bxl50"


def test_readers_go_on_while_a_writer_is_at_work(store: Store) -> None:
    add(store)
    with store.writing() as session:
        session.add(Visit("bxl", "51", 12812))
        session.flush()
        with ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(lambda _: visits(store), range(4), timeout=300))
        assert seen == [["bxl50"]] * 4
        session.commit()
    assert visits(store) == ["bxl50", "bxl51"]


def test_reading_and_writing_from_many_threads_loses_nothing(store: Store) -> None:
    add(store)
    together = threading.Barrier(THREADS)

    def count_up(_: int) -> None:
        together.wait(20)
        for _ in range(ROUNDS):
            with store.writing() as session:
                visit = session.scalars(select(Visit)).one()
                visit.proposal_id += 1
                session.commit()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count_up, range(THREADS)))
    with store.reading() as session:
        assert session.scalars(select(Visit)).one().proposal_id == 12812 + THREADS * ROUNDS


def test_many_threads_may_find_or_create_the_same_row(store: Store) -> None:
    together = threading.Barrier(THREADS)

    def find_or_create(number: int) -> int:
        together.wait(20)
        with store.writing() as session:
            known = session.scalar(select(Visit).where(Visit.number == "50"))
            if known is None:
                known = Visit("bxl", "50", 12812)
                session.add(known)
                session.flush()
            session.commit()
            return known.id

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(set(pool.map(find_or_create, range(THREADS)))) == 1
    assert visits(store) == ["bxl50"]


def test_a_writer_does_not_wait_for_ever(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skydb.store.engine.BUSY_TIMEOUT_MS", 100)
    store = Store(open_engine(resolve_url(ledger_url)))
    with store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
        with pytest.raises(StoreError, match="lock"):
            add(store, "51")
        session.commit()
    assert visits(store) == ["bxl50"]
    store.engine.dispose()


def test_the_schema_can_be_looked_at_while_a_writer_is_at_work(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skydb.store.engine.BUSY_TIMEOUT_MS", 100)
    store = Store(open_engine(resolve_url(ledger_url)))
    with store.writing() as session:
        session.add(Visit("bxl", "50", 12812))
        session.flush()
        require_current(store.engine)
        session.commit()
    store.engine.dispose()
