"""Moving a ledger between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from skydb.errors import UsageError
from skydb.interruption import held
from skydb.services.bookkeeping.custody import BackupKind, back_up
from skydb.services.core import Progress, Quiet
from skydb.store import schema
from skydb.store.copying import TableCopy, copy_ledger, tables_in_order
from skydb.store.engine import open_engine, resolve_url, sqlite_path


def copy_database(source: str, target: str, progress: Progress | None = None) -> list[TableCopy]:
    """Copy a ledger to an empty database, which is made or brought up to date first.

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
        When both are one database, or the target has rows.
    SchemaError
        When the source is not at the revision of this skydb.
    StoreError
        When a copy is not what was written; the target is then left empty.
    """
    listener = progress or Quiet()
    here, there = resolve_url(source), resolve_url(target)
    _require_two(here, there)
    new_file = sqlite_path(there)
    if sqlite_path(here) is not None and new_file is not None and not new_file.exists():
        # SQLite copies pages a hundred times as fast as rows; the sums are compared as well.
        return back_up(source, new_file, kind=BackupKind.SQLITE, progress=listener).tables
    reading = open_engine(here)
    try:
        schema.require_current(reading)
        with _removed_on_failure(sqlite_path(there)):
            writing = open_engine(there, must_exist=False)
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


@contextmanager
def _removed_on_failure(path: Path | None) -> Iterator[None]:
    """Leave no SQLite file behind that was not there before."""
    is_new = path is not None and not path.exists()
    try:
        yield
    except BaseException:
        if path is not None and is_new:
            with held():
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise
