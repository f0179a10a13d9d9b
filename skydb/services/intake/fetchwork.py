"""The downloads of one fetch, several at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from skydb.archive.download import Arrival, Downloader, TransferError
from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastClient, MastProduct
from skydb.domain.vocabulary import FetchStatus
from skydb.errors import FileRejectedError, UsageError
from skydb.files.checksum import sha256_of
from skydb.files.integrity import check_arrival
from skydb.services.core import Context
from skydb.services.intake.fetch_attempts import (
    AttemptLog,
    KnownDownload,
    known_downloads,
    printable,
)
from skydb.services.intake.fetched import FetchedFile, FetchPlan, planned_file
from skydb.threads import Threads

#: Directory below the data root for what has arrived of files that are not whole yet.
PARTIAL = "partial"


@dataclass(frozen=True)
class FetchWork:
    """One batch of files, several at the same time."""

    context: Context
    activity_id: int
    plan: FetchPlan
    client: MastClient
    file_store: FileStore
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> list[FetchedFile]:
        """Get every file that is available, and report the result of each."""
        products, jobs = self.plan.products, self.plan.settings.jobs
        self.context.progress.begin(
            f"Fetching {len(products)} files", self.plan.total_bytes, in_bytes=True
        )
        # Interrupted, or when a row was refused: leave soon, keep what has arrived.
        with Threads(jobs, "skydb-fetch", on_stop=self.stop.set) as pool:
            places = {pool.submit(self._fetch, one): n for n, one in enumerate(products)}
            done = {places[future]: future.result() for future in as_completed(places)}
        self.context.progress.end()
        return [done[number] for number in range(len(products))]

    def __post_init__(self) -> None:
        # Made before there are several threads.
        _ = self._known, self._downloader

    @cached_property
    def _known(self) -> dict[str, KnownDownload]:
        return known_downloads(self.context.store, (one.uri for one in self.plan.products))

    @cached_property
    def _downloader(self) -> Downloader:
        settings = self.plan.settings
        return Downloader(
            self.client,
            self.context.workspace.root / PARTIAL,
            self.client.open_session(settings.jobs),
            settings.attempts,
            settings.first_wait_s,
            stop=self.stop,
        )

    def _fetch(self, product: MastProduct) -> FetchedFile:
        log = AttemptLog(self.context, self.activity_id, product, self.client.redact)
        file = planned_file(product, self.file_store)
        try:
            if file.status is FetchStatus.REJECTED:
                log.refused(str(file.reason))
                return file
            here = None if self.plan.settings.refresh else self._here(product)
            if here is not None:
                return self._cached(file, *here, log)
            return self._arrived(file, product, log)
        finally:
            log.close()

    def _here(self, product: MastProduct) -> tuple[KnownDownload, str | None] | None:
        """Find the version that is here, with a remark; None when there is none to rely on."""
        known = self._known.get(printable(product.uri))
        if known is None:
            return self._unrecorded(product)
        is_whole = _holds(self.context.workspace.resolve(known.path), known)
        if not is_whole or product.size_bytes not in (None, known.size_bytes):
            return None
        if known.etag is None:
            return known, None
        try:
            etag = self._downloader.current(product).etag
        except TransferError as error:
            return known, f"not asked whether it has changed: {error.what}"
        return None if etag and etag != known.etag else (known, None)

    def _unrecorded(self, product: MastProduct) -> tuple[KnownDownload, None] | None:
        """A whole file that a fetch had put to its place when it was killed."""
        path = self.file_store.home(product)
        if not path.is_file() or path.stat().st_size != product.size_bytes:
            return None
        try:
            check_arrival(path, product.filename)
        except FileRejectedError:
            return None
        where = self.context.workspace.relative(path)
        return KnownDownload(where, sha256_of(path), path.stat().st_size, None), None

    def _cached(
        self, file: FetchedFile, known: KnownDownload, remark: str | None, log: AttemptLog
    ) -> FetchedFile:
        log.found(known, remark)
        self._downloader.tidy(log.product)
        return replace(
            file,
            status=FetchStatus.CACHED,
            bytes=known.size_bytes,
            sha256=known.sha256,
            version=known.version,
            path=str(self.context.workspace.resolve(known.path)),
            reason=remark and self.client.redact(remark),
        )

    def _arrived(self, file: FetchedFile, product: MastProduct, log: AttemptLog) -> FetchedFile:
        try:
            arrival = self._downloader.download(product, log)
            path, reason = self._placed(product, arrival, log)
        except TransferError as error:
            return replace(
                file,
                status=FetchStatus(error.status.value),
                bytes=error.received_bytes or 0,
                path=None,
                attempts=log.attempts,
                error=self.client.redact(str(error)),
            )
        return replace(
            file,
            status=FetchStatus.COMPLETE,
            bytes=arrival.size_bytes,
            sha256=arrival.sha256,
            path=str(path),
            attempts=log.attempts,
            reason=reason,
        )

    def _placed(
        self, product: MastProduct, arrival: Arrival, log: AttemptLog
    ) -> tuple[Path, str | None]:
        workspace = self.context.workspace
        known = self._known.get(printable(product.uri))
        is_repair = known is not None and known.sha256 == arrival.sha256
        restore = workspace.resolve(known.path) if known and is_repair else None
        try:
            placement = self.file_store.place(product, arrival, restore)
        except (OSError, UsageError) as error:
            what = f"{product.filename} cannot be moved to its directory ({error})"
            failure = TransferError(what, is_passing=False, received_bytes=arrival.size_bytes)
            log.failed(failure)
            raise failure from error
        log.finished(arrival, workspace.relative(placement.path))
        self._downloader.tidy(product)
        if placement.set_aside is None:
            return placement.path, None
        aside = workspace.relative(placement.set_aside)
        return placement.path, f"the earlier file had changed and is kept as {aside}"


def _holds(path: Path, known: KnownDownload) -> bool:
    try:
        return path.stat().st_size == known.size_bytes and sha256_of(path) == known.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False
