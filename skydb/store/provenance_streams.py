"""Selects of a whole ledger, in batches that need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer, joinedload

from skydb.domain import (
    Activity,
    AlignmentSolution,
    BadDelivery,
    BookEntry,
    Download,
    Finding,
    Generation,
    HeaderBackup,
    Mosaic,
    ProductVersion,
    ReferenceCatalog,
    SkyValue,
    Usage,
)
from skydb.store import provenance_queries as queries
from skydb.store import value_queries

#: Rows of one batch; fewer than a statement can have parameters.
_BATCH = 1000


def _batches(session: Session, statement: Select[Any]) -> Iterator[list[Any]]:
    """Load entities in batches, while the database keeps the rest."""
    found = session.scalars(statement.execution_options(yield_per=_BATCH))
    for batch in found.partitions():
        yield list(batch)


def activities(session: Session) -> Iterator[list[Activity]]:
    """Activities with the columns of their kind and their environments."""
    whole = queries.whole_activities()
    yield from _batches(
        session, select(whole).options(joinedload(whole.environment)).order_by(whole.id)
    )


def versions(session: Session) -> Iterator[list[ProductVersion]]:
    """Stream file versions with their products and exposures."""
    yield from _batches(session, select(ProductVersion).order_by(ProductVersion.id))


def usages(session: Session) -> Iterator[list[Usage]]:
    """Stream the uses of file versions."""
    yield from _batches(session, select(Usage).order_by(Usage.activity_id, Usage.version_id))


def catalogs(session: Session) -> Iterator[list[ReferenceCatalog]]:
    """Reference catalogues."""
    yield from _batches(session, select(ReferenceCatalog).order_by(ReferenceCatalog.id))


def solutions(session: Session) -> Iterator[list[AlignmentSolution]]:
    """Solutions with their products."""
    yield from _batches(session, queries.solutions_select().order_by(AlignmentSolution.id))


def values(session: Session) -> Iterator[list[SkyValue]]:
    """Sky values with their runs and exposures."""
    ordered = (SkyValue.run_id, SkyValue.exposure_id, SkyValue.extver)
    yield from _batches(session, value_queries.values_select().order_by(*ordered))


def mosaics(session: Session) -> Iterator[list[Mosaic]]:
    """Mosaics with their runs."""
    whole = select(Mosaic).options(joinedload(Mosaic.run)).order_by(Mosaic.run_id)
    yield from _batches(session, whole)


def downloads(session: Session) -> Iterator[list[Download]]:
    """Stream attempts to fetch that brought a file version."""
    whole = select(Download).where(Download.version_id.is_not(None)).order_by(Download.id)
    yield from _batches(session, whole)


def header_backups(session: Session) -> Iterator[list[HeaderBackup]]:
    """Stream changes of the user's files, without the headers themselves."""
    whole = select(HeaderBackup).options(defer(HeaderBackup.headers)).order_by(HeaderBackup.id)
    yield from _batches(session, whole)


def book_entries(session: Session) -> list[BookEntry]:
    """Load valid notes and flags."""
    holding = select(BookEntry).where(BookEntry.withdrawn_at.is_(None)).order_by(BookEntry.id)
    return list(session.scalars(holding))


def bad_deliveries(session: Session) -> list[BadDelivery]:
    """Spans of days in which an archive served something wrong."""
    return queries.bad_deliveries(session)


def findings(session: Session, activity_ids: Sequence[int]) -> list[Finding]:
    """Load findings of activities."""
    return queries.findings(session, activity_ids, None)


def names_in_force(session: Session, version_ids: Sequence[int]) -> dict[int, str]:
    """Look up the active WCSNAME of file versions."""
    return queries.names_in_force(session, version_ids)


def generations(session: Session, version_ids: Sequence[int]) -> list[Generation]:
    """Load the generations of file versions."""
    return queries.generations(session, version_ids)


def earlier_contents(session: Session, version_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Pair file versions with the earlier versions of the same file they were made of."""
    pairs = queries.earlier_contents_select(Generation.version_id)
    found = session.execute(pairs.where(Generation.version_id.in_(version_ids)))
    return [(later, earlier) for later, earlier in found]
