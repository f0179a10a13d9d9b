"""Table statistics for the planner of the database.

SQLite never takes any by itself: without them it may look up three million solutions that
were not superseded to find the two of one exposure. PostgreSQL has a daemon for it, which comes
a minute later, or never where it is turned off; until then a question takes seconds.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from skydb.store.engine import as_reader
from skydb.store.summaries import KEPT

#: Tables that grow: their growth shows that the statistics are out of date.
_GROWING = ("activities", "exposures", "alignment_solutions", "sky_values", "product_versions")

#: Growth of a table after which its statistics are taken again.
_GROWTH = 4

#: With fewer rows any plan is good.
_SMALL = 500

#: The same in pages of PostgreSQL.
_SMALL_PAGES = 5

#: Rows of each index that are looked at: exact figures are not needed.
_ANALYSIS_LIMIT = 1000


def refresh_statistics(engine: Engine) -> bool:
    """Take statistics when a table has outgrown them; whether that was done.

    This takes milliseconds at any size, because it reads only a sample of each index or table.
    """
    if engine.dialect.name != "sqlite":
        return _refresh_postgresql(engine)
    with as_reader(engine).connect() as connection:
        known = _known_sizes(connection)
        if all(_size(connection, table) <= known[table] * _GROWTH for table in _GROWING):
            return False
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {_ANALYSIS_LIMIT}")
        connection.exec_driver_sql("ANALYZE")
    return True


def _refresh_postgresql(engine: Engine) -> bool:
    """See :func:`refresh_statistics`; PostgreSQL knows how many pages its tables have."""
    tables = ", ".join(f"to_regclass('{table}')" for table in _GROWING)
    asked = (
        f"SELECT COUNT(*) FROM pg_class WHERE oid IN ({tables})"
        f" AND pg_relation_size(oid) / current_setting('block_size')::int > {_SMALL_PAGES}"
        " AND (reltuples < 0 OR pg_relation_size(oid) / current_setting('block_size')::int"
        f" > {_GROWTH} * relpages)"
    )
    with as_reader(engine).connect() as connection:
        if not connection.exec_driver_sql(asked).scalar_one():
            return False
    # Not imported with this module: few commands need entities.
    from skydb.domain import Base

    with engine.begin() as connection:
        connection.exec_driver_sql(f"ANALYZE {', '.join((*Base.metadata.tables, *KEPT))}")
    return True


def _size(connection: Connection, table: str) -> int:
    """Highest row id: the number of rows, as no more than a few are ever deleted."""
    return int(connection.exec_driver_sql(f"SELECT MAX(rowid) FROM {table}").scalar() or 0)


def _known_sizes(connection: Connection) -> dict[str, int]:
    sizes = dict.fromkeys(_GROWING, _SMALL // _GROWTH)
    is_there = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"
    if connection.exec_driver_sql(is_there).scalar():
        for table, stat in connection.exec_driver_sql("SELECT tbl, stat FROM sqlite_stat1"):
            if table in sizes and stat:
                sizes[table] = max(sizes[table], int(stat.split()[0]))
    return sizes
