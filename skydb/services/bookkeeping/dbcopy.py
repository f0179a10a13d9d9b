"""Moving a ledger between SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import URL

from skydb.errors import UsageError
from skydb.services.bookkeeping.custody import BackupKind, back_up
from skydb.services.core import Progress, Quiet
from skydb.store import schema
from skydb.store.copying import TableCopy, copy_ledger, tables_in_order
from skydb.store.engine import open_engine, resolve_url, sqlite_path


def copy_database(source: str, target: str, progress: Progress | None = None) -> list[TableCopy]:
    """Copy a ledger to an empty database, which is made or brought up to date first.

    A copy that is there already, with the same rows in every table, is proved once more.

    Files are not copied: paths in a ledger start at its data root, so the copy is used with
    the same one.

    Parameters
    ----------
    source, target : str
        Database URLs, of either kind.
    progress : Progress, optional
        Display of the progress of long work.

    Returns
    -------
    list of TableCopy
        Every table with its rows and its checksum, which both sides have.

    Raises
    ------
    UsageError
        When both are one database, or the target has other rows.
    SchemaError
        When the source is not at the revision of this skydb.
    StoreError
        When a copy is not what was written; the target is then left empty.
    """
    listener = progress or Quiet()
    here, there = resolve_url(source), resolve_url(target)
    _require_two(here, there)
    new_file = sqlite_path(there)
    if new_file is not None and not new_file.exists():
        # It gets its name when it is proved; from SQLite pages are copied, not rows.
        return back_up(source, new_file, kind=BackupKind.SQLITE, progress=listener).tables
    reading = open_engine(here)
    try:
        schema.require_current(reading)
        writing = open_engine(there)
        try:
            is_new = schema.current(writing).revision is None
            schema.upgrade(target)
            listener.begin("Copying tables", len(tables_in_order()))
            return copy_ledger(reading, writing, lambda _: listener.advance(), is_new=is_new)
        finally:
            listener.end()
            writing.dispose()
    finally:
        reading.dispose()


def _require_two(here: URL, there: URL) -> None:
    paths = sqlite_path(here), sqlite_path(there)
    if here == there or (paths[0] is not None and paths[0] == paths[1]):
        raise UsageError("Source and target are one database.")
