"""Turns of the writers of one PostgreSQL database.

The turn is a lock on the table of the schema's revision. Only roles that may change the
table can lock it so; any role that can connect could take an advisory lock.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection

from skydb.errors import StoreError

if TYPE_CHECKING:
    import psycopg

_TABLE = "alembic_version"

#: Lock mode that conflicts with itself and with no reader.
_MODE = "SHARE ROW EXCLUSIVE"

#: A new database has no table yet: two numbers, a class of locks of skydb's own ("skyd") and one.
_CLASS = 0x736B7964

#: A shorter wait is not reported.
_PATIENCE_MS = 3_000

_Driver: TypeAlias = "psycopg.Connection[Any]"

_TURN = f"""
    SET LOCAL lock_timeout = {{timeout_ms}};
    SAVEPOINT skydb_turn;
    DO $$ BEGIN
        IF to_regclass('{_TABLE}') IS NULL THEN PERFORM pg_advisory_xact_lock({_CLASS}, 1);
        ELSE LOCK TABLE {_TABLE} IN {_MODE} MODE; END IF;
    END $$;
    RELEASE SAVEPOINT skydb_turn
"""

_HOLDERS = f"""
    SELECT a.pid, a.application_name, a.usename, a.xact_start
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.pid <> pg_backend_pid() AND a.datname = current_database() AND (
        (l.relation = to_regclass('{_TABLE}') AND l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
        OR (l.locktype = 'advisory' AND l.classid = {_CLASS} AND l.objsubid = 2))
    ORDER BY a.xact_start LIMIT 1
"""

_log = logging.getLogger(__name__)


def take(connection: Connection, timeout_ms: int) -> None:
    """Wait until no other transaction writes; it is this one's turn until it ends.

    A warning of the logger of this module names the process that holds the lock.

    Raises
    ------
    StoreError
        When the other one takes longer than the timeout, or the role may not write.
    """
    import psycopg

    # The driver's, for SQLAlchemy would end a transaction that it has not yet begun.
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    if _taken(driver, min(_PATIENCE_MS, timeout_ms)):
        return
    _log.warning("Waiting for %s.", _holder(driver))
    if not _taken(driver, max(timeout_ms - _PATIENCE_MS, 1)):
        raise StoreError(
            f"The database is locked: waited {timeout_ms / 1000:g} s for {_holder(driver)}.",
            advice="Try again when it is done.",
        )


def _taken(driver: _Driver, timeout_ms: int) -> bool:
    import psycopg

    try:
        driver.execute(_TURN.format(timeout_ms=timeout_ms).encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"The role {driver.info.user} may not write to this ledger.",
            advice=f"Its owner can let it: GRANT INSERT, UPDATE, DELETE ON {_TABLE} and the "
            "other tables.",
        ) from error
    except psycopg.errors.LockNotAvailable:
        driver.execute("ROLLBACK TO SAVEPOINT skydb_turn")
        return False
    return True


def _holder(driver: _Driver) -> str:
    found = driver.execute(_HOLDERS.encode()).fetchone()
    if found is None:
        return "another writer"
    pid, application, role, since = found
    when = f" since {since:%H:%M:%S} UTC" if isinstance(since, datetime) else ""
    return f"{application or 'a client'} (role {role}, pid {pid}){when}"
