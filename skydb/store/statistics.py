"""Table statistics for SQLite's planner.

PostgreSQL keeps such statistics by itself. SQLite never does: without them it may look up
three million solutions that were not superseded to find the two of one exposure.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from skydb.store.engine import as_reader

#: Tables that grow: their growth shows that the statistics are out of date.
_GROWING = ("activities", "exposures", "alignment_solutions", "sky_values", "product_versions")

#: Growth of a table after which its statistics are taken again.
_GROWTH = 4

#: With fewer rows any plan is good.
_SMALL = 500

#: Rows of each index that are looked at: exact figures are not needed.
_ANALYSIS_LIMIT = 1000


def refresh_statistics(engine: Engine) -> bool:
    """Take statistics when a table has outgrown them; whether that was done.

    This takes milliseconds at any size, because it reads only a sample of each index.
    """
    if engine.dialect.name != "sqlite":
        return False
    with as_reader(engine).connect() as connection:
        known = _known_sizes(connection)
        if all(_size(connection, table) <= known[table] * _GROWTH for table in _GROWING):
            return False
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {_ANALYSIS_LIMIT}")
        connection.exec_driver_sql("ANALYZE")
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
