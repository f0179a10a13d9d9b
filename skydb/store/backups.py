"""Backups: the ledger at one moment, in one file, while others write to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from skydb.errors import StoreError
from skydb.store.copying import TableCopy, checksum_of, tables_in_order
from skydb.store.engine import as_reader, open_engine, resolve_url
from skydb.store.rowsums import RowSum

#: Pages that are copied at once: a signal is seen between them.
_PAGES = 5_000

Advance = Callable[[str], None]


def back_up_sqlite(source: Engine, target: Path, advance: Advance) -> list[TableCopy]:
    """Copy an SQLite ledger page by page, and verify the copy table by table.

    All is read in one transaction, so that writers can continue and the copy has none of
    their changes.

    Parameters
    ----------
    source : Engine
        The ledger.
    target : Path
        A file that is not there.
    advance : callable
        Called with the name of each table before it is checked.

    Raises
    ------
    StoreError
        When a table of the copy is not that of the ledger.
    """
    with as_reader(source).connect() as reading:
        _copy_pages(reading, target)
        copy = open_engine(resolve_url(f"sqlite:///{target}"))
        try:
            with as_reader(copy).connect() as read_back:
                copies = []
                for one in tables_in_order():
                    advance(one.name)
                    sent, received = checksum_of(reading, one), checksum_of(read_back, one)
                    copies.append(proved(one.name, sent, received))
                return copies
        finally:
            copy.dispose()


def copy_sqlite(source: Engine, target: Path) -> None:
    """Copy an SQLite ledger page by page as :func:`back_up_sqlite`, without the verification.

    Raises
    ------
    StoreError
        When SQLite cannot copy it, as on a full disk.
    """
    with as_reader(source).connect() as reading:
        try:
            _copy_pages(reading, target)
        except sqlite3.Error as error:
            raise StoreError(f"The copy {target} failed: {error}.") from error


def _copy_pages(reading: Connection, target: Path) -> None:
    # The first read is what the transaction sees until its end.
    reading.execute(text("SELECT count(*) FROM alembic_version")).scalar()
    driver = reading.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    with closing(sqlite3.connect(target)) as writing:
        driver.backup(writing, pages=_PAGES, sleep=0)
    seal(target)


def proved(name: str, sent: RowSum, received: RowSum) -> TableCopy:
    """A table that was copied.

    Raises
    ------
    StoreError
        When the sums differ.
    """
    if (sent.rows, sent.total) != (received.rows, received.total):
        raise StoreError(
            f"The backup of {name} differs from the original: {sent.rows} rows with checksum "
            f"{sent.hexadecimal[:12]}, and {received.rows} rows with {received.hexadecimal[:12]}.",
            advice="Nothing was kept.",
        )
    return TableCopy(name, sent.rows, sent.hexadecimal, verified=True)


def seal(path: Path) -> None:
    """Make an SQLite file complete without a log beside it, readable anywhere."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


def exported_snapshot(reading: Connection) -> str:
    """Name of a snapshot of PostgreSQL, which pg_dump then uses."""
    return str(reading.scalar(text("SELECT pg_export_snapshot()")))
