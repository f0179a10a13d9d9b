"""The composition root and the facade that Python programs use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import SkydbError, UsageError
from skydb.files.workspace import Workspace
from skydb.services.context import Context
from skydb.services.progress import Progress, Quiet
from skydb.services.questions import Questions
from skydb.store import schema
from skydb.store.engine import open_engine, resolve_url, sqlite_path
from skydb.store.unit_of_work import Store

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
    from skydb.services.accept import AcceptService
    from skydb.services.align import AlignService
    from skydb.services.audit import AuditService
    from skydb.services.catalog_queries import CatalogQueryService
    from skydb.services.doctor import DoctorService
    from skydb.services.evidence import Evidence
    from skydb.services.fetch import FetchService
    from skydb.services.headers import HeaderService
    from skydb.services.ingest import IngestService
    from skydb.services.refcat import RefcatService
    from skydb.services.region import Region
    from skydb.services.selection import Selection
    from skydb.services.selftest.fields import FieldMaker
    from skydb.services.skyrun import SkyRunService
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

    def sky(self, jobs: int = 2) -> SkyRunService:
        """Sky runs, so many beside each other."""
        from skydb.services.doctor import EnvironmentGate
        from skydb.services.skyrun import SkyRunService

        gate = EnvironmentGate(self.context, self.fields)
        return SkyRunService(self.context, jobs=jobs, gate=gate)

    @property
    def audit(self) -> AuditService:
        """Auditing sky runs."""
        from skydb.services.audit import AuditService

        return AuditService(self.context)

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


class Ledger:
    """A ledger without sessions: each method is a command, each answer a ``QTable``.

    Columns with a unit in their name are quantities; a missing value is masked.

    Parameters
    ----------
    services : Services
        What does the work; use :func:`skydb.open`.
    """

    def __init__(self, services: Services) -> None:
        self.services = services

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        data: str | Path | None = None,
        fields: FieldMaker | None = None,
    ) -> Self:
        """Open a ledger; see :func:`skydb.open`."""
        return cls(Services.open(url, data, fields=fields))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the database connections."""
        self.services.close()

    def ingest(self, *paths: str | Path) -> QTable:
        """Record files, or all FITS files below directories."""
        return _table(asdict(outcome) for outcome in self.services.ingest.ingest(paths))

    def fetch(self, *obs_ids: str, **options: Any) -> QTable:  # noqa: ANN401
        """Get products of observations from MAST and record them.

        The options are the fields of :class:`skydb.archive.mast.MastQuery` and of
        :class:`skydb.services.fetched.FetchSettings`.
        """
        from skydb.services.fetched import ask

        return _table(asdict(file) for file in self.services.fetch.fetch(*ask(obs_ids, options)))

    def inspect_headers(self) -> QTable:
        """Exposures as in the tutorial's table 1.1."""
        return _table(self.services.questions.headers())

    def inspect_wcs(self) -> QTable:
        """WCS in force of every product, as in the tutorial's table 1.2."""
        return _table(self.services.questions.wcs())

    def refcat_import(self, path: str | Path, epoch: float, name: str | None = None) -> QTable:
        """Bring in a reference catalogue from a file."""
        return _table([self.services.refcat.import_file(Path(path), epoch, name)])

    def refcat_gaia(self, region: Region | None = None, **options: Any) -> QTable:  # noqa: ANN401
        """Gaia DR3 within a region, around all footprints when left out.

        The options are those of :meth:`.CatalogQueryService.gaia`.
        """
        return _table([self.services.catalog_queries.gaia(region, **options)])

    def refcat_footprint(self, *products: str, **options: Any) -> QTable:  # noqa: ANN401
        """Sources within the joint footprint of products, moved to their epoch.

        The options are those of :meth:`.CatalogQueryService.footprint`.
        """
        return _table([self.services.catalog_queries.footprint(products, **options)])

    def refcat_list(self) -> QTable:
        """Reference catalogues."""
        return _table(self.services.questions.catalogs())

    def align_run(
        self,
        refcat: str,
        products: Sequence[str] = (),
        settings: TweakRegSettings | None = None,
    ) -> QTable:
        """Fit products to a catalogue; nothing is changed."""
        return self.align_show(self.services.align.run(refcat, products, settings))

    def align_show(self, run: int) -> QTable:
        """Fits of an alignment run beside the archive's solutions."""
        return _table(self.services.questions.alignment(run))

    def align_accept(
        self, run: int, *, force_why: str | None = None, write_headers: bool = False
    ) -> QTable:
        """Apply exactly the fits of a run and measure what came of it.

        Fits that are not trusted are left as they are, unless there is a reason to force.
        Your own files are changed only with `write_headers`; see :meth:`restore_headers`.
        """
        outcomes = self.services.accept.accept(run, force_why=force_why)
        if write_headers:
            self.services.headers.write_accepted(run)
        return _table(asdict(outcome) for outcome in outcomes)

    def restore_headers(self, activity: int) -> QTable:
        """Put back the headers of your own files that an activity had written."""
        return _table(asdict(change) for change in self.services.headers.restore(activity))

    def align_reject(self, run: int, why: str) -> int:
        """Refuse the fits of a run; the number refused."""
        return self.services.accept.reject(run, why)

    def align_history(self, name: str) -> QTable:
        """Every solution of an exposure or product."""
        return _table(self.services.questions.alignment_history(name))

    def align_diff(self, a: int, b: int) -> QTable:
        """How far two solutions of an image are apart, and what may be the cause."""
        found = asdict(self.services.wcs_diff.diff(a, b))
        found["cause"] = ", ".join(found["cause"])
        return _table([{key: value for key, value in found.items() if key != "because"}])

    def align_restore(self, solution: int) -> QTable:
        """Write an earlier solution to a new version of its file."""
        return _table([asdict(self.services.wcs_ledger.restore(solution))])

    def align_export(self, solution: int, headerlet: str | Path) -> QTable:
        """Write a solution as a headerlet."""
        return _table([asdict(self.services.wcs_ledger.export(solution, Path(headerlet)))])

    def sky_run(
        self,
        methods: Iterable[SkyMethod | str] = tuple(SkyMethod),
        selection: Selection | None = None,
        settings: AstroDrizzleSettings | None = None,
        *,
        force: bool = False,
        jobs: int = 2,
        selftest: bool = True,
    ) -> QTable:
        """Run skymethods and record what they found."""
        wanted = [SkyMethod(method) for method in methods]
        runs = self.services.sky(jobs).run(
            wanted, selection, settings, force=force, selftest=selftest
        )
        return _table(runs)

    def doctor(self) -> QTable:
        """Self-test of this environment: what was asked, and the answers."""
        return _table(asdict(result) for result in self.services.doctor.run())

    def sky_compare(self, *runs: int) -> QTable:
        """MDRIZSKY of every chip, one column a method."""
        return _table(self.services.questions.comparison(runs))

    def sky_audit(self, run: int) -> QTable:
        """What a run left between every pair of overlapping exposures."""
        return _table(self.services.audit.audit(run).rows())

    def findings(self) -> QTable:
        """What would have passed silently, newest first."""
        return _table(self.services.questions.findings())

    def sql(self, statement: str) -> QTable:
        """Answer to one SELECT."""
        answer = self.services.questions.sql(statement)
        rows = (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
        return _table(rows, answer.columns)


def _table(rows: Iterable[dict[str, Any]], names: Sequence[str] = ()) -> QTable:
    from skydb.services.qtable import as_qtable

    return as_qtable(list(rows), names)
