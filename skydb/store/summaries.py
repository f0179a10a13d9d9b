"""Counts of every visit, kept so that a status needs no look at millions of rows.

``visit_summaries`` has what ``v_visit_status`` counts; ``changed_visits`` has the visits of
which a row changed since. The view counts those from their rows and takes the others from
the summaries, so that no number is out of date, by whatever program a row was written.
A commit counts visits anew when many are noted, and with them what is kept of their sky
values (:mod:`skydb.store.skies`). All these tables, like the views, belong to no revision and
to no copy: they follow from the other tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine

from skydb.store.growth import is_outgrown, look_at_tables
from skydb.store.skies import (
    CHANGED_RUNS,
    SKIES,
    create_skies,
    differing_skies,
    pack_all,
    renew_skies,
    spread_notes,
)

SUMMARIES, CHANGED = "visit_summaries", "changed_visits"

#: Every table that follows from the others.
KEPT = (SUMMARIES, CHANGED, SKIES, CHANGED_RUNS)

#: Visits that may stay noted: reading them from their rows takes a tenth of a second.
_FEW = 50

#: Runs that may stay noted.
_FEW_RUNS = 500

#: What a connection knows of these tables.
_HAS_THEM = "skydb_has_summaries"

#: Visits that one commit counts anew.
MOST = 500

#: Visits in one statement.
_PART = 500


def create_summaries(connection: Connection) -> None:
    """Make the tables, with the counts of all visits, and the triggers; none of them may exist."""
    is_sqlite = connection.dialect.name == "sqlite"
    number, time = ("INTEGER", "DATETIME") if is_sqlite else ("BIGINT", "TIMESTAMP WITH TIME ZONE")
    counts = ", ".join(f"{name} {number} NOT NULL" for name in _counts())
    _execute(connection, f"CREATE TABLE {CHANGED} (visit_id {number} PRIMARY KEY)")
    _execute(
        connection,
        f"CREATE TABLE {SUMMARIES} (visit_id {number} PRIMARY KEY, {counts},"
        f" last_activity_at {time})",
    )
    create_skies(connection)
    for statement in _triggers().made(connection.dialect.name):
        _execute(connection, statement)
    _execute(connection, f"INSERT INTO {SUMMARIES} {_counted(connection)}")
    pack_all(connection)


def drop_summaries(connection: Connection) -> None:
    """Drop the tables and triggers, as far as there are any."""
    connection.info.pop(_HAS_THEM, None)
    for statement in _triggers().dropped(connection.dialect.name):
        _execute(connection, statement)
    for table in KEPT:
        _execute(connection, f"DROP TABLE IF EXISTS {table}")


@contextmanager
def set_aside(connection: Connection) -> Iterator[None]:
    """Note nothing while millions of rows are written; note all visits at the end.

    Everything is in the transaction of the connection.
    """
    for statement in _triggers().dropped(connection.dialect.name):
        _execute(connection, statement)
    yield
    for statement in _triggers().made(connection.dialect.name):
        _execute(connection, statement)
    _execute(
        connection,
        f"INSERT INTO {CHANGED} SELECT v.id FROM visits v"
        f" WHERE v.id NOT IN (SELECT c.visit_id FROM {CHANGED} c)",
    )


def renew_all(engine: Engine) -> int:
    """Count all visits anew that are noted, some in each transaction; returns how many."""
    total = 0
    with engine.begin() as connection:
        if not _has_statistics(connection):
            _execute(connection, "ANALYZE")
    while True:
        with engine.begin() as connection:
            total += (found := renew(connection, _PART))
        if not found:
            return total


def renew(connection: Connection, most: int = MOST) -> int:
    """Count visits anew that are noted, at most so many; returns how many, and how many runs.

    The notes are taken away first: who notes one of these visits in the meantime waits, and
    what was written before is counted.
    """
    runs = spread_notes(connection, _FEW_RUNS)
    noted = list(
        connection.exec_driver_sql(
            f"SELECT visit_id FROM {CHANGED} ORDER BY visit_id LIMIT {int(most)}"
        ).scalars()
    )
    for first in range(0, len(noted), _PART):
        _renew(connection, noted[first : first + _PART])
    return len(noted) + runs


def differing(connection: Connection, first: int, last: int) -> list[int]:
    """Visits of a range of keys whose counts or skies are not what their rows say; not noted.

    Parameters
    ----------
    connection : Connection
    first, last : int
        Smallest and largest key to look at.
    """
    names = ", ".join(("visit_id", *_counts(), "last_activity_at"))
    found = _counted(connection, f"v.id BETWEEN {int(first)} AND {int(last)}")
    of_range = f"visit_id BETWEEN {int(first)} AND {int(last)}"
    kept = f"SELECT {names} FROM {SUMMARIES} WHERE {of_range}"
    right = f"SELECT {names} FROM ({found}) f"
    asked = (
        f"SELECT DISTINCT d.visit_id FROM ("
        f"SELECT * FROM ({kept} EXCEPT {right}) a UNION ALL"
        f" SELECT * FROM ({right} EXCEPT {kept}) b) d"
        f" WHERE d.visit_id NOT IN (SELECT c.visit_id FROM {CHANGED} c) ORDER BY d.visit_id"
    )
    wrong = {int(key) for key in _execute(connection, asked).scalars()}
    return sorted(wrong.union(differing_skies(connection, first, last)))


def unmatched(connection: Connection) -> list[int]:
    """Visits without a summary, summaries without a visit, and those of other exposures; not noted.

    This is proved of all visits at once, by numbers of rows.
    """
    asked = (
        f"SELECT f.id FROM (SELECT v.id FROM visits v LEFT JOIN {SUMMARIES} s"
        " ON s.visit_id = v.id LEFT JOIN (SELECT visit_id, COUNT(*) AS exposures FROM exposures"
        " GROUP BY visit_id) e ON e.visit_id = v.id"
        " WHERE s.visit_id IS NULL OR s.exposures <> COALESCE(e.exposures, 0)"
        f" UNION SELECT s.visit_id FROM {SUMMARIES} s LEFT JOIN visits v ON v.id = s.visit_id"
        f" WHERE v.id IS NULL) f WHERE f.id NOT IN (SELECT c.visit_id FROM {CHANGED} c)"
    )
    return [int(key) for key in _execute(connection, asked).scalars()]


def note(connection: Connection, visits: list[int]) -> None:
    """Note visits as changed, so that they are counted from their rows and then anew."""
    for key in visits:
        _execute(
            connection,
            f"INSERT INTO {CHANGED} (visit_id) VALUES ({int(key)}) ON CONFLICT DO NOTHING",
        )


def missing_triggers(connection: Connection) -> list[str]:
    """Names of the triggers that the database does not have or does not fire."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    else:
        asked = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    present = set(connection.exec_driver_sql(asked).scalars())
    return [name for name in _triggers().trigger_names() if name not in present]


