"""Opening a ledger: its database, its data root, and what every service is given."""

from __future__ import annotations

import os
from pathlib import Path

from skydb.errors import SkydbError
from skydb.files.workspace import Workspace
from skydb.services.core.context import Context
from skydb.services.core.progress import Progress, Quiet
from skydb.store import schema
from skydb.store.engine import open_engine, resolve_url, sqlite_path
from skydb.store.unit_of_work import Store

DATA_DIRECTORY = "skydb-data"


def data_root(url: str | None, data: str | Path | None = None) -> Path:
    """The data root asked for, else ``$SKYDB_DATA``, else beside the SQLite file.

    For PostgreSQL the last is the current directory.
    """
    chosen = data or os.environ.get("SKYDB_DATA")
    if chosen:
        return Path(chosen).expanduser()
    database = sqlite_path(resolve_url(url))
    return (database.parent if database else Path.cwd()) / DATA_DIRECTORY


def connect(
    url: str | None = None,
    data: str | Path | None = None,
    progress: Progress | None = None,
) -> Context:
    """Connect to a ledger.

    Raises
    ------
    NotFoundError
        When the SQLite file is not there.
    SchemaError
        When the schema is not the one of this skydb.
    """
    engine = open_engine(resolve_url(url))
    try:
        schema.require_current(engine)
    except SkydbError:
        engine.dispose()
        raise
    return Context(Store(engine), Workspace(data_root(url, data)), progress or Quiet())
