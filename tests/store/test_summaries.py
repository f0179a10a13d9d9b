"""Counts that are kept of visits are those of their rows, whoever wrote and in what order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    BookEntry,
    Environment,
    Exposure,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    Visit,
)
from skydb.domain.base import utc_now
from skydb.domain.vocabulary import EntryKind, SkyMethod, Verdict
from skydb.store import growth, summaries
from skydb.store.engine import READ_ONLY, open_engine, resolve_url
from skydb.store.unit_of_work import Store
from skydb.store.views import counted_visits, counts_of_visits
from tests.services.survey import Survey
from tests.store.conftest import on_both

#: A connection that takes no turn.
READS = {READ_ONLY: True}

NAMES = ("visit_id", *counts_of_visits(), "last_activity_at")
Rows = list[tuple[object, ...]]
Action = Callable[[Survey, random.Random], object]


def shown(engine: Engine) -> Rows:
    """What the view says of every visit."""
    asked = text(f"SELECT {', '.join(NAMES)} FROM v_visit_status ORDER BY visit_id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


def counted(engine: Engine) -> Rows:
    """What follows from the rows."""
    asked = f"SELECT * FROM ({counted_visits(engine.dialect.name)}) f ORDER BY visit_id"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(asked))]


def kept(engine: Engine) -> Rows:
    """What is kept, once nothing is noted any more."""
    summaries.renew_all(engine)
    asked = text(f"SELECT {', '.join(NAMES)} FROM visit_summaries ORDER BY visit_id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(asked)]


# --- What happens to a ledger --------------------------------------------------------------


def _exposure(survey: Survey, dice: random.Random) -> Exposure:
    """One that is there, or a new one in a visit that is there or a new one."""
    known = survey.session.scalars(select(Exposure).where(Exposure.known_from == "header")).all()
    if known and dice.random() < 0.7:
        return dice.choice(known)
    visit = f"{dice.randrange(50, 54)}"
    there = survey.session.scalar(select(Visit).where(Visit.number == visit))
    if there is not None:
        survey.visits[visit] = there
    names = {one.rootname for one in survey.session.scalars(select(Exposure))}
    number = next(n for n in range(1, 99) if f"ibxl{visit}{n:02}q" not in names)
    return survey.exposure(visit, number)


def _version(survey: Survey, dice: random.Random) -> ProductVersion:
    exposure = _exposure(survey, dice)
    versions = survey.product(exposure).versions
    return dice.choice(versions) if versions else survey.content(exposure)


def _any(survey: Survey, dice: random.Random, entity: type) -> object | None:
    rows = survey.session.scalars(select(entity)).all()
    return dice.choice(rows) if rows else None


def _verdict(dice: random.Random) -> Verdict:
    return dice.choice([Verdict.PASSED, Verdict.PASSED, Verdict.FAILED])


def ingests(survey: Survey, dice: random.Random) -> None:
    survey.content(_exposure(survey, dice))


def fetches(survey: Survey, dice: random.Random) -> None:
    survey.download(_version(survey, dice), utc_now())


def proposes(survey: Survey, dice: random.Random) -> None:
    version, catalog = _version(survey, dice), _catalog(survey)
    with survey.session.no_autoflush:
        survey.fit(version, catalog, failed=dice.random() < 0.3)


def accepts(survey: Survey, dice: random.Random) -> None:
    version, catalog = _version(survey, dice), _catalog(survey)
    with survey.session.no_autoflush:
        survey.align(version, catalog, verdict=_verdict(dice))


def runs(survey: Survey, dice: random.Random) -> None:
    versions = {
        version.product_id: version for version in (_version(survey, dice), _version(survey, dice))
    }
    effective = dice.choice([None, SkyMethod.LOCALMIN])
    survey.sky(list(versions.values()), SkyMethod.MATCH, effective, _verdict(dice))


def recalls(survey: Survey, dice: random.Random) -> None:
    known = set(survey.session.scalars(select(Visit.number)))
    number = next(str(n) for n in range(60, 99) if str(n) not in known)
    survey.remembered(survey.logged(number), dice.choice(list(SkyMethod)[:2]))


def deletes_or_restores(survey: Survey, dice: random.Random) -> None:
    run = _any(survey, dice, SkyRun)
    if isinstance(run, SkyRun):
        run.deleted_at = None if run.deleted_at else utc_now()


def flags(survey: Survey, dice: random.Random) -> None:
    version = _version(survey, dice)
    exposure = version.product.exposure
    assert exposure is not None
    subject = dice.choice([exposure, exposure.visit, version.product, version.solutions[0]])
    BookEntry(subject, dice.choice([EntryKind.FLAG, EntryKind.NOTE]), "me", "a trail", "trail")


def withdraws(survey: Survey, dice: random.Random) -> None:
    entry = _any(survey, dice, BookEntry)
    if isinstance(entry, BookEntry) and entry.withdrawn_at is None:
        entry.withdraw("me", "there is none")


def checks(survey: Survey, dice: random.Random) -> None:
    environment = _any(survey, dice, Environment)
    if isinstance(environment, Environment):
        environment.record_verdict(_verdict(dice))


def ends(survey: Survey, dice: random.Random) -> None:
    activity = _any(survey, dice, Activity)
    if isinstance(activity, Activity):
        activity.finished_at = datetime(2030, 1, dice.randrange(1, 28), tzinfo=UTC)


#: Statements by hand, each of one row of a table: no code of skydb takes part.
BY_HAND = (
    "UPDATE alignment_solutions SET status = 'rejected' WHERE id = {one}",
    "UPDATE alignment_solutions SET superseded_by_id = NULL WHERE id = {one}",
    "UPDATE alignment_solutions SET origin = 'archive' WHERE id = {one}",
    "UPDATE product_versions SET delivery = delivery + 1 WHERE id = {one}",
    "UPDATE product_versions SET place = place + 100 WHERE id = {one}",
    "UPDATE downloads SET status = 'failed' WHERE id = {one}",
    "UPDATE sky_runs SET downgraded = NOT downgraded WHERE id IN (SELECT MAX(id) FROM sky_runs)",
    "UPDATE sky_runs SET effective_method = 'localmin' WHERE id IN (SELECT MIN(id) FROM sky_runs)",
    "UPDATE sky_values SET mdrizsky = NULL WHERE exposure_id = {one}",
    "UPDATE exposures SET known_from = 'log' WHERE id = {one}",
    "UPDATE exposures SET visit_id = (SELECT MIN(id) FROM visits) WHERE id = {one}",
    "UPDATE products SET kind = 'hlet' WHERE id = {one}",
    "DELETE FROM sky_values WHERE exposure_id = {one}",
    "DELETE FROM activity_used WHERE version_id = {one}",
    "DELETE FROM activity_generated WHERE version_id = {one}",
    "DELETE FROM downloads WHERE id = {one}",
    "DELETE FROM book_entries WHERE id = {one}",
    "DELETE FROM sky_runs WHERE id IN (SELECT MAX(id) FROM sky_runs)",
)


def by_hand(survey: Survey, dice: random.Random) -> None:
    tables = ("alignment_solutions", "product_versions", "downloads", "exposures", "book_entries")
    most = survey.session.scalar(text(f"SELECT COUNT(*) FROM {dice.choice(tables)}")) or 1
    statement = dice.choice(BY_HAND).format(one=dice.randrange(1, most + 1))
    try:
        with survey.session.begin_nested():
            survey.session.execute(text(statement))
    except IntegrityError:
        # It is not possible in this ledger.
        survey.session.expire_all()


def _catalog(survey: Survey) -> ReferenceCatalog:
    known = survey.session.scalar(select(ReferenceCatalog))
    return known or survey.catalog("gaia")


ACTIONS: tuple[Action, ...] = (
    *(ingests, fetches, proposes, accepts, runs, recalls, deletes_or_restores),
    *(flags, withdraws, checks, ends, by_hand, by_hand),
)


def happens(engine: Engine, actions: list[Action], dice: random.Random) -> None:
    """Some actions in one transaction."""
    with Session(engine, expire_on_commit=False) as session:
        survey = Survey(session, contents=dice.randrange(10**12))
        for action in actions:
            action(survey, dice)
        session.commit()


def begin(engine: Engine) -> None:
    happens(engine, [ingests] * 8 + [runs, accepts, fetches, flags, recalls], random.Random(1))
    assert len(kept(engine)) >= 4


begun = on_both(begin)


def test_whatever_happens_the_counts_are_those_of_the_rows(begun: Engine) -> None:
    dice = random.Random(7)
    for _ in range(60):
        actions = dice.choices(ACTIONS, k=dice.randrange(1, 4))
        happens(begun, actions, dice)
        rows = counted(begun)
        assert (shown(begun), kept(begun)) == (rows, rows), [one.__name__ for one in actions]


def test_a_transaction_that_is_rolled_back_notes_nothing(begun: Engine) -> None:
    with Session(begun) as session:
        session.execute(text("UPDATE exposures SET known_from = 'log' WHERE id = 1"))
        assert summaries.noted_visits(session.connection()) == 1
        session.rollback()
        assert summaries.noted_visits(session.connection()) == 0


def test_few_visits_stay_noted_and_many_are_counted_at_the_commit(
    begun: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    happens(begun, [ingests] * 6, random.Random(2))
    with begun.connect() as connection:
        few = summaries.noted_visits(connection)
    monkeypatch.setattr(summaries, "_FEW", 1)
    happens(begun, [flags], random.Random(3))
    with begun.connect() as connection:
        assert few > 1
        assert summaries.noted_visits(connection) == 0
        assert summaries.differing(connection, 1, 99) == []
    assert shown(begun) == counted(begun)


def test_visits_of_one_of_many_transactions_stay_noted_until_they_are_counted(
    begun: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "_FEW", 0)
    monkeypatch.setattr(summaries, "MOST", 1)
    store = Store(begun)
    with store.writing(is_one_of_many=True) as session:
        survey = Survey(session, contents=17)
        for seed in range(4):
            ingests(survey, random.Random(seed))
        session.commit()
    with begun.connect() as connection:
        assert summaries.noted_visits(connection) > 1
    assert shown(begun) == counted(begun)
    store.count_visits()
    with begun.connect() as connection:
        assert summaries.noted_visits(connection) == 0
    assert kept(begun) == counted(begun)


def test_visits_of_many_runs_are_counted_once(
    begun: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run has the same visits; as many runs as are looked at together note them again."""
    store = Store(begun)
    with store.writing(is_one_of_many=True) as session:
        survey = Survey(session, contents=18)
        versions = [survey.content(survey.exposure(visit)) for visit in ("61", "62", "63")]
        for _ in range(9):
            survey.sky(versions)
        session.commit()
    monkeypatch.setattr(summaries, "_FEW", 0)
    monkeypatch.setattr(summaries, "_FEW_RUNS", 2)
    monkeypatch.setattr(summaries, "MOST", 1)
    renewed: list[int] = []
    renew = summaries._renew

    def watched(connection: Connection, visits: list[int]) -> None:
        renewed.extend(visits)
        renew(connection, visits)

    monkeypatch.setattr(summaries, "_renew", watched)
    store.count_visits()
    assert sorted(renewed) == sorted({*renewed}) != []
    assert kept(begun) == counted(begun) == shown(begun)


