"""Versions on disk: the content that a run reads must be the content on record."""

from __future__ import annotations

from pathlib import Path

from skydb.domain import ProductVersion
from skydb.errors import FileRejectedError, NotFoundError
from skydb.files.checksum import sha256_of
from skydb.files.workspace import Workspace


def checked_path(workspace: Workspace, version: ProductVersion) -> Path:
    """Where a version is, once its bytes were found to be those on record.

    Raises
    ------
    NotFoundError
        When the file is gone.
    FileRejectedError
        When its content is not the recorded one.
    """
    path = workspace.resolve(version.path)
    if not path.is_file():
        raise NotFoundError(f"{path} is gone.", advice="Put it back, or fetch or ingest it again.")
    if path.stat().st_size != version.size_bytes or sha256_of(path) != version.sha256:
        raise FileRejectedError(
            path,
            f"its content is no longer that of version {version.number} in the ledger",
            advice="Record the new content with `skydb ingest`.",
        )
    return path
