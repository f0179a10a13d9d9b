"""Selects for lineages: the sources of a thing, and their rows.

A thing is followed back by ids alone, one select a generation; the rows are then read
once for each kind, whatever their number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, inspect, literal, or_, select, union_all
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Session,
    aliased,
    defer,
    joinedload,
    with_polymorphic,
)

from skydb.domain import (
    Acceptance,
    Activity,
    AlignmentRun,
    AlignmentSolution,
    BadDelivery,
    BookEntry,
    ChipLevel,
    Download,
    Finding,
    Generation,
    HeaderBackup,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    Usage,
    VisitDrizzle,
)
from skydb.domain.vocabulary import FindingKind, LinkRole, SolutionOrigin
from skydb.store.rows import batches, in_parts

#: Ids in one statement; databases bound the number of parameters.
_BATCH = 2000
#: Characters of a rootname; those of chips and pairs begin or end with one.
_ROOTNAME = 9

E = TypeVar("E")


class Kind(StrEnum):
    """Kind of a numbered thing."""

    VERSION = "version"
    SOLUTION = "solution"
    ACTIVITY = "activity"
    CATALOG = "catalog"


#: A row of the ledger that can be followed back.
Key = tuple[Kind, int]

#: Column that a link starts from, and select of the kind and the id that it leads to.
_Link = tuple[Any, Select[Any]]


def led_back_to(
    session: Session, found: Collection[Key], *, with_all_inputs: bool = False
) -> set[Key]:
    """Find the sources of things, one step back, in one select.

    Parameters
    ----------
    session : Session
    found : collection of (Kind, int)
        The things.
    with_all_inputs : bool
        Follow every input of an activity; otherwise only earlier versions of the same
        file that it made, and the input of a fit.
    """
    links = _links(with_all_inputs=with_all_inputs)
    steps: set[Key] = set()
    for kinds in _by_kind(found):
        selects = [
            statement.where(column.in_(keys))
            for kind, keys in kinds.items()
            for column, statement in links[kind]
        ]
        rows: Iterable[Any] = session.execute(union_all(*selects))
        steps |= {(Kind(kind), key) for kind, key in rows if key}
    return steps


def _by_kind(found: Collection[Key]) -> Iterator[Mapping[Kind, list[int]]]:
    for some in batches(found, _BATCH):
        kinds: dict[Kind, list[int]] = {}
        for kind, key in some:
            kinds.setdefault(kind, []).append(key)
        yield kinds


def _links(*, with_all_inputs: bool) -> Mapping[Kind, list[_Link]]:
    """Every link of the ledger that points back."""
    solution, catalog, made = AlignmentSolution, ReferenceCatalog, Generation
    inputs = (Usage.activity_id, _to(Kind.VERSION, Usage.version_id))
    return {
        Kind.VERSION: [
            (made.version_id, _to(Kind.ACTIVITY, made.activity_id)),
            _earlier_contents(),
            _drizzled_contents(),
            _first_fetch(),
            (solution.applied_version_id, _to(Kind.SOLUTION, solution.id)),
            (solution.version_id, _to(Kind.SOLUTION, solution.id).where(_is_carried())),
        ],
        Kind.SOLUTION: [
            (solution.id, _to(Kind.VERSION, solution.version_id)),
            (solution.id, _to(Kind.ACTIVITY, solution.activity_id)),
            (solution.id, _to(Kind.SOLUTION, solution.source_id)),
            (solution.id, _to(Kind.CATALOG, solution.catalog_id)),
        ],
        Kind.CATALOG: [(catalog.id, _to(Kind.ACTIVITY, catalog.activity_id))],
        Kind.ACTIVITY: [
            (Acceptance.id, _to(Kind.ACTIVITY, Acceptance.alignment_run_id)),
            (AlignmentRun.id, _to(Kind.CATALOG, AlignmentRun.catalog_id)),
            (SkyRun.id, _to(Kind.ACTIVITY, SkyRun.replay_of_id)),
            (VisitDrizzle.id, _to(Kind.ACTIVITY, VisitDrizzle.replay_of_id)),
            _importer(),
            *([inputs] if with_all_inputs else []),
        ],
    }


def _to(kind: Kind, column: Any) -> Select[Any]:  # noqa: ANN401 - a column of any entity
    return select(literal(kind.value), column)


def _is_carried() -> ColumnElement[bool]:
    """Whether a solution is the active WCS and was written here, not read from a header."""
    return AlignmentSolution.source_id.is_not(None) & (AlignmentSolution.wcs_key == " ")


def _earlier_contents() -> _Link:
    """Link versions to the earlier versions of the same product they were made of."""
    return Generation.version_id, earlier_contents_select(literal(Kind.VERSION.value))


def _drizzled_contents() -> _Link:
    """Link drizzled products to the versions that skydb made them of."""
    used = _to(Kind.VERSION, Usage.version_id)
    used = used.join_from(Generation, Usage, Usage.activity_id == Generation.activity_id)
    return Generation.version_id, used.join(VisitDrizzle, VisitDrizzle.id == Usage.activity_id)


def earlier_contents_select(first: Any) -> Select[Any]:  # noqa: ANN401 - a column or a literal
    """Select a column of the generation, and the earlier versions of the same file."""
    later, earlier = aliased(ProductVersion), aliased(ProductVersion)
    return (
        select(first, earlier.id)
        .join_from(Generation, Usage, Usage.activity_id == Generation.activity_id)
        .join(later, later.id == Generation.version_id)
        .join(earlier, earlier.id == Usage.version_id)
        .where(earlier.product_id == later.product_id, earlier.number < later.number)
    )


def _first_fetch() -> _Link:
    """Link a version to the download that brought it first."""
    fetched = _to(Kind.ACTIVITY, func.min(Download.activity_id)).group_by(Download.version_id)
    return Download.version_id, fetched


def _importer() -> _Link:
    """Link an old run to the activity that read its log."""
    # The table, for its columns stand in those of every kind of activity.
    table = Activity.__table__
    return table.c.id, _to(Kind.ACTIVITY, table.c.imported_by_id)


def _all(
    session: Session,
    query: Select[E],
    column: InstrumentedAttribute[Any],
    keys: Collection[int],
) -> list[E]:
    """Load the entities of a select by the keys of a column, in the order of their own keys.

    PostgreSQL returns rows in the order in which they were last written.
    """
    parts = in_parts(query, column, keys, _BATCH)
    found = [one for part in parts for one in session.scalars(part).unique()]
    return sorted(found, key=lambda one: inspect(one).identity)


def versions(session: Session, keys: Collection[int]) -> list[ProductVersion]:
    """Load file versions with their products and exposures."""
    return _all(session, select(ProductVersion), ProductVersion.id, keys)


def activities(session: Session, keys: Collection[int]) -> list[Activity]:
    """Activities with the columns of their kind and their environments."""
    whole = whole_activities()
    query: Select[Activity] = select(whole).options(joinedload(whole.environment))
    return _all(session, query, whole.id, keys)


def whole_activities() -> Any:  # noqa: ANN401 - an aliased class has no type of its own
    """Load activities with all columns of their kinds."""
    return with_polymorphic(Activity, [Acceptance, AlignmentRun, SkyRun, VisitDrizzle], flat=True)


def solutions(session: Session, keys: Collection[int]) -> list[AlignmentSolution]:
    """Solutions with their products."""
    return _all(session, solutions_select(), AlignmentSolution.id, keys)


def solutions_select() -> Select[AlignmentSolution]:
    """Solutions with their products."""
    return select(AlignmentSolution).options(joinedload(AlignmentSolution.product))


def names_in_force(session: Session, version_ids: Collection[int]) -> dict[int, str]:
    """Look up the active WCSNAME of file versions as they came, by version."""
    names = select(AlignmentSolution.version_id, AlignmentSolution.wcs_name).where(
        AlignmentSolution.wcs_key == " "
    )
    parts = in_parts(names, AlignmentSolution.version_id, version_ids, _BATCH)
    rows = (row for part in parts for row in session.execute(part))
    return {key: name for key, name in rows if key is not None}


def catalogs(session: Session, keys: Collection[int]) -> list[ReferenceCatalog]:
    """Reference catalogues."""
    return _all(session, select(ReferenceCatalog), ReferenceCatalog.id, keys)


def usages(
    session: Session, activity_ids: Collection[int], version_ids: Collection[int]
) -> list[Usage]:
    """Load the uses of these file versions by activities."""
    wanted = set(version_ids)
    query = select(Usage)
    if len(wanted) <= _BATCH:
        query = query.where(Usage.version_id.in_(sorted(wanted)))
    found = _all(session, query, Usage.activity_id, activity_ids)
    return [link for link in found if link.version_id in wanted]


def count_usages(
    session: Session, activity_ids: Collection[int]
) -> dict[tuple[int, LinkRole], int]:
    """Count the file versions that activities have read, by activity and role."""
    return _counts(session, Usage.activity_id, Usage.role, activity_ids)


def _counts(
    session: Session,
    column: InstrumentedAttribute[int],
    what: InstrumentedAttribute[E],
    activity_ids: Collection[int],
) -> dict[tuple[int, E], int]:
    """Count rows by activity and what they are of."""
    parts = in_parts(
        select(column, what, func.count()).group_by(column, what), column, activity_ids, _BATCH
    )
    return {(key, one): count for part in parts for key, one, count in session.execute(part)}


def inputs_of(session: Session, activity_id: int, limit: int | None = None) -> list[int]:
    """List versions that an activity has read, those of the first exposures first."""
    used = (
        select(Usage.version_id)
        .join(ProductVersion, ProductVersion.id == Usage.version_id)
        .where(Usage.activity_id == activity_id)
        .order_by(ProductVersion.product_id)
    )
    return list(session.scalars(used if limit is None else used.limit(limit)))


def solutions_of(session: Session, activity_id: int, limit: int | None = None) -> list[int]:
    """Solutions that an activity has fitted or written, without those that it read."""
    made = (
        select(AlignmentSolution.id)
        .where(
            AlignmentSolution.activity_id == activity_id,
            AlignmentSolution.origin.not_in((SolutionOrigin.ARCHIVE, SolutionOrigin.HEADERLET)),
        )
        .order_by(AlignmentSolution.id)
    )
    return list(session.scalars(made if limit is None else made.limit(limit)))


def generations(session: Session, version_ids: Collection[int]) -> list[Generation]:
    """Load the generations of file versions."""
    return _all(session, select(Generation), Generation.version_id, version_ids)


def downloads(session: Session, version_ids: Collection[int]) -> list[Download]:
    """Load attempts to fetch that brought file versions."""
    return _all(session, select(Download), Download.version_id, version_ids)


def bad_deliveries(session: Session) -> list[BadDelivery]:
    """Spans of days in which an archive served something wrong."""
    return list(session.scalars(select(BadDelivery).order_by(BadDelivery.id)))


def header_backups(session: Session, version_ids: Collection[int]) -> list[HeaderBackup]:
    """Load changes of the user's files, for these file versions."""
    light = select(HeaderBackup).options(defer(HeaderBackup.headers))
    return _all(session, light, HeaderBackup.version_after_id, version_ids)


