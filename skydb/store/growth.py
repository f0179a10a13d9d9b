"""Growth of the tables of SQLite since its planner has looked at them.

It never looks by itself: without statistics it may look up three million solutions that were
not superseded to find the two of one exposure, and counts visits for minutes.
"""

from __future__ import annotations

from sqlalchemy import Connection

#: Tables that grow: their growth shows that the statistics are out of date.
GROWING = ("activities", "exposures", "alignment_solutions", "sky_values", "product_versions")

#: Growth of a table after which its statistics are taken again.
GROWTH = 4

#: With fewer rows any plan is good.
_SMALL = 500

#: Rows of each index that are looked at: exact figures are not needed.
_ANALYSIS_LIMIT = 1000


def is_outgrown(connection: Connection) -> bool:
    """Whether a table of SQLite has outgrown what is known of it."""
    known = _known_sizes(connection)
    return any(size > known[table] * GROWTH for table, size in _sizes(connection).items())


def look_at_tables(connection: Connection) -> None:
    """Take statistics of SQLite, in milliseconds at any size: a sample of each index is read."""
    connection.exec_driver_sql(f"PRAGMA analysis_limit = {_ANALYSIS_LIMIT}")
    connection.exec_driver_sql("ANALYZE")


def _sizes(connection: Connection) -> dict[str, int]:
    """Highest row ids: the number of rows, as no more than a few are ever deleted."""
    highest = ", ".join(f"(SELECT MAX(rowid) FROM {table})" for table in GROWING)
    row = connection.exec_driver_sql(f"SELECT {highest}").one()
    return {table: int(size or 0) for table, size in zip(GROWING, row, strict=True)}


def _known_sizes(connection: Connection) -> dict[str, int]:
    sizes = dict.fromkeys(GROWING, _SMALL // GROWTH)
    is_there = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"
    if connection.exec_driver_sql(is_there).scalar():
        for table, stat in connection.exec_driver_sql("SELECT tbl, stat FROM sqlite_stat1"):
            if table in sizes and stat:
                sizes[table] = max(sizes[table], int(stat.split()[0]))
    return sizes
