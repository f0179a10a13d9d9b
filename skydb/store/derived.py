"""Views, and the tables and triggers of kept counts: what follows from the other tables."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from skydb.store.summaries import KEPT, create_summaries, drop_summaries
from skydb.store.views import create_views, drop_views, view_names

#: Names of tables and views, by the kind of database.
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
    "postgresql": "SELECT c.relname FROM pg_class c"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')",
}


def derived_names() -> tuple[str, ...]:
    """Name the views and the tables of kept counts that a ledger has."""
    return (*KEPT, *view_names())


def missing_derived(connection: Connection) -> list[str]:
    """Name the views, and the tables of kept counts, that the database does not have."""
    present = set(connection.exec_driver_sql(_NAMES[connection.dialect.name]).scalars())
    return [name for name in derived_names() if name not in present]


def make_derived_anew(engine: Engine) -> None:
    """Make the views, and count all visits anew; in one transaction."""
    with engine.begin() as connection:
        drop_views(connection)
        drop_summaries(connection)
        create_summaries(connection)
        create_views(connection)
