"""Sky values of every visit, kept packed so that statistics need no look at millions of rows.

``visit_skies`` has the packs of :mod:`skydb.store.skypacks`; it is renewed with the counts of a
visit and distrusted with them (:mod:`skydb.store.summaries`). A value is part of the median of
its run, and so a change of one makes those of all visits of the run uncertain:
``changed_runs`` has the runs of which a value changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    String,
    column,
    select,
    table,
)

if TYPE_CHECKING:
    from skydb.store.skypacks import Place

SKIES, CHANGED_RUNS = "visit_skies", "changed_runs"

#: The packs; in no revision, and so no table of the metadata.
PACKS = table(
    SKIES,
    column("visit_id", BigInteger),
    column("filters", String),
    column("detector", String),
    column("unit", String),
    column("packed", LargeBinary),
)
_RUNS = table(CHANGED_RUNS, column("run_id", BigInteger))

#: Visits whose values are looked at together.
PART = 500


def create_skies(connection: Connection) -> None:
    """Make the tables; none of them may exist."""
    is_sqlite = connection.dialect.name == "sqlite"
    number, content = ("INTEGER", "BLOB") if is_sqlite else ("BIGINT", "BYTEA")
    connection.exec_driver_sql(f"CREATE TABLE {CHANGED_RUNS} (run_id {number} PRIMARY KEY)")
    connection.exec_driver_sql(
        f"CREATE TABLE {SKIES} (visit_id {number} NOT NULL, filters VARCHAR, detector VARCHAR,"
        f" unit VARCHAR, packed {content} NOT NULL)"
    )
    connection.exec_driver_sql(f"CREATE INDEX ix_{SKIES}_visit_id ON {SKIES} (visit_id)")


def pack_all(connection: Connection) -> None:
    """Pack the values of all visits, of which none may be packed."""
    visits = list(connection.exec_driver_sql("SELECT id FROM visits ORDER BY id").scalars())
    for part in _parts(visits):
        _insert(connection, part)


def renew_skies(connection: Connection, visits: Sequence[int]) -> None:
    """Pack the values of some visits anew."""
    for part in _parts(visits):
        connection.execute(PACKS.delete().where(PACKS.c.visit_id.in_(part)))
        _insert(connection, part)


def spread_notes(connection: Connection, most: int) -> int:
    """Note the visits of runs that are noted, in the place of these; returns how many runs.

    Parameters
    ----------
    connection : Connection
    most : int
        Runs to look at.
    """
    runs = select(_RUNS.c.run_id).order_by(_RUNS.c.run_id).limit(most)
    noted = list(connection.execute(runs).scalars())
    if not noted:
        return 0
    connection.execute(_RUNS.delete().where(_RUNS.c.run_id.in_(noted)))
    keys = ", ".join(str(int(run)) for run in noted)
    connection.exec_driver_sql(
        "INSERT INTO changed_visits (visit_id)"
        " SELECT DISTINCT e.visit_id FROM sky_values sv JOIN exposures e ON e.id = sv.exposure_id"
        f" WHERE sv.run_id IN ({keys})"
        " ON CONFLICT (visit_id) DO UPDATE SET visit_id = EXCLUDED.visit_id"
    )
    return len(noted)


def differing_skies(connection: Connection, first: int, last: int) -> list[int]:
    """Visits of a range of keys whose packs are not what their rows say, and not noted.

    Parameters
    ----------
    connection : Connection
    first, last : int
        Smallest and largest key to look at.
    """
    asked = (
        f"SELECT v.id FROM visits v WHERE v.id BETWEEN {int(first)} AND {int(last)} AND EXISTS"
        " (SELECT 1 FROM exposures e JOIN sky_values sv ON sv.exposure_id = e.id"
        " WHERE e.visit_id = v.id)"
    )
    right = {
        (*place, pack)
        for part in _parts(connection.exec_driver_sql(asked).scalars())
        for place, pack in _packed(connection, part)
    }
    query = select(PACKS).where(PACKS.c.visit_id.between(first, last))
    kept = Counter((*row[:-1], bytes(row[-1])) for row in connection.execute(query))
    wrong = {int(row[0]) for row in right.symmetric_difference(kept)}
    wrong |= {int(row[0]) for row, times in kept.items() if times > 1}
    return sorted(wrong - doubted_visits(connection)) if wrong else []


def doubted_visits(connection: Connection) -> set[int]:
    """Visits whose packs are not to be trusted."""
    found = set(connection.exec_driver_sql("SELECT visit_id FROM changed_visits").scalars())
    runs = list(connection.exec_driver_sql(f"SELECT run_id FROM {CHANGED_RUNS}").scalars())
    for part in _parts(runs):
        # By keys: as a join a planner without statistics of the notes would read every value.
        keys = ", ".join(str(int(run)) for run in part)
        asked = (
            "SELECT DISTINCT e.visit_id FROM sky_values sv"
            f" JOIN exposures e ON e.id = sv.exposure_id WHERE sv.run_id IN ({keys})"
        )
        found.update(connection.exec_driver_sql(asked).scalars())
    return found


def _insert(connection: Connection, visits: Sequence[int]) -> None:
    rows = [{**place._asdict(), "packed": pack} for place, pack in _packed(connection, visits)]
    if rows:
        connection.execute(PACKS.insert(), rows)


def _packed(connection: Connection, visits: Sequence[int]) -> list[tuple[Place, bytes]]:
    # Not imported with this module: few commands need entities.
    from skydb.store.statistics_queries import packed_skies

    return packed_skies(connection, visits)


def _parts(visits: Iterable[int]) -> Iterator[list[int]]:
    from skydb.store.rows import batches

    return batches(visits, PART)
