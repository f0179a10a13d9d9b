"""How a migration meets the database."""

from alembic import context
from sqlalchemy import Connection, Engine
from sqlalchemy.types import TypeEngine

import skydb.domain  # noqa: F401 - fills the metadata
from skydb.domain.base import Base, Key, UtcDateTime
from skydb.errors import StoreError
from skydb.store.engine import open_engine, resolve_url


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Spell the column types of skydb in plain SQLAlchemy, so that a migration never changes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, TypeEngine) and item.__visit_name__ == "JSON":
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if item is Key:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


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
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _refuse_dangling(connection)


def _refuse_dangling(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        what = f"{len(broken)} dangling references, of {broken[0][0]} to {broken[0][2]} first"
        raise StoreError(f"The migration would leave {what}.")


def _migrate_sqlite(connection: Connection) -> None:
    # A batch alter copies the table; with foreign keys on, dropping the old copy would
    # delete child rows through CASCADE. And renaming the new copy would fail because of the
    # views on it, unless the old manner of ALTER TABLE leaves them alone.
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
