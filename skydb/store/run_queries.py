"""Read-only selects on activities, their inputs and outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
    Download,
    Exposure,
    Generation,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    RunAttempt,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Usage,
)
from skydb.domain.vocabulary import ActivityKind, ActivityStatus, LinkRole
from skydb.store.queries import Row
from skydb.store.rows import batches
from skydb.store.scope import Scope
from skydb.store.selected_queries import Selected

#: So many keys are looked up; with more, all rows are read.
_FEW = 500

#: Time of running. It is unknown for an imported run whose log has no date; the time of
#: recording does not replace it.
_RAN_AT: ColumnElement[datetime | None] = case(
    (Activity.imported_by_id.is_(None), func.coalesce(Activity.started_at, Activity.created_at)),
    else_=Activity.started_at,
)


#: Keys that are asked for in a statement; of more, all are read.
_FEW = 5000


@dataclass(frozen=True, slots=True)
class RunFilter:
    """A filter of activities; empty fields do not restrict.

    Parameters
    ----------
    kinds : tuple of ActivityKind
    statuses : tuple of ActivityStatus
    since : datetime, optional
        Only runs that started at this time or later; runs without a known time are left out.
    with_deleted : bool
        Those that were deleted too.
    """

    kinds: tuple[ActivityKind, ...] = ()
    statuses: tuple[ActivityStatus, ...] = ()
    since: datetime | None = None
    with_deleted: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """Conditions of a select of activities."""
        several: list[ColumnElement[bool]] = []
        if self.kinds:
            several.append(Activity.kind.in_(self.kinds))
        if self.statuses:
            several.append(Activity.status.in_(self.statuses))
        if self.since is not None:
            several.append(self.since <= _RAN_AT)
        if not self.with_deleted:
            several.append(Activity.deleted_at.is_(None))
        return several


def runs(session: Session, wanted: RunFilter, among: Collection[int] | None = None) -> list[Row]:
    """Activities, the newest first; runs without a known time are last.

    Parameters
    ----------
    session : Session
    wanted : RunFilter
    among : collection of int, optional
        Only these, by key.
    """
    table = Activity.__table__.outerjoin(SkyRun.__table__, SkyRun.__table__.c.id == Activity.id)
    table = table.outerjoin(Mosaic, Mosaic.run_id == Activity.id)
    table = table.outerjoin(SkyRunGroup, SkyRunGroup.id == SkyRun.__table__.c.group_id)
    fits = AlignmentRun.__table__
    table = table.outerjoin(fits, fits.c.id == Activity.id)
    table = table.outerjoin(ReferenceCatalog, ReferenceCatalog.id == fits.c.catalog_id)
    few = [] if among is None or len(among) > _FEW else [Activity.id.in_(among)]
    asked = (
        select(*_columns())
        .select_from(table)
        .where(*wanted.conditions(), *few)
        .order_by(_RAN_AT.is_(None), _RAN_AT.desc(), Activity.id.desc())
    )
    return [
        _plain(dict(row))
        for row in session.execute(asked).mappings()
        if among is None or row["run"] in among
    ]


def _columns() -> tuple[Any, ...]:
    skies, fits = SkyRun.__table__.c, AlignmentRun.__table__.c
    return (
        Activity.id.label("run"),
        Activity.kind,
        Activity.status,
        Activity.started_at,
        Activity.finished_at,
        skies.effective_method,
        skies.requested_method,
        skies.downgraded,
        skies.retention,
        func.coalesce(SkyRunGroup.label, ReferenceCatalog.name, fits.reference).label("about"),
        Activity.agent,
        Activity.tool_version,
        Activity.skydb_version,
        Activity.imported_by_id.label("imported_by"),
        Activity.deleted_at,
        Activity.error,
        Mosaic.science_path,
        Mosaic.purged_at,
    )


def _plain(row: Row) -> Row:
    """Words of vocabularies as text."""
    return {name: getattr(value, "value", value) for name, value in row.items()}


def runs_about(session: Session, scope: Scope) -> set[int]:
    """Activities that read, made, fetched, fitted or measured anything of a selection.

    Raises
    ------
    NotFoundError, UsageError
        When the scope means nothing, or more than one thing.
    """
    selected = Selected.of(session, scope)
    found: set[int] = set()
    files = scope.file_conditions()
    for link in (Usage, Generation, Download):
        key = link.version_id
        for batch in batches(selected.products):
            asked = (
                select(link.activity_id)
                .join(ProductVersion, ProductVersion.id == key)
                .join(Product, Product.id == ProductVersion.product_id)
                .where(Product.id.in_(batch), *files)
            )
            found.update(session.scalars(asked.distinct()))
    if not scope.restricts_files:
        found |= _without_files(session, selected)
    return found


def _without_files(session: Session, selected: Selected) -> set[int]:
    """Runs of exposures and products that are known from a log only."""
    found: set[int] = set()
    for batch in batches(selected.exposures):
        of_values = select(SkyValue.run_id).where(SkyValue.exposure_id.in_(batch))
        found.update(session.scalars(of_values.distinct()))
    for batch in batches(selected.products):
        of_fits = select(AlignmentSolution.activity_id).where(
            AlignmentSolution.product_id.in_(batch)
        )
        found.update(session.scalars(of_fits.distinct()))
    return found


def names_used(session: Session, runs: Collection[int]) -> dict[int, list[str]]:
    """Inputs of some activities: names of exposures, else of files, sorted.

    A sky run without known files has the exposures of its values.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for batch in batches(runs):
        versions = (
            select(Usage.activity_id, func.coalesce(Exposure.rootname, Product.filename))
            .join(ProductVersion, ProductVersion.id == Usage.version_id)
            .join(Product, Product.id == ProductVersion.product_id)
            .outerjoin(Exposure, Exposure.id == Product.exposure_id)
            .where(Usage.activity_id.in_(batch), Usage.role != LinkRole.LEFT_OUT)
        )
        logged = (
            select(SkyValue.run_id, Exposure.rootname)
            .join(Exposure, Exposure.id == SkyValue.exposure_id)
            .where(SkyValue.run_id.in_(batch))
            .where(~select(Usage.version_id).where(Usage.activity_id == SkyValue.run_id).exists())
        )
        for asked in (versions, logged):
            for run, name in session.execute(asked):
                found[run].add(name)
    return {run: sorted(names) for run, names in found.items()}