def findings(
    session: Session, activity_ids: Collection[int], subjects: Collection[str] | None
) -> list[Finding]:
    """Load findings on these subjects, on chips and pairs of exposures among them, or on all."""
    exposures = sorted(one for one in subjects or () if len(one) == _ROOTNAME)
    starts = [f"{rootname}{mark}" for rootname in exposures for mark in "[-"]
    ends = [f"-{rootname}" for rootname in exposures]
    query = select(Finding)
    if subjects is not None:
        query = query.where(
            or_(
                Finding.subject.in_(sorted(subjects)),
                func.substr(Finding.subject, 1, _ROOTNAME + 1).in_(starts),
                func.substr(Finding.subject, _ROOTNAME + 1).in_(ends),
            )
        )
    return _all(session, query, Finding.activity_id, activity_ids)


def count_findings(
    session: Session, activity_ids: Collection[int]
) -> dict[tuple[int, FindingKind], int]:
    """Count findings by activity and kind."""
    return _counts(session, Finding.activity_id, Finding.kind, activity_ids)


def book_entries(session: Session, subjects: Mapping[str, Collection[int]]) -> list[BookEntry]:
    """Load valid notes and flags, by the columns that name their subjects.

    Parameters
    ----------
    session : Session
    subjects : mapping
        Ids by column, e.g. ``exposure_id``.
    """
    named = [getattr(BookEntry, column).in_(sorted(ids)) for column, ids in subjects.items() if ids]
    if not named:
        return []
    holding = select(BookEntry).where(or_(*named), BookEntry.withdrawn_at.is_(None))
    return list(session.scalars(holding.order_by(BookEntry.id)))


def measurements_of(
    session: Session, version_ids: Collection[int], recipes: Collection[str]
) -> set[int]:
    """Activities that measured the levels for runs of the engine skydb."""
    made = select(ChipLevel.activity_id).where(ChipLevel.recipe.in_(sorted(recipes))).distinct()
    parts = in_parts(made, ChipLevel.version_id, version_ids, _BATCH)
    return {key for part in parts for key in session.scalars(part)}
