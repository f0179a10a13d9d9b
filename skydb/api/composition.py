"""The composition root: every service of one ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skydb.api.lookups import LookupServices
from skydb.api.upkeep import UpkeepServices
from skydb.errors import UsageError
from skydb.services.core import Context, Progress, connect
from skydb.store.engine import resolve_url

if TYPE_CHECKING:
    from sqlalchemy import URL

    from skydb.archive.endpoints import Endpoints
    from skydb.services.alignment import (
        AcceptService,
        AlignService,
        GroupAlignment,
        HeaderService,
        WcsDiffService,
        WcsLedgerService,
    )
    from skydb.services.catalogs import CatalogQueryService, CatalogSources, RefcatService
    from skydb.services.history import HistoryService
    from skydb.services.intake import FetchService, IngestService
    from skydb.services.provenance import ReplayService
    from skydb.services.selftest import DoctorService, FieldMaker
    from skydb.services.skies import (
        AdviseService,
        AuditService,
        PresetService,
        SkyHeaderService,
        SkyRunService,
        VisitDrizzleService,
    )


@dataclass(frozen=True)
class Services(UpkeepServices, LookupServices):
    """Every service of one ledger, each made when it is first asked for.

    ``fields`` makes what a self-test looks at; without it none can run.
    """

    context: Context
    url: URL
    fields: FieldMaker | None = None
    archive: str | None = None

    @classmethod
    def open(
        cls,
        url: str | None = None,
        data: str | Path | None = None,
        progress: Progress | None = None,
        fields: FieldMaker | None = None,
        archive: str | None = None,
    ) -> Self:
        """Connect to a ledger; `archive` is the URL of one archive in place of all services.

        Raises
        ------
        NotFoundError
            When the SQLite file is not there.
        SchemaError
            When the schema is not the one of this skydb.
        """
        return cls(connect(url, data, progress), resolve_url(url), fields, archive)

    @property
    def ingest(self) -> IngestService:
        """Recording files."""
        from skydb.services.intake import IngestService

        return IngestService(self.context)

    @property
    def history(self) -> HistoryService:
        """Runs made without skydb."""
        from skydb.services.history import HistoryService

        return HistoryService(self.context)

    @property
    def fetch(self) -> FetchService:
        """Downloads from MAST."""
        from skydb.services.intake import FetchService

        return FetchService(self.context, self._endpoints)

    @property
    def _endpoints(self) -> Endpoints:
        from skydb.archive.endpoints import Endpoints

        if self.archive is None:
            return Endpoints.from_environment()
        return Endpoints(self.archive, self.archive, self.archive)

    @property
    def refcat(self) -> RefcatService:
        """Reference catalogues."""
        from skydb.services.catalogs import RefcatService

        return RefcatService(self.context)

    @property
    def catalog_queries(self) -> CatalogQueryService:
        """Asking catalogue services."""
        from skydb.services.catalogs import CatalogQueryService

        return CatalogQueryService(self.context, self._endpoints)

    @property
    def catalog_sources(self) -> CatalogSources:
        """Sources of catalogues."""
        from skydb.services.catalogs import CatalogSources

        return CatalogSources(self.context)

    @property
    def align(self) -> AlignService:
        """Fitting products to a catalogue."""
        from skydb.services.alignment import AlignService

        return AlignService(self.context)

    @property
    def align_groups(self) -> GroupAlignment:
        """Fitting groups of exposures as rigid bodies."""
        from skydb.services.alignment import GroupAlignment

        return GroupAlignment(self.context)

    @property
    def accept(self) -> AcceptService:
        """Applying reviewed fits."""
        from skydb.services.alignment import AcceptService

        return AcceptService(self.context)

    @property
    def headers(self) -> HeaderService:
        """Headers of the user's own files."""
        from skydb.services.alignment import HeaderService

        return HeaderService(self.context)

    @property
    def sky_headers(self) -> SkyHeaderService:
        """Skies in the headers of the user's own files."""
        from skydb.services.skies import SkyHeaderService

        return SkyHeaderService(self.context)

    @property
    def doctor(self) -> DoctorService:
        """Self-test of this environment.

        Raises
        ------
        UsageError
            When the ledger was opened without somebody who makes its fields.
        """
        from skydb.services.selftest import DoctorService

        if self.fields is None:
            raise UsageError("These services were opened without the fields of a self-test.")
        return DoctorService(self.context, self.fields)

    @property
    def wcs_diff(self) -> WcsDiffService:
        """Comparing two solutions of an image."""
        from skydb.services.alignment import WcsDiffService

        return WcsDiffService(self.context)

    @property
    def wcs_ledger(self) -> WcsLedgerService:
        """Restoring earlier solutions, and giving them away as headerlets."""
        from skydb.services.alignment import WcsLedgerService

        return WcsLedgerService(self.context)

    def sky(self, jobs: int = 2, executor: str | None = None) -> SkyRunService:
        """Sky runs, so many beside each other, or on a cluster at ``dask://HOST:PORT``."""
        from skydb.services.selftest import EnvironmentGate
        from skydb.services.skies import DaskExecutor, SkyRunService

        gate = EnvironmentGate(self.context, self.fields)
        cluster = DaskExecutor(executor) if executor else None
        return SkyRunService(self.context, jobs=jobs, gate=gate, executor=cluster)

    @property
    def drizzle(self) -> VisitDrizzleService:
        """Visit-level products of exposures."""
        from skydb.services.selftest import EnvironmentGate
        from skydb.services.skies import VisitDrizzleService

        return VisitDrizzleService(self.context, gate=EnvironmentGate(self.context, self.fields))

    @property
    def presets(self) -> PresetService:
        """Options under a name."""
        from skydb.services.skies import PresetService

        return PresetService(self.context)

    @property
    def advise(self) -> AdviseService:
        """Choosing a sky method."""
        from skydb.services.skies import AdviseService

        return AdviseService(self.context)

    @property
    def audit(self) -> AuditService:
        """Auditing sky runs."""
        from skydb.services.skies import AuditService

        return AuditService(self.context)

    def replay(self, jobs: int = 2) -> ReplayService:
        """Making runs again."""
        from skydb.services.provenance import ReplayService
        from skydb.services.selftest import EnvironmentGate

        gate = EnvironmentGate(self.context, self.fields)
        return ReplayService(self.context, jobs=jobs, gate=gate)

    def close(self) -> None:
        """Give back the database connections."""
        self.context.store.engine.dispose()
