"""The composition root: every service of one ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skydb.errors import SkydbError, UsageError
from skydb.files.workspace import Workspace
from skydb.services.context import Context
from skydb.services.progress import Progress, Quiet
from skydb.services.questions import Questions
from skydb.store import schema
from skydb.store.engine import open_engine, resolve_url, sqlite_path
from skydb.store.unit_of_work import Store

if TYPE_CHECKING:
    from skydb.services.accept import AcceptService
    from skydb.services.align import AlignService
    from skydb.services.audit import AuditService
    from skydb.services.books import BooksService
    from skydb.services.catalog_queries import CatalogQueryService
    from skydb.services.comparison.service import Comparisons
    from skydb.services.doctor import DoctorService
    from skydb.services.evidence import Evidence
    from skydb.services.export import ExportService
    from skydb.services.fetch import FetchService
    from skydb.services.find import Finder
    from skydb.services.headers import HeaderService
    from skydb.services.history.service import HistoryService
    from skydb.services.ingest import IngestService
    from skydb.services.provenance.explain import ExplainService
    from skydb.services.provenance.export import ProvExportService
    from skydb.services.provenance.replay import ReplayService
    from skydb.services.refcat import RefcatService
    from skydb.services.retention import RetentionService
    from skydb.services.selection import Selection
    from skydb.services.selftest.fields import FieldMaker
    from skydb.services.skyrun import SkyRunService
    from skydb.services.todo import TodoService
    from skydb.services.wcs_diff import WcsDiffService
    from skydb.services.wcs_ledger import WcsLedgerService

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


@dataclass(frozen=True)
class Services:
    """Every service of one ledger, each made when it is first asked for.

    ``fields`` makes what a self-test looks at; without it none can run.
    """

    context: Context
    questions: Questions
    fields: FieldMaker | None = None

    @classmethod
    def open(
        cls,
        url: str | None = None,
        data: str | Path | None = None,
        progress: Progress | None = None,
        fields: FieldMaker | None = None,
    ) -> Self:
        """Connect to a ledger.

        Raises
        ------
        NotFoundError
            When the SQLite file is not there.
        SchemaError
            When the schema is not the one of this skydb.
        """
        parsed = resolve_url(url)
        engine = open_engine(parsed)
        try:
            schema.require_current(engine)
        except SkydbError:
            engine.dispose()
            raise
        workspace = Workspace(data_root(url, data))
        store = Store(engine)
        context = Context(store, workspace, progress or Quiet())
        return cls(context, Questions(store, workspace, parsed), fields)

    @property
    def evidence(self) -> Evidence:
        """Files behind rows."""
        from skydb.services.evidence import Evidence

        return Evidence(self.context.store, self.context.workspace)

    @property
    def ingest(self) -> IngestService:
        """Recording files."""
        from skydb.services.ingest import IngestService

        return IngestService(self.context)

    @property
    def history(self) -> HistoryService:
        """Runs made without skydb."""
        from skydb.services.history.service import HistoryService

        return HistoryService(self.context)

    @property
    def fetch(self) -> FetchService:
        """Downloads from MAST."""
        from skydb.services.fetch import FetchService

        return FetchService(self.context)

    @property
    def refcat(self) -> RefcatService:
        """Reference catalogues."""
        from skydb.services.refcat import RefcatService

        return RefcatService(self.context)

    @property
    def catalog_queries(self) -> CatalogQueryService:
        """Asking catalogue services."""
        from skydb.services.catalog_queries import CatalogQueryService

        return CatalogQueryService(self.context)

    @property
    def align(self) -> AlignService:
        """Fitting products to a catalogue."""
        from skydb.services.align import AlignService

        return AlignService(self.context)

    @property
    def accept(self) -> AcceptService:
        """Applying reviewed fits."""
        from skydb.services.accept import AcceptService

        return AcceptService(self.context)

    @property
    def headers(self) -> HeaderService:
        """Headers of the user's own files."""
        from skydb.services.headers import HeaderService

        return HeaderService(self.context)

    @property
    def doctor(self) -> DoctorService:
        """Self-test of this environment.

        Raises
        ------
        UsageError
            When the ledger was opened without somebody who makes its fields.
        """
        from skydb.services.doctor import DoctorService

        if self.fields is None:
            raise UsageError("These services were opened without the fields of a self-test.")
        return DoctorService(self.context, self.fields)

    @property
    def wcs_diff(self) -> WcsDiffService:
        """Comparing two solutions of an image."""
        from skydb.services.wcs_diff import WcsDiffService

        return WcsDiffService(self.context)

    @property
    def wcs_ledger(self) -> WcsLedgerService:
        """Restoring earlier solutions, and giving them away as headerlets."""
        from skydb.services.wcs_ledger import WcsLedgerService

        return WcsLedgerService(self.context)

    def sky(self, jobs: int = 2, executor: str | None = None) -> SkyRunService:
        """Sky runs, so many beside each other, or on a cluster at ``dask://HOST:PORT``."""
        from skydb.services.doctor import EnvironmentGate
        from skydb.services.executors.cluster import DaskExecutor
        from skydb.services.skyrun import SkyRunService

        gate = EnvironmentGate(self.context, self.fields)
        cluster = DaskExecutor(executor) if executor else None
        return SkyRunService(self.context, jobs=jobs, gate=gate, executor=cluster)

    @property
    def export(self) -> ExportService:
        """Tables out."""
        from skydb.services.export import ExportService

        return ExportService(self.questions.url)

    @property
    def finder(self) -> Finder:
        """Searches by position."""
        from skydb.services.find import Finder

        return Finder(self.context.store)

    @property
    def comparison(self) -> Comparisons:
        """Comparing runs, dates and reprocessings."""
        from skydb.services.comparison.service import Comparisons

        return Comparisons(self.context.store)

    @property
    def audit(self) -> AuditService:
        """Auditing sky runs."""
        from skydb.services.audit import AuditService

        return AuditService(self.context)

    @property
    def books(self) -> BooksService:
        """Notes, flags, bad deliveries."""
        from skydb.services.books import BooksService

        return BooksService(self.context)

    @property
    def retention(self) -> RetentionService:
        """What is kept of sky runs."""
        from skydb.services.retention import RetentionService

        return RetentionService(self.context)

    @property
    def todo(self) -> TodoService:
        """How far everything is, and what is due."""
        from skydb.services.todo import TodoService

        return TodoService(self.context)

    @property
    def explain(self) -> ExplainService:
        """Where things come from."""
        from skydb.services.provenance.explain import ExplainService

        return ExplainService(self.context.store, self.context.workspace)

    @property
    def export_prov(self) -> ProvExportService:
        """Lineages out, as PROV-JSON."""
        from skydb.services.provenance.export import ProvExportService

        return ProvExportService(self.explain)

    def replay(self, jobs: int = 2) -> ReplayService:
        """Making runs again."""
        from skydb.services.doctor import EnvironmentGate
        from skydb.services.provenance.replay import ReplayService

        gate = EnvironmentGate(self.context, self.fields)
        return ReplayService(self.context, jobs=jobs, gate=gate)

    def exposure_paths(self, selection: Selection) -> dict[str, Path]:
        """Where the newest content of every selected exposure is, by rootname."""
        from skydb.services.selection import choose_exposures

        with self.context.store.reading() as session:
            return {
                version.product.exposure.rootname: self.context.workspace.resolve(version.path)
                for version in choose_exposures(session, selection)
                if version.product.exposure
            }

    def close(self) -> None:
        """Give back the database connections."""
        self.context.store.engine.dispose()
