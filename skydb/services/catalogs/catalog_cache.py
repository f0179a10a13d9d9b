"""Answers of catalogue services: asked for once, kept for ever, found by their query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import CatalogImport, CatalogService, ProductVersion, ReferenceCatalog
from skydb.domain.catalog import CatalogUse
from skydb.domain.fingerprint import fingerprint
from skydb.domain.vocabulary import FindingKind, LinkRole
from skydb.errors import UsageError
from skydb.files.catalog import read_catalog
from skydb.files.checksum import sha256_of
from skydb.services.catalogs.refcat import checked_name
from skydb.services.catalogs.usage import UsableCatalog
from skydb.services.core import Context
from skydb.store import queries

if TYPE_CHECKING:
    from astropy.table import Table


@dataclass(frozen=True, slots=True)
class Question:
    """One query.

    Parameters
    ----------
    name : str
        How commands will call the answer.
    service : CatalogService
        Who is asked.
    document : mapping
        Everything that decides the answer, JSON-able; ``server`` is the address.
    version_ids : tuple of int
        Versions whose footprints are meant.
    use : CatalogUse
        Which of the sources alignments will be given.
    """

    name: str
    service: CatalogService
    document: Mapping[str, Any]
    version_ids: tuple[int, ...] = ()
    use: CatalogUse = field(default_factory=CatalogUse)

    def is_answered_by(self, catalog: ReferenceCatalog) -> bool:
        """Whether a catalogue came from the same query."""
        return catalog.service is self.service and _key(catalog.query) == _key(self.document)

    def is_named_by(self, catalog: ReferenceCatalog) -> bool:
        """Whether a catalogue has its name, and the same use of the same answer."""
        is_same = catalog.name == self.name and catalog.use == self.use
        return is_same and self.is_answered_by(catalog)


def _key(document: Mapping[str, Any]) -> str:
    """Identity of a query. The same host is the same service, whatever its port."""
    return fingerprint({**document, "server": urlsplit(document.get("server") or "").hostname})


@dataclass(frozen=True, slots=True)
class Obtained:
    """Answer of a service, with the checks of it.

    Parameters
    ----------
    table : Table
        Sources with ``ra``, ``dec`` and, if any, ``pmra`` and ``pmdec``.
    epoch, epoch_asked : float
        Julian years that the positions are for, and should be.
    proper_motion_applied, truncated : bool or None
        As of :class:`~skydb.domain.ReferenceCatalog`.
    still_epoch : float or None
        Julian year of the sources that nothing moves; ``epoch`` when it is None.
    doubts : tuple of str
        What the service did not do as it was asked.
    """

    table: Table
    epoch: float
    epoch_asked: float
    proper_motion_applied: bool | None
    truncated: bool | None
    still_epoch: float | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer that is kept, and whether it has the name and the use that are wanted."""

    row: queries.Row
    is_its_own: bool


