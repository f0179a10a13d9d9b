"""Fetch: query the archive, show the plan, download, check, record every attempt, ingest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.archive.endpoints import Endpoints
from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastClient, MastProduct, MastQuery
from skydb.archive.session import token_from_environment
from skydb.domain import Download, DownloadActivity, ProductVersion
from skydb.domain.vocabulary import FetchStatus, FindingKind, IngestStatus
from skydb.errors import SkydbError, UsageError
from skydb.services.core import Context
from skydb.services.intake.fetch_attempts import KnownDownload, known_downloads
from skydb.services.intake.fetched import FetchedFile, FetchPlan, FetchSettings, planned_file
from skydb.services.intake.fetchwork import FetchWork
from skydb.services.intake.ingest import IngestService

#: Directory below the data root for whole files.
HOME = "mast"


@dataclass(frozen=True)
class FetchService:
    """Fetches products from MAST into the data root and the ledger."""

    context: Context
    endpoints: Endpoints = field(default_factory=Endpoints.from_environment)

    def plan(
        self, query: MastQuery, settings: FetchSettings | None = None, *, record: bool = False
    ) -> FetchPlan:
        """Query the archive; nothing is fetched.

        Parameters
        ----------
        query : MastQuery
            What is wanted.
        settings : FetchSettings, optional
            How it would be fetched.
        record : bool
            Whether a query that fails is to leave a row.

        Raises
        ------
        UsageError
            When the query asks for nothing.
        NotFoundError
            When MAST has nothing that fits.
        ArchiveError
            When MAST cannot be reached, or answers what cannot be understood.
        """
        settings = settings or FetchSettings()
        client = self._client(settings)
        self.context.progress.begin("Asking MAST")
        try:
            products = tuple(client.products(query))
        except SkydbError as error:
            if record and not isinstance(error, UsageError):
                self._record_failure(self._parameters(query, settings, client), error)
            raise
        finally:
            self.context.progress.end()
        return FetchPlan(query, settings, products, self._files(products, settings))

    def _files(
        self, products: Sequence[MastProduct], settings: FetchSettings
    ) -> tuple[FetchedFile, ...]:
        """Files as they are listed; those are here of which a fetch has a file of that size.

        Whether it still has its bytes, and whether the archive has others, the fetch asks.
        """
        home = self._home(settings)
        files = [planned_file(product, home) for product in products]
        if settings.refresh:
            return tuple(files)
        known = known_downloads(self.context.store, (file.uri for file in files))
        return tuple(self._here(file, known.get(file.uri)) for file in files)

    def _here(self, file: FetchedFile, known: KnownDownload | None) -> FetchedFile:
        if known is None or file.status is not FetchStatus.PLANNED:
            return file
        path = self.context.workspace.resolve(known.path)
        is_size = file.bytes in (None, known.size_bytes)
        if not is_size or not path.is_file() or path.stat().st_size != known.size_bytes:
            return file
        return replace(file, status=FetchStatus.CACHED, bytes=known.size_bytes, path=str(path))

    def download(self, plan: FetchPlan) -> list[FetchedFile]:
        """Get the files of a plan that are not here yet, and record them.

        A file that cannot be had is reported and left out; the rest of the batch goes on.

        Returns
        -------
        list of FetchedFile
            One for each file, in the order of the plan.
        """
        client = self._client(plan.settings)
        asked = self._parameters(plan.query, plan.settings, client)
        asked |= {"files": len(plan.products), "bytes": plan.total_bytes}
        activity_id = self.context.begin(lambda _, stamp: DownloadActivity(asked, stamp))
        with self.context.guarded(DownloadActivity, activity_id):
            work = FetchWork(self.context, activity_id, plan, client, self._home(plan.settings))
            files = self._ingested(work.run())
            with self.context.closing(DownloadActivity, activity_id) as (session, activity):
                files = _linked(session, activity_id, files)
                _conclude(activity, files)
        return files

    def fetch(self, query: MastQuery, settings: FetchSettings | None = None) -> list[FetchedFile]:
        """:meth:`plan` and :meth:`download` in one."""
        return self.download(self.plan(query, settings, record=True))

    def _client(self, settings: FetchSettings) -> MastClient:
        return MastClient(
            self.endpoints.mast_url,
            token=token_from_environment(),
            timeout_s=settings.timeout_s,
            attempts=settings.attempts,
            first_wait_s=settings.first_wait_s,
        )

    def _home(self, settings: FetchSettings) -> FileStore:
        return FileStore(
            (settings.dest or self.context.workspace.root / HOME).expanduser().absolute()
        )

    def _parameters(
        self, query: MastQuery, settings: FetchSettings, client: MastClient
    ) -> dict[str, Any]:
        asked = {"service": client.url, "query": asdict(query), "settings": asdict(settings)}
        parameters: dict[str, Any] = json.loads(client.redact(json.dumps(asked, default=str)))
        return parameters

    def _record_failure(self, asked: dict[str, Any], error: SkydbError) -> None:
        activity_id = self.context.begin(lambda _, stamp: DownloadActivity(asked, stamp))
        with self.context.closing(DownloadActivity, activity_id) as (_, activity):
            activity.fail(str(error))

    def _ingested(self, files: Sequence[FetchedFile]) -> list[FetchedFile]:
        """Files with the reasons of those that ingest would not take."""
        here = sorted({file.path for file in files if file.path and not file.version})
        if not here:
            return list(files)
        outcomes = IngestService(self.context).ingest(here, is_managed=True)
        refused = {one.path: one for one in outcomes if one.status is IngestStatus.REJECTED}
        return [
            replace(file, reason=f"here, but not recorded: {refused[file.path].reason}")
            if file.path in refused
            else file
            for file in files
        ]


def _linked(session: Session, activity_id: int, files: Sequence[FetchedFile]) -> list[FetchedFile]:
    """Point each download at the version that it brought."""
    of_fetch = (
        select(Download, ProductVersion)
        .join(ProductVersion, ProductVersion.sha256 == Download.sha256)
        .where(Download.activity_id == activity_id)
    )
    numbers: dict[str, int] = {}
    # The same bytes may be on offer under several names: they are one version.
    for row, version in session.execute(of_fetch):
        row.version = version
        numbers[row.uri] = version.number
    return [replace(file, version=numbers.get(file.uri)) for file in files]


def _conclude(activity: DownloadActivity, files: Sequence[FetchedFile]) -> None:
    """Add findings for remarkable files, and fail when a file is not available."""
    for file in files:
        said = file.reason or file.error
        if said is not None:
            activity.notice(FindingKind.REJECTED_FILE, file.filename, said)
    missing = sum(file.is_unusable for file in files)
    if missing:
        activity.fail(f"{missing} of {len(files)} files could not be fetched.")
