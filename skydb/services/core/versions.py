"""Versions on disk: a run reads a file only when its checksum is the recorded one."""

from __future__ import annotations

from pathlib import Path

from skydb.domain import ProductVersion
from skydb.domain.values import FileFacts
from skydb.errors import FileRejectedError, NotFoundError
from skydb.files.checksum import sha256_of
from skydb.files.dqfile import flags_beside, require_flags
from skydb.files.textfile import unpacked_sha256
from skydb.files.workspace import Workspace


def keep_version(workspace: Workspace, copy: Path) -> FileFacts:
    """Keep a new version of a file below the data root, with its flags, and read it."""
    from skydb.files.reader import read_facts

    sha256 = sha256_of(copy)
    return read_facts(workspace.store_version(copy, copy.name, sha256)).with_checksum(sha256)


def checked_path(workspace: Workspace, version: ProductVersion) -> Path:
    """Find the file of a version, once its bytes were found to be those on record.

    Of several files the first with the recorded checksum counts. One that was packed where it
    lay, as with ``gzip``, counts with the bytes that it holds.

    Raises
    ------
    NotFoundError
        When the file is gone.
    FileRejectedError
        When its checksum is not the recorded one.
    """
    if not version.locations:
        raise NotFoundError(
            f"No file of {version.reference} is known any more.",
            advice="Put it back, or fetch or ingest it again.",
        )
    path = workspace.resolve(version.path)
    others = [workspace.resolve(place.path) for place in version.locations]
    for one in (path, *others):
        if _holds(one, version):
            _check_flags(one, version)
            return one
    for one in (path, *others):
        if (packed := packed_since(one, version.sha256)) is not None:
            _check_flags(packed, version)
            return packed
    require_content(path, version)
    return path


def require_content(path: Path, version: ProductVersion) -> None:
    """Make sure that a file is that of a version.

    Raises
    ------
    NotFoundError
        When the file is gone.
    FileRejectedError
        When its checksum is not the recorded one.
    """
    if not path.is_file():
        raise NotFoundError(f"{path} is gone.", advice=_cure(path))
    if not _holds(path, version):
        raise FileRejectedError(
            path,
            f"it has changed and is no longer version {version.number} of the ledger",
            advice="Record the new version with `skydb ingest`.",
        )
    _check_flags(path, version)


def content_sha256(path: Path, expected: str) -> str:
    """SHA-256 of a file; of the bytes that it holds where it is packed and these are expected."""
    found = sha256_of(path)
    return expected if found != expected == unpacked_sha256(path) else found


def packed_since(gone: Path, sha256: str) -> Path | None:
    """Find the gzipped file in the place of one that is gone, if it holds these bytes."""
    packed = _packed_name(gone)
    if gone.is_file() or not packed.is_file() or unpacked_sha256(packed) != sha256:
        return None
    return packed


def _packed_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _cure(gone: Path) -> str:
    packed = _packed_name(gone)
    if packed.is_file():
        return f"{packed.name} lies there: unpack it, as with `gunzip`."
    return "Put it back, or fetch or ingest it again."


def _holds(path: Path, version: ProductVersion) -> bool:
    if not path.is_file() or path.stat().st_size != version.size_bytes:
        return False
    return sha256_of(path) == version.sha256


def _check_flags(path: Path, version: ProductVersion) -> None:
    """Its flags, when they are another file, are those on record as well."""
    if version.dq_sha256 is None:
        return
    require_flags(path)
    flags = flags_beside(path)
    if flags is not None and version.dq_sha256 not in (sha256_of(flags), unpacked_sha256(flags)):
        reason = f"it has changed since {path.name} was ingested"
        raise FileRejectedError(flags, reason, advice="Record the new version with `skydb ingest`.")