@dataclass(frozen=True)
class CatalogCache:
    """Keeps catalogues under ``catalogs/<sha12>/`` and a row of each in the ledger."""

    context: Context

    def obtain(
        self, question: Question, ask: Callable[[Path], Obtained], *, refresh: bool = False
    ) -> queries.Row:
        """Return the catalogue of a query: the one that is kept, else the answer of the service.

        Parameters
        ----------
        question : Question
            The query.
        ask : callable
            Asks the service; given a scratch directory.
        refresh : bool
            Ask also when there is an answer.

        Raises
        ------
        UsageError
            When another catalogue has the name.
        ArchiveError
            What ``ask`` raised; the activity is FAILED.
        """
        known = None if refresh else self._answer_to(question)
        if known is not None and known.is_its_own:
            return known.row
        self._require_name(question)
        parameters = {
            **question.document,
            "name": question.name,
            "refresh": refresh,
            **question.use.as_parameters(),
        }
        activity_id = self.context.begin(lambda _, stamp: CatalogImport(parameters, stamp))
        label = f"catalog-{activity_id}"
        with self.context.guarded(CatalogImport, activity_id, label):
            if known is not None:
                return self._name_again(activity_id, question, known.row["name"])
            with self.context.workspace.scratch(label) as scratch:
                self.context.progress.begin(f"Asking {question.service.value}")
                return self._keep(activity_id, question, ask(scratch), scratch)

    def _answer_to(self, question: Question) -> _Known | None:
        """A catalogue of the same query whose file is whole, of the same name if possible."""
        of_service = select(ReferenceCatalog).where(ReferenceCatalog.service == question.service)
        with self.context.store.reading() as session:
            found = [
                catalog
                for catalog in session.scalars(of_service.order_by(ReferenceCatalog.id.desc()))
                if question.is_answered_by(catalog) and self._is_whole(catalog)
            ]
            found.sort(key=lambda catalog: catalog.name != question.name)
            if not found:
                return None
            return _Known(_row(found[0], reused=True), question.is_named_by(found[0]))

    def _usable(self, catalog: ReferenceCatalog, use: CatalogUse) -> UsableCatalog:
        path = self.context.workspace.resolve(catalog.path)
        table = read_catalog(path, epoch_year=catalog.epoch)
        usable = UsableCatalog.made(table, use, catalog.still_epoch)
        usable.require_sense()
        return usable

    def _is_whole(self, catalog: ReferenceCatalog) -> bool:
        path = self.context.workspace.resolve(catalog.path)
        return path.is_file() and sha256_of(path) == catalog.sha256

    def _require_name(self, question: Question) -> None:
        """Refuse a name that is taken or too long before a service is asked for nothing."""
        checked_name(question.name)
        with self.context.store.reading() as session:
            taken = _named(session, question.name)
            # Its own catalogue may be asked for again: it was changed on disk, or --refresh.
            if taken is not None and not question.is_answered_by(taken):
                raise _taken(question.name, "of another query")
            if taken is not None and not question.is_named_by(taken):
                raise _taken(question.name, "with another use of its sources")

    def _name_again(self, activity_id: int, question: Question, old_name: str) -> queries.Row:
        """Make a row for an answer that is kept under another name."""
        with self.context.closing(CatalogImport, activity_id) as (session, activity):
            known = _named(session, old_name)
            assert known is not None
            usable = self._usable(known, question.use)
            _use(session, activity, question)
            activity.parameters = {**activity.parameters, "same_as": old_name}
            for finding in known.activity.findings:
                activity.notice(finding.kind, question.name, finding.message)
            catalog = ReferenceCatalog(
                question.name,
                known.service,
                activity=activity,
                sources=len(usable.table),
                sha256=known.sha256,
                path=known.path,
                epoch=known.epoch,
                epoch_asked=known.epoch_asked,
                has_proper_motions=usable.motion is not None,
                proper_motion_applied=known.proper_motion_applied,
                truncated=known.truncated,
                use=question.use,
                motion=usable.facts,
                query=dict(known.query),
            )
            catalog.obtained_at = known.obtained_at
            return _row(catalog, reused=True)

    def _keep(
        self, activity_id: int, question: Question, obtained: Obtained, scratch: Path
    ) -> queries.Row:
        written = _write(obtained, scratch / f"{question.service.value}.ecsv")
        # Read as in an alignment: a file that it cannot use is refused.
        checked = read_catalog(written, epoch_year=obtained.epoch)
        usable = UsableCatalog.made(checked, question.use, obtained.still_epoch)
        usable.require_sense()
        sha256 = sha256_of(written)
        stored = self.context.workspace.store(
            written, "catalogs", sha256[:12], written.name, sha256=sha256
        )
        with self.context.closing(CatalogImport, activity_id) as (session, activity):
            _use(session, activity, question)
            for doubt in (*obtained.doubts, *checked.doubts):
                activity.notice(FindingKind.CATALOG, question.name, doubt)
            same = _named(session, question.name)
            if same is not None:
                if not same.is_same_content(sha256, obtained.epoch, question.use):
                    raise _taken(question.name, "that the service gave earlier")
                return _row(same, reused=False)
            catalog = ReferenceCatalog(
                question.name,
                question.service,
                activity=activity,
                sources=len(usable.table),
                sha256=sha256,
                path=self.context.workspace.relative(stored),
                epoch=obtained.epoch,
                epoch_asked=obtained.epoch_asked,
                has_proper_motions=usable.motion is not None,
                proper_motion_applied=obtained.proper_motion_applied,
                truncated=obtained.truncated,
                use=question.use,
                motion=usable.facts,
                query=dict(question.document),
            )
            return _row(catalog, reused=False)


def _write(obtained: Obtained, path: Path) -> Path:
    """The sources as ECSV; the same sources give the same bytes."""
    from astropy.table import Column

    table = obtained.table.copy()
    table["ref_epoch"] = Column([obtained.epoch] * len(table), unit="yr", dtype=float)
    table.meta = {
        "frame": "ICRS",
        "epoch": obtained.epoch,
        "epoch_asked": obtained.epoch_asked,
        "proper_motion_applied": obtained.proper_motion_applied,
        "truncated": obtained.truncated,
    }
    table.write(path, format="ascii.ecsv")
    return path


def _use(session: Session, activity: CatalogImport, question: Question) -> None:
    """Record whose footprints a query is about."""
    for version_id in question.version_ids:
        activity.use(session.get_one(ProductVersion, version_id), LinkRole.REFERENCE)


def _named(session: Session, name: str) -> ReferenceCatalog | None:
    return session.scalar(select(ReferenceCatalog).where(ReferenceCatalog.name == name))


def _taken(name: str, which: str) -> UsageError:
    return UsageError(f"There is a catalogue {name!r} {which}.", advice="Choose another --name.")


def _row(catalog: ReferenceCatalog, *, reused: bool) -> queries.Row:
    return {**queries.catalog_row(catalog), "reused": reused}