def inputs(session: Session, run: int) -> list[Row]:
    """File versions that an activity used, in order of their names."""
    return [
        {
            "rootname": link.version.rootname,
            "filename": link.version.filename,
            "version": link.version.number,
            "role": link.role.value,
            "reason": link.reason,
            "passed_over": link.passed_over,
            "sha256": link.version.sha256,
            "stored_path": link.version.path,
        }
        for link in _sorted(session.scalars(select(Usage).where(Usage.activity_id == run)))
    ]


def outputs(session: Session, run: int) -> list[Row]:
    """File versions that an activity made."""
    links = session.scalars(select(Generation).where(Generation.activity_id == run))
    return [
        {
            "what": link.role.value,
            "name": f"{link.version.filename}@{link.version.number}",
            "stored_path": link.version.path,
            "sha256": link.version.sha256,
        }
        for link in _sorted(links)
    ]


def _sorted(links: Iterable[Any]) -> list[Any]:
    return sorted(links, key=lambda link: (link.version.subject, link.version.number))


def attempts(session: Session, run: int) -> list[Row]:
    """Attempts of workers at an activity."""
    asked = select(RunAttempt).where(RunAttempt.activity_id == run).order_by(RunAttempt.number)
    return [
        {
            "attempt": one.number,
            "worker": one.worker,
            "status": one.outcome.value,
            "started_at": one.started_at,
            "finished_at": one.finished_at,
            "error": one.error,
        }
        for one in session.scalars(asked)
    ]
