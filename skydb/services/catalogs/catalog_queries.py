"""Queries of reference catalogues from Gaia and from the catalogue service of STScI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

from sqlalchemy.orm import Session

from skydb.archive import gsss
from skydb.archive.endpoints import Endpoints
from skydb.archive.gaia import COLUMNS, DEFAULT_MAX_ROWS, EPOCH, GaiaArchive, GaiaQuery
from skydb.domain import CatalogService, ProductVersion
from skydb.domain.catalog import CatalogUse
from skydb.drizzle.footprint_catalog import CATALOG, FootprintAnswer, FootprintCatalog
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import ArchiveError, NotFoundError
from skydb.files.catalog import require_epoch
from skydb.services.catalogs.catalog_cache import CatalogCache, Obtained, Question
from skydb.services.catalogs.epochs import mean_epochs
from skydb.services.catalogs.region import Region, archive_versions, cone_around
from skydb.services.core import Context, checked_path
from skydb.store import queries

_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class CatalogQueryService:
    """Asks catalogue services, each query once.

    A query that was answered before is answered from the ledger, so that a repeated run
    has the same sources, with or without a network.

    Parameters
    ----------
    context : Context
        The collaborators.
    endpoints : Endpoints
        Where the services are.
    timeout_s : float
        Longest that one catalogue may take.
    runner : DrizzlepacRunner, optional
        Runner of drizzlepac; by default one with that timeout.
    """

    context: Context
    endpoints: Endpoints = field(default_factory=Endpoints.from_environment)
    timeout_s: float = _TIMEOUT_S
    runner: DrizzlepacRunner | None = None

    def gaia(
        self,
        region: Region | None = None,
        *,
        name: str = "gaia",
        max_rows: int = DEFAULT_MAX_ROWS,
        refresh: bool = False,
        use: CatalogUse | None = None,
    ) -> queries.Row:
        """Gaia DR3 within a cone, at the epoch of Gaia and with its proper motions.

        Parameters
        ----------
        region : Region, optional
            Around all footprints of the ledger when left out.
        name : str
            How commands will call the catalogue.
        max_rows : int
            Most sources; the brightest are kept, and the catalogue is marked as truncated.
        refresh : bool
            Ask the service also when the answer is known.
        use : CatalogUse, optional
            Which of its sources alignments are given.

        Returns
        -------
        dict
            The catalogue as a row, with ``reused`` and ``findings``.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such region, or another catalogue has the name.
        ArchiveError
            When the service gave no catalogue; the activity is FAILED.
        """
        with self.context.store.reading() as session:
            cone = (region or Region()).cone(session)
        use = use or CatalogUse()
        query = GaiaQuery(cone, max_rows, use.mag_max)
        document = {
            "server": self.endpoints.gaia_url,
            "adql": query.adql,
            "columns": list(COLUMNS),
            **asdict(query),
        }
        question = Question(name, CatalogService.GAIA, document, use=use)
        cache = CatalogCache(self.context)
        return cache.obtain(question, lambda _: self._ask_gaia(query), refresh=refresh)

    def footprint(
        self,
        products: Sequence[str] = (),
        *,
        name: str = "footprint",
        epoch: float | None = None,
        refresh: bool = False,
        use: CatalogUse | None = None,
    ) -> queries.Row:
        """Sources that drizzlepac finds within the joint footprint of products, at an epoch.

        Parameters
        ----------
        products : sequence of str
            File names; all drizzled products when empty, or all exposures without any.
        name : str
            How commands will call the catalogue.
        epoch : float, optional
            Julian year; else the mean epoch of the exposures.
        refresh : bool
            Ask the service also when the answer is known.
        use : CatalogUse, optional
            Which of its sources alignments are given.

        Returns
        -------
        dict
            The catalogue as a row, with ``reused`` and ``findings``; ``epoch`` and
            ``proper_motion_applied`` say what the service did, not what was wanted.

        Raises
        ------
        NotFoundError, UsageError
            When a product or its epoch is not known, or the epoch is none; when the products are
            not one field, or another catalogue has the name.
        ArchiveError
            When the service gave no catalogue; the activity is FAILED.
        """
        if epoch is not None:
            require_epoch(epoch)
        with self.context.store.reading() as session:
            versions = archive_versions(session, products)
            cone_around(session, versions)
            # As many digits as drizzlepac sends.
            wanted = round(_epoch(session, versions) if epoch is None else epoch, 3)
        document = {
            "server": self.endpoints.gsss_url,
            "catalog": CATALOG,
            "epoch": wanted,
            "images": {version.product.filename: version.sha256 for version in versions},
        }
        ids = tuple(version.id for version in versions)
        question = Question(name, CatalogService.GSSS, document, ids, use or CatalogUse())
        return CatalogCache(self.context).obtain(
            question, lambda scratch: self._ask_gsss(versions, wanted, scratch), refresh=refresh
        )

    def _ask_gaia(self, query: GaiaQuery) -> Obtained:
        answer = GaiaArchive(self.endpoints.gaia_url, self.timeout_s).query(query)
        doubts = []
        if answer.is_truncated:
            kept = len(answer.table)
            doubts.append(f"Gaia has {answer.available} sources there; these are only {kept}.")
        if answer.repeated:
            doubts.append(f"Gaia sent {answer.repeated} rows twice; they were left out.")
        return Obtained(
            table=answer.table,
            epoch=answer.epoch,
            epoch_asked=EPOCH,
            proper_motion_applied=False,
            truncated=answer.is_truncated,
            doubts=tuple(doubts),
        )

    def _ask_gsss(
        self, versions: Sequence[ProductVersion], wanted: float, scratch: Path
    ) -> Obtained:
        images = [checked_path(self.context.workspace, version) for version in versions]
        runner = self.runner or DrizzlepacRunner(timeout_s=self.timeout_s)
        catalog = FootprintCatalog(runner, self.endpoints.gsss_url, self.timeout_s)
        return self._examined(catalog.ask(images, wanted, scratch), wanted)

    def _examined(self, answer: FootprintAnswer, wanted: float) -> Obtained:
        """Check the epoch and the limits of the service's answer."""
        table, sources = gsss.read_answer(answer.table)
        unmoved = self._unmoved(answer)
        verdict = gsss.check_epoch(answer.source.url, sources, unmoved, wanted)
        doubts = [verdict.doubt(wanted)] if verdict.is_doubtful else []
        available = gsss.available_rows(answer.source.first_line, sources, unmoved)
        truncated = None if available is None else available > len(sources)
        if truncated:
            doubts.append(f"The service has {available} sources there and gave {len(sources)}.")
        return Obtained(
            table=table,
            epoch=verdict.epoch,
            epoch_asked=wanted,
            proper_motion_applied=verdict.proper_motion_applied,
            truncated=truncated,
            still_epoch=verdict.own_epoch,
            doubts=tuple(doubts),
        )

    def _unmoved(self, answer: FootprintAnswer) -> gsss.Sources | None:
        """The same sources as the catalogue has them; None when the service has gone."""
        try:
            return gsss.ask(gsss.without_epoch(answer.source.url), self.timeout_s)
        except ArchiveError:
            return None


def _epoch(session: Session, versions: Sequence[ProductVersion]) -> float:
    known = [year for year in mean_epochs(session, versions) if year is not None]
    if not known:
        raise NotFoundError("The ledger has no epoch of these products.", advice="Give --epoch.")
    return fmean(known)
