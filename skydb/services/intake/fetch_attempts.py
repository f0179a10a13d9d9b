"""Every attempt to fetch a file, on record while it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from skydb.archive.download import Arrival, TransferError
from skydb.archive.mast import MastProduct
from skydb.domain import Download, ProductVersion
from skydb.domain.vocabulary import DownloadStatus
from skydb.services.core import Context, Part
from skydb.store.rows import in_parts
from skydb.store.unit_of_work import Store

#: Longer than the URI of any file whose name is taken.
_LONGEST_SHOWN = 300


def printable(text: str, longest: int = _LONGEST_SHOWN) -> str:
    """Clean a text of an archive for a database and a terminal: no NUL, limited length."""
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
    if len(shown) <= longest:
        return shown
    # Two that begin alike stay two.
    rest = hashlib.sha256(shown.encode()).hexdigest()[:8]
    return f"{shown[:longest]}...{rest}"


@dataclass(frozen=True, slots=True)
class KnownDownload:
    """The last version that was fetched under a URI."""

    path: str
    sha256: str
    size_bytes: int
    etag: str | None
    version: int | None = None


def known_downloads(store: Store, uris: Iterable[str]) -> dict[str, KnownDownload]:
    """Look up what was fetched before, by URI as it is recorded."""
    columns: tuple[Any, ...] = (
        *(Download.uri, Download.path, Download.sha256, Download.received_bytes),
        *(Download.etag, ProductVersion.number),
    )
    # The last of each URI is the last row.
    fetched = (
        select(*columns)
        .outerjoin(ProductVersion, ProductVersion.id == Download.version_id)
        .where(Download.sha256.is_not(None), Download.path.is_not(None))
        .order_by(Download.id)
    )
    with store.reading() as session:
        return {
            uri: KnownDownload(*facts)
            for part in in_parts(fetched, Download.uri, map(printable, uris))
            for uri, *facts in session.execute(part)
        }


@dataclass
class AttemptLog:
    """Writes a Download row for each attempt at one file, and moves its bar.

    A row is there from the start of its attempt, so that one that was killed left a trace.
    """

    context: Context
    activity_id: int
    product: MastProduct
    redact: Callable[[str], str]
    attempts: int = 0
    _row: int | None = None
    _part: Part | None = None
    _moved_bytes: int = field(default=0)

    @property
    def uri(self) -> str:
        """The archive's name of the file, as it is recorded."""
        return printable(self.product.uri)

    def started(self, attempt: int) -> None:
        """An attempt begins, counted from 1."""
        if self._part is None:
            name, size = self.product.filename, self.product.size_bytes
            self._part = self.context.progress.part(name, size)
        self.moved(-self._moved_bytes)
        self.attempts = attempt
        with self.context.store.writing() as session:
            row = Download(self.activity_id, self.uri, attempt, self.product.size_bytes)
            session.add(row)
            session.flush()
            self._row = row.id
            session.commit()

    def failed(self, error: TransferError) -> None:
        """It ended badly."""
        with self.context.store.writing() as session:
            row = session.get_one(Download, self._row)
            row.fail(error.status, self.redact(str(error)), error.received_bytes)
            session.commit()

    def moved(self, arrived_bytes: int) -> None:
        """Bytes of this attempt arrived, or were there from an earlier one."""
        self._moved_bytes += arrived_bytes
        self.context.progress.advance(arrived_bytes)
        if self._part is not None:
            self._part.advance(arrived_bytes)

    def finished(self, arrival: Arrival, path: str) -> None:
        """The attempt gave a whole file that is now at its place."""
        with self.context.store.writing() as session:
            row = session.get_one(Download, self._row)
            row.finish(
                DownloadStatus.COMPLETE, arrival.size_bytes, arrival.sha256, path, arrival.etag
            )
            session.commit()

    def found(self, known: KnownDownload, remark: str | None) -> None:
        """The file is here already; nothing is fetched."""
        self.moved(self.product.size_bytes or 0)
        with self.context.store.writing() as session:
            row = Download(self.activity_id, self.uri, 1, self.product.size_bytes)
            session.add(row)
            row.finish(
                DownloadStatus.CACHED, known.size_bytes, known.sha256, known.path, known.etag
            )
            row.error = remark and self.redact(remark)
            session.commit()

    def refused(self, reason: str) -> None:
        """The file is not asked for."""
        with self.context.store.writing() as session:
            row = Download(self.activity_id, self.uri, 1, self.product.size_bytes)
            session.add(row)
            row.fail(DownloadStatus.FAILED, f"not fetched: {reason}", 0)
            session.commit()

    def close(self) -> None:
        """Take the bar away."""
        if self._part is not None:
            self._part.end()