def test_tables_that_have_just_grown_are_looked_at_before_visits_are_counted(
    sqlite_ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(resolve_url(sqlite_ledger_url))
    monkeypatch.setattr(summaries, "_FEW", 0)
    monkeypatch.setattr(growth, "_SMALL", 8)
    happens(engine, [ingests] * 30, random.Random(5))
    with engine.connect() as connection:
        looked_at = connection.exec_driver_sql("SELECT tbl FROM sqlite_stat1").scalars().all()
    engine.dispose()
    assert {"exposures", "product_versions"} <= set(looked_at)


def test_a_commit_counts_no_more_than_it_may(
    begun: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "_FEW", 0)
    with begun.begin() as connection:
        summaries.note(connection, [1, 2, 3])
        assert summaries.renew(connection, 1) == 1
        assert summaries.noted_visits(connection) == 2


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE visit_summaries SET aligned = aligned + 1 WHERE visit_id = 1",
        "DELETE FROM visit_summaries WHERE visit_id = 1",
        "INSERT INTO visit_summaries SELECT 77, 1, 0, 0, 0, 0, 0, 0, 0, 0, NULL",
    ],
)
def test_a_wrong_count_is_found(begun: Engine, how: str) -> None:
    with begun.begin() as connection:
        connection.execute(text(how))
    with begun.begin() as connection:
        found = summaries.differing(connection, 1, 99)
        assert found in ([1], [77])
        summaries.note(connection, found)
        assert summaries.differing(connection, 1, 99) == []
    assert kept(begun) == counted(begun)