def noted_visits(connection: Connection) -> int:
    """Number of visits that are noted."""
    return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {CHANGED}").scalar_one())


def renew_many(connection: Connection) -> bool:
    """Count visits anew at the end of a transaction when many are noted; whether they were."""
    if not _exists(connection):
        return False
    asked = f"SELECT {_are_more(CHANGED, _FEW)} OR {_are_more(CHANGED_RUNS, _FEW_RUNS)}"
    if not connection.exec_driver_sql(asked).scalar_one() or not _can_count(connection):
        return False
    return renew(connection) > 0


def renew_rest(engine: Engine) -> None:
    """Count visits anew, some in each transaction, until few are noted.

    The visits of all runs are noted first: many runs have the same ones, which are counted once.

    Parameters
    ----------
    engine : Engine
        One whose commits do not count visits.
    """
    for step in (_spread_many, renew_many):
        is_more = True
        while is_more:
            with engine.begin() as connection:
                is_more = step(connection)


def _spread_many(connection: Connection) -> bool:
    """Note the visits of some runs when many are noted; whether they were."""
    if not _exists(connection):
        return False
    is_more = connection.exec_driver_sql(f"SELECT {_are_more(CHANGED_RUNS, _FEW_RUNS)}")
    if not is_more.scalar_one() or not _can_count(connection):
        return False
    return spread_notes(connection, _FEW_RUNS) > 0


def _can_count(connection: Connection) -> bool:
    """Whether the database has statistics of the tables, which SQLite takes at once."""
    if connection.dialect.name == "sqlite" and is_outgrown(connection):
        look_at_tables(connection)
    return _has_statistics(connection)


def _are_more(table: str, few: int) -> str:
    """Condition in SQL: whether a table has more rows than some."""
    return f"(SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT {few + 1}) n) > {few}"


def _has_statistics(connection: Connection) -> bool:
    """Whether PostgreSQL has looked at the tables: it would take a second a visit without."""
    if connection.dialect.name == "sqlite":
        return True
    asked = "SELECT reltuples >= 0 FROM pg_class WHERE oid = to_regclass('sky_values')"
    return bool(connection.exec_driver_sql(asked).scalar())


def _exists(connection: Connection) -> bool:
    """Whether the tables are there; asked once of a connection that has them."""
    if not connection.info.get(_HAS_THEM):
        connection.info[_HAS_THEM] = _is_found(connection)
    return bool(connection.info[_HAS_THEM])


def _is_found(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        asked = f"SELECT 1 FROM sqlite_schema WHERE name = '{CHANGED}'"
        return connection.exec_driver_sql(asked).scalar() is not None
    return bool(connection.exec_driver_sql(f"SELECT to_regclass('{CHANGED}') IS NOT NULL").scalar())


def _renew(connection: Connection, visits: list[int]) -> None:
    keys = ", ".join(str(int(key)) for key in visits)
    _execute(connection, f"DELETE FROM {CHANGED} WHERE visit_id IN ({keys})")
    _execute(connection, f"DELETE FROM {SUMMARIES} WHERE visit_id IN ({keys})")
    counted = _counted(connection, f"v.id IN ({keys})")
    _execute(connection, f"INSERT INTO {SUMMARIES} {counted}")
    renew_skies(connection, visits)


def _counted(connection: Connection, condition: str = "1 = 1") -> str:
    # Not imported with this module: few commands need the templates.
    from skydb.store.views import counted_visits

    return counted_visits(connection.dialect.name, condition)


def _counts() -> tuple[str, ...]:
    from skydb.store.views import counts_of_visits

    return counts_of_visits()


def _execute(connection: Connection, statement: str) -> CursorResult[Any]:
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _triggers() -> ModuleType:
    from skydb.store import changed

    return changed
