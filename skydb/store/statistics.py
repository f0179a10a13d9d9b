"""Table statistics for the planner of the database.

SQLite never takes any by itself (:mod:`skydb.store.growth`). PostgreSQL has a daemon for it,
which comes a minute later, or never where it is turned off; until then a question takes
seconds.
"""

from __future__ import annotations

from sqlalchemy import Engine

from skydb.store.engine import as_reader
from skydb.store.growth import GROWING, GROWTH, is_outgrown, look_at_tables
from skydb.store.summaries import KEPT

#: Pages of a table of PostgreSQL; with fewer any plan is good.
_SMALL_PAGES = 5


def refresh_statistics(engine: Engine) -> bool:
    """Take statistics when a table has outgrown them; whether that was done.

    This takes milliseconds at any size, because it reads only a sample of each index or table.
    """
    if engine.dialect.name != "sqlite":
        return _refresh_postgresql(engine)
    with as_reader(engine).connect() as connection:
        if not is_outgrown(connection):
            return False
    with engine.begin() as connection:
        look_at_tables(connection)
    return True


def _refresh_postgresql(engine: Engine) -> bool:
    """See :func:`refresh_statistics`; PostgreSQL knows how many pages its tables have."""
    tables = ", ".join(f"to_regclass('{table}')" for table in GROWING)
    asked = (
        f"SELECT COUNT(*) FROM pg_class WHERE oid IN ({tables})"
        f" AND pg_relation_size(oid) / current_setting('block_size')::int > {_SMALL_PAGES}"
        " AND (reltuples < 0 OR pg_relation_size(oid) / current_setting('block_size')::int"
        f" > {GROWTH} * relpages)"
    )
    with as_reader(engine).connect() as connection:
        if not connection.exec_driver_sql(asked).scalar_one():
            return False
    # Not imported with this module: few commands need entities.
    from skydb.domain import Base

    with engine.begin() as connection:
        connection.exec_driver_sql(f"ANALYZE {', '.join((*Base.metadata.tables, *KEPT))}")
    return True