def test_a_trigger_that_is_gone_is_missed(begun: Engine) -> None:
    with begun.begin() as connection:
        assert summaries.missing_triggers(connection) == []
        on = "" if begun.dialect.name == "sqlite" else " ON sky_values"
        connection.execute(text(f"DROP TRIGGER changed_by_insert_sky_values{on}"))
        assert summaries.missing_triggers(connection) == ["changed_by_insert_sky_values"]
        with summaries.set_aside(connection):
            pass
        assert summaries.missing_triggers(connection) == []


def test_two_writers_of_one_visit_lose_nothing(begun: Engine) -> None:
    """Two that take turns, each counting the visit while the other one waits to write to it."""
    stores = [Store(begun), Store(begun)]
    begin = threading.Barrier(2)

    def write(store: Store, number: int) -> None:
        begin.wait()
        for _ in range(5):
            with store.writing() as session:
                visit = session.get_one(Visit, 1)
                session.add(BookEntry(visit, EntryKind.FLAG, "me", "a trail", f"trail{number}"))
                session.flush()
                summaries.renew(session.connection())
                session.commit()

    threads = [threading.Thread(target=write, args=(each, n)) for n, each in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = next(row for row in counted(begun) if row[0] == 1)
    assert before[NAMES.index("flags")] in (10, 11)
    assert shown(begun) == counted(begun) == kept(begun)


def test_a_writer_that_takes_no_turn_is_not_overlooked(postgres_ledger_url: str) -> None:
    """One that skydb does not make wait changes a visit that is noted and being counted."""
    engine = open_engine(resolve_url(postgres_ledger_url))
    happens(engine, [ingests] * 2, random.Random(4))
    other = engine.raw_connection()
    other.cursor().execute("UPDATE exposures SET known_from = 'log' WHERE id = 1")
    counting = threading.Thread(target=summaries.renew_all, args=(engine,))
    counting.start()
    here = "(SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    waiting = text(f"SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pid IN {here}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", **READS) as watcher:
        while watcher.scalar(waiting) == 0:
            assert counting.is_alive()
    other.commit()
    counting.join()
    assert kept(engine) == counted(engine) == shown(engine)
    assert sum(row[NAMES.index("logged")] for row in counted(engine)) == 1
    other.close()
    engine.dispose()
