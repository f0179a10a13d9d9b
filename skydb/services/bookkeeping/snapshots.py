"""A ledger as it stands at one moment, as an SQLite file that is there for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skydb.domain.base import utc_now
from skydb.files.temporary import temporary
from skydb.services.bookkeeping.custody import BackupKind, back_up
from skydb.services.core import Context
from skydb.store.backups import copy_sqlite, seal
from skydb.store.engine import open_engine, resolve_url, sqlite_path
from skydb.store.statistics import refresh_statistics

#: Label of the scratch directory.
_LABEL = "browse"
#: Size from which it is said what takes time.
_LARGE_BYTES = 250_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of a ledger.

    Parameters
    ----------
    path : Path
        The SQLite file, in a directory of its own.
    taken_at : datetime
        When it was begun; what was committed later is not in it.
    """

    path: Path
    taken_at: datetime


@dataclass(frozen=True)
class SnapshotService:
    """Takes snapshots; writers are neither stopped nor waited for."""

    context: Context

    @contextmanager
    def taken(self) -> Iterator[Snapshot]:
        """A snapshot for the length of a block.

        It lies below the data root, where `skydb fsck` finds what a killed process leaves,
        or in the system's directory of temporary files when the data root is write-protected.

        Raises
        ------
        StoreError
            When it cannot be written.
        """
        with self._directory() as home:
            when, path = utc_now(), home / "ledger.sqlite"
            self._fill(path)
            yield Snapshot(path, when)

    @contextmanager
    def _directory(self) -> Iterator[Path]:
        if _may_write_below(self.context.workspace.root):
            with self.context.workspace.scratch(_LABEL) as home:
                yield home
            return
        with temporary("skydb-browse") as home:
            yield home

    def _fill(self, path: Path) -> None:
        engine = self.context.store.engine
        source = sqlite_path(engine.url)
        if source is not None:
            size = source.stat().st_size
            if size > _LARGE_BYTES:
                self.context.progress.remark(f"Copying the ledger ({size / 1e9:.1f} GB).")
            copy_sqlite(engine, path)
            return
        url = engine.url.render_as_string(hide_password=False)
        back_up(url, path, kind=BackupKind.SQLITE, progress=self.context.progress)
        copy = open_engine(resolve_url(f"sqlite:///{path}"))
        try:
            refresh_statistics(copy)
        finally:
            copy.dispose()
        seal(path)


def _may_write_below(directory: Path) -> bool:
    there = next(one for one in (directory, *directory.parents) if one.exists())
    return os.access(there, os.W_OK)
