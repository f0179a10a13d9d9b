"""How a migration meets the database."""

from alembic import context
from sqlalchemy import Connection, Engine

import skydb.domain  # noqa: F401 - fills the metadata
from skydb.domain.entities import Base
from skydb.errors import StoreError
from skydb.store.engine import open_engine, resolve_url
from skydb.store.rendering import render_item
from skydb.store.summaries import create_summaries, drop_summaries
from skydb.store.views import create_views, drop_views


def _engine() -> Engine:
    engine = context.config.attributes.get("engine")
    return engine if engine is not None else open_engine(resolve_url(), must_exist=False)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=True,
        compare_type=True,
        # SQLite can undo DDL as PostgreSQL does; alembic only trusts its driver not to.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if _stays():
            context.run_migrations()
            return
        # Views are of no revision: one of another revision would be in the way of a change of
        # its tables, and one of this skydb may read columns that a migration has yet to add.
        drop_views(connection)
        drop_summaries(connection)
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _refuse_dangling(connection)
        if _is_newest():
            create_summaries(connection)
            create_views(connection)


def _stays() -> bool:
    """Whether no migration is to run: the ledger is where it is to go, or is only looked at."""
    wanted = context.get_context().opts.get("destination_rev")
    return wanted is None or (_is_newest() and wanted in ("head", *context.script.get_heads()))


def _is_newest() -> bool:
    return set(context.get_context().get_current_heads()) == set(context.script.get_heads())


def _refuse_dangling(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        what = f"{len(broken)} dangling references, of {broken[0][0]} to {broken[0][2]} first"
        raise StoreError(f"The migration would leave {what}.")


def _migrate_sqlite(connection: Connection) -> None:
    # A batch alter copies the table; with foreign keys on, dropping the old copy would
    # delete child rows through CASCADE. And renaming the new copy would fail because of
    # somebody's own views on it, unless the old manner of ALTER TABLE leaves them alone.
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys = OFF")
    driver.execute("PRAGMA legacy_alter_table = ON")
    try:
        _migrate(connection)
    finally:
        driver.execute("PRAGMA legacy_alter_table = OFF")
        driver.execute("PRAGMA foreign_keys = ON")
        driver.close()


with _engine().connect() as the_connection:
    if the_connection.dialect.name == "sqlite":
        _migrate_sqlite(the_connection)
    else:
        _migrate(the_connection)
        the_connection.commit()
