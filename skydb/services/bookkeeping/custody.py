"""Backups of a ledger, and roles that may read it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from skydb.errors import StoreError, UsageError
from skydb.files.drafts import LOGS, draft_of, forget_dead_drafts
from skydb.services.core import Progress, Quiet
from skydb.store import schema
from skydb.store.backups import back_up_sqlite, seal
from skydb.store.copying import TableCopy, copy_ledger, tables_in_order
from skydb.store.engine import open_engine, resolve_url, sqlite_path
from skydb.store.grants import Reader
from skydb.store.grants import make_reader as grant_reader
from skydb.store.pgdump import back_up_dump, why_no_dump
from skydb.store.urls import redacted


class BackupKind(StrEnum):
    """The form of a backup."""

    SQLITE = "sqlite"
    """A ledger in an SQLite file, used as any other."""
    DUMP = "dump"
    """A dump of PostgreSQL in its custom format, for pg_restore."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Parameters
    ----------
    path : str
        The file.
    kind : BackupKind
        What it is.
    bytes : int
        Its size.
    tables : list of TableCopy
        Every table with its rows and the checksum that ledger and backup have.
    remark : str
        Why it is not a dump; empty when nothing is to be said.
    """

    path: str
    kind: BackupKind
    bytes: int
    tables: list[TableCopy]
    remark: str = ""


def back_up(
    url: str | None,
    path: Path,
    *,
    kind: BackupKind | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Backup:
    """Write the ledger as it stands at one moment to a file, while others write to it.

    The files of the ledger's versions are not in it.

    Parameters
    ----------
    url : str or None
        The ledger.
    path : Path
        The file.
    kind : BackupKind, optional
        Its form; of SQLite an SQLite file, of PostgreSQL a dump when pg_dump is there and
        as new as the server, else an SQLite file.
    overwrite : bool
        Whether it may take the place of an earlier file, which stays until it is proved.
    progress : Progress, optional
        Display of the progress of long work.

    Raises
    ------
    UsageError
        When the file is there, or is the ledger itself, or a dump is asked for of SQLite.
    StoreError
        When the backup fails, or is not what the ledger has; nothing is left of it then.
    """
    listener = progress or Quiet()
    path = path.expanduser().absolute()
    engine = open_engine(resolve_url(url))
    try:
        _require_place(engine, path, overwrite=overwrite)
        schema.require_current(engine)
        chosen, remark = _chosen(engine, kind)
        listener.begin("Proving tables", len(tables_in_order()))
        with _draft(path, overwrite=overwrite) as draft:
            tables = _made(engine, draft, chosen, listener)
        return Backup(str(path), chosen, path.stat().st_size, tables, remark)
    finally:
        listener.end()
        engine.dispose()


def make_reader(url: str | None, role: str, password: str | None = None) -> Reader:
    """Make a role of PostgreSQL that can only read; see :func:`.grants.make_reader`."""
    engine = open_engine(resolve_url(url))
    try:
        schema.require_current(engine)
        return grant_reader(engine, role, password)
    finally:
        engine.dispose()


def _chosen(engine: Engine, kind: BackupKind | None) -> tuple[BackupKind, str]:
    if engine.dialect.name == "sqlite":
        if kind is BackupKind.DUMP:
            raise UsageError("Only PostgreSQL can be dumped.", advice="Leave --kind out.")
        return BackupKind.SQLITE, ""
    if kind is BackupKind.SQLITE:
        return kind, ""
    reason = why_no_dump(engine)
    if reason is None:
        return BackupKind.DUMP, ""
    if kind is BackupKind.DUMP:
        raise StoreError(f"No dump can be made: {reason}.", advice="--kind sqlite needs no client.")
    return BackupKind.SQLITE, f"This is an SQLite file and no dump: {reason}."


def _made(engine: Engine, draft: Path, kind: BackupKind, listener: Progress) -> list[TableCopy]:
    def advance(_: str) -> None:
        listener.advance()

    if kind is BackupKind.DUMP:
        return back_up_dump(engine, draft, advance)
    if engine.dialect.name == "sqlite":
        return back_up_sqlite(engine, draft, advance)
    there = f"sqlite:///{draft}"
    schema.upgrade(there)
    target = open_engine(resolve_url(there))
    try:
        copies = copy_ledger(engine, target, advance, is_new=True)
    finally:
        target.dispose()
    seal(draft)
    return copies


def _require_place(engine: Engine, path: Path, *, overwrite: bool) -> None:
    if path.resolve() == sqlite_path(engine.url):
        raise UsageError(f"{path} is the ledger itself.", advice="Name another file.")
    if path.is_dir():
        raise UsageError(f"{path} is a directory.", advice="Name a file in it.")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already.", advice="Name another file, or use --overwrite.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no directory {path.parent}.", advice="Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise StoreError(f"{path} cannot be made: {path.parent} is write-protected.")


@contextmanager
def _draft(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A name beside the file, which gets the file's own at the end of the block."""
    forget_dead_drafts(path)
    draft = draft_of(path)
    try:
        yield draft
        if overwrite:
            draft.replace(path)
        else:
            _take_name(draft, path)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        cause = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
        said = redacted(" ".join(str(cause).split()).removesuffix("."))
        raise StoreError(f"The backup {path} failed: {said}.") from error
    finally:
        for ending in ("", *LOGS):
            with suppress(OSError):
                draft.with_name(draft.name + ending).unlink()


def _take_name(draft: Path, path: Path) -> None:
    try:
        # Unlike a rename this fails when the name was taken in the meantime.
        path.hardlink_to(draft)
    except FileExistsError as error:
        raise UsageError(f"{path} exists by now.", advice="Name another file.") from error
    except OSError:
        # Some file systems have no links.
        draft.rename(path)
