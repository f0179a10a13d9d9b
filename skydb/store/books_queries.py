"""Read-only selects on notes, flags, due work and the status of a survey."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, text

from skydb import domain
from skydb.domain.columntypes import UtcDateTime
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import ActivityStatus
from skydb.store.patterns import is_pattern, proposals_named
from skydb.store.rows import Row, batches, in_parts, many_rows
from skydb.store.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

#: Name that exposures are counted under.
_OF_EXPOSURES = ("downloaded", "aligned", "matched", "flagged", "downgraded", "stale", "logged")
#: Names of which it is quicker to look up these than to count all.
_MANY_NAMES = 50_000

#: Visits of which it is quicker to ask for them than for everything.
_MANY_VISITS = 1000

_COUNTS = (
    *("exposures", "downloaded", "aligned", "matched", "flags", "flagged"),
    *("downgraded", "stale", "logged"),
)


#: Rows that are taken from the database at a time.
_TOGETHER = 5000

#: Columns of a visit.
_OF_A_VISIT = (
    "SELECT visit_id, proposal_id, program, visit, target_name, "
    + ", ".join(_COUNTS)
    + ", last_activity_at FROM v_visit_status"
)


def all_visits(session: Session | Connection) -> list[Row]:
    """One row a visit of the whole ledger: there may be a hundred thousand."""
    names = ("visit", "proposal_id", "target_name", *_COUNTS, "last_activity_at", "program")
    # Without the type of the time, which would take as long as reading the rows.
    found = session.execute(text(f"SELECT {', '.join(names)} FROM v_visit_status"))
    with many_rows():
        rows = [
            dict(zip(names, (f"{program}{number}", *counts, _in_utc(at), program), strict=True))
            for part in found.partitions(_TOGETHER)
            for number, *counts, at, program in part
        ]
        rows.sort(key=itemgetter("program", "visit"))
    return rows


def _in_utc(at: datetime | str | None) -> str | None:
    """A time as text; SQLite gives its own, which is in UTC and does not say so."""
    if isinstance(at, str):
        day, _, clock = at.partition(" ")
        return f"{day}T{clock.removesuffix('.000000')}+00:00"
    return None if at is None else at.astimezone(UTC).isoformat()


def visit_status(session: Session, scope: Scope) -> list[Row]:
    """One row a visit. A scope restricts the exposures that are counted; flags are of the visit.

    Raises
    ------
    NotFoundError, UsageError
        When the scope means nothing, or more than one thing.
    """
    if scope.is_everything:
        return all_visits(session)
    if scope.is_of_visits:
        return _visits(_in_batches(session, _OF_A_VISIT, "visit_id", scope.visit_ids(session)))
    return _visits(_counted(session, _OF_A_VISIT, scope.exposure_ids(session)))


def _visits(rows: list[Row]) -> list[Row]:
    rows.sort(key=lambda row: (row["program"], row["visit"]))
    return [
        {
            "visit": f"{row['program']}{row['visit']}" if row["visit"] else None,
            "proposal_id": row["proposal_id"],
            "target_name": row["target_name"],
            **{name: row[name] for name in _COUNTS},
            "last_activity_at": row["last_activity_at"],
            "program": row["program"],
        }
        for row in rows
    ]


def _counted(session: Session, asked: str, exposures: Collection[int]) -> list[Row]:
    """Visits of some exposures, with the counts of these exposures."""
    names = ", ".join(("visit_id", *_OF_EXPOSURES))
    found = _in_batches(
        session, f"SELECT {names} FROM v_exposure_status", "exposure_id", exposures, times=()
    )
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row in found:
        counts[row["visit_id"]].update({"exposures": 1, **{n: row[n] for n in _OF_EXPOSURES}})
    rows = _in_batches(session, asked, "visit_id", counts)
    return [
        {**row, **{name: counts[row["visit_id"]][name] for name in ("exposures", *_OF_EXPOSURES)}}
        for row in rows
    ]


def all_programs(session: Session | Connection) -> list[Row]:
    """One row a program of the ledger."""
    listed = "program, proposal_id, visits, " + ", ".join(_COUNTS)
    asked = f"SELECT {listed}, last_activity_at FROM v_program_status"
    return sorted(_ask(session, asked, {}), key=lambda row: str(row["program"]))


def program_status(session: Session, scope: Scope) -> list[Row]:
    """One row a program: the sums of its visits, as in ``v_program_status``.

    Raises
    ------
    NotFoundError, UsageError
        As :func:`visit_status`.
    """
    if scope.is_everything:
        return all_programs(session)
    programs: dict[str, list[Row]] = defaultdict(list)
    for row in visit_status(session, scope):
        programs[row["program"]].append(row)
    return [_summed(program, rows) for program, rows in sorted(programs.items())]


def _summed(program: str, rows: Sequence[Row]) -> Row:
    proposals = (row["proposal_id"] for row in rows if row["proposal_id"] is not None)
    times = (row["last_activity_at"] for row in rows if row["last_activity_at"] is not None)
    return {
        "program": program,
        "proposal_id": max(proposals, default=None),
        "visits": len(rows),
        **{name: sum(row[name] for row in rows) for name in _COUNTS},
        "last_activity_at": max(times, default=None),
    }


def todo(session: Session, scope: Scope, rule: TodoRule | None = None) -> list[Row]:
    """List what is due, one row a subject and rule, in the order of the rules.

    Raises
    ------
    NotFoundError, UsageError
        When the scope means nothing, or more than one thing.
    """
    wanted: dict[str, object] = {"rule": rule.value} if rule else {}
    if len(scope.visits) == 1 and not is_pattern(scope.visits[0]):
        from skydb.store.references import visit_named

        visit = visit_named(session, scope.visits[0])
        wanted |= {"program": visit.program, "visit": visit.number}
    if scope.proposal_id is not None:
        proposals = proposals_named(session, scope.proposal_id)
        wanted |= {"proposal_id": proposals[0]} if len(proposals) == 1 else {}
    concerns, visits = _concerned(session, scope)
    if visits is None or len(visits) > _MANY_VISITS:
        rows = _ask(session, "SELECT * FROM v_todo", wanted, times=("since",))
    else:
        rows = _in_batches(session, "SELECT * FROM v_todo", "visit_id", visits, ("since",), wanted)
    return in_order(row for row in rows if concerns(row))


def due_in(
    session: Session,
    wanted: Mapping[str, object],
    key: str | None = None,
    keys: Collection[int] = (),
    source: str = "v_todo",
) -> list[Row]:
    """Due rows by columns of ``v_todo``; those that have some keys when a key is named."""
    asked = f"SELECT * FROM {source}"
    if key is None:
        return _ask(session, asked, wanted, times=("since",))
    return _in_batches(session, asked, key, keys, ("since",), wanted)


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Due rows in the order of the rules and their subjects, each visit as one label."""
    return by_rule(map(_labelled, rows))


def by_rule(rows: Iterable[Row]) -> list[Row]:
    """Due rows in the order of the rules and their subjects."""
    order = {rule.value: place for place, rule in enumerate(TodoRule)}
    return sorted(
        rows,
        key=lambda row: (order[row["rule"]], row["subject"], row["since"] or ""),
    )


def _concerned(
    session: Session, scope: Scope
) -> tuple[Callable[[Row], bool], Collection[int] | None]:
    """Whether what is due is about a scope: an exposure of it, one of its products, a visit.

    Beside it the visits that these can be of; None for all.
    """
    if scope.is_everything:
        return lambda _: True, None
    if scope.is_of_visits:
        visits = scope.visit_ids(session)
        return lambda row: row["visit_id"] in visits, visits
    from skydb.store.selected_queries import Selected

    selected = Selected.of(session, scope)

    def is_about(row: Row) -> bool:
        if row["exposure_id"] is not None:
            return row["exposure_id"] in selected.exposures
        products = {row["product_id"], row["fitted_id"]} - {None}
        return bool(products & selected.products.keys()) or (
            not products and row["visit_id"] in selected.visits
        )

    query = select(domain.Product.visit_id).distinct()
    parts = in_parts(query, domain.Product.id, selected.products)
    of_products = {key for part in parts for key in session.scalars(part)} - {None}
    return is_about, of_products | selected.visits.keys()


def due_counts(session: Session, scope: Scope) -> dict[TodoRule, int]:
    """Count what is due by each rule; rules without any are left out.

    Raises
    ------
    NotFoundError, UsageError
        As :func:`todo`.
    """
    if not scope.is_everything:
        of_scope = Counter(TodoRule(row["rule"]) for row in todo(session, scope, None))
        return {rule: of_scope[rule] for rule in TodoRule if rule in of_scope}
    found = session.execute(text("SELECT rule, COUNT(*) FROM v_todo GROUP BY rule"))
    counted = {TodoRule(rule): int(count) for rule, count in found}
    return {rule: counted[rule] for rule in TodoRule if rule in counted}


def silenced(session: Session) -> int:
    """Number of notes that dismiss a rule."""
    silences = (domain.BookEntry.label.like("ignore:%"), domain.BookEntry.withdrawn_at.is_(None))
    return session.scalar(select(func.count()).select_from(domain.BookEntry).where(*silences)) or 0


def entries(session: Session, wanted: Mapping[str, object]) -> list[Row]:
    """Notes and flags, oldest first, by columns of ``v_books``."""
    times = ("made_at", "withdrawn_at")
    rows = _ask(session, "SELECT * FROM v_books", wanted, "ORDER BY id", times)
    return list(map(_labelled, rows))


def lines_in(session: Session, scope: Scope, rows: Iterable[Row]) -> list[Row]:
    """Select notes and flags about a scope, or about a run that used any file of it.

    Raises
    ------
    NotFoundError, UsageError
        When the scope means nothing, or more than one thing.
    """
    if scope.is_everything:
        return list(rows)
    from skydb.store.selected_queries import Selected, runs_using

    selected = Selected.of(session, scope)
    labels, runs = set(selected.visits.values()), runs_using(session, selected.products)

    def is_about(row: Row) -> bool:
        if row["rootname"] is not None:
            return row["rootname"] in selected.rootnames
        if row["product_id"] is not None:
            return row["product_id"] in selected.products
        if row["visit"] is not None:
            return row["visit"] in labels
        return row["run_id"] in runs

    return [row for row in rows if is_about(row)]


def deliveries(session: Session) -> list[Row]:
    """Days in which an archive is known to have served wrong files."""
    return [
        delivery_row(one)
        for one in session.scalars(select(domain.BadDelivery).order_by(domain.BadDelivery.began_on))
    ]


def delivery_row(delivery: domain.BadDelivery) -> Row:
    """One bad archive version as a row."""
    names = ("name", "began_on", "ended_on", "what", "author")
    return {name: getattr(delivery, name) for name in names}


def newest_catalog(session: Session) -> str | None:
    """Name of the newest catalogue that no other one has replaced, or None."""
    newest = (
        select(domain.ReferenceCatalog.name)
        .where(domain.ReferenceCatalog.superseded_by_id.is_(None))
        .order_by(domain.ReferenceCatalog.id.desc())
        .limit(1)
    )
    return session.scalar(newest)


def runs_with_mosaics(session: Session) -> list[domain.SkyRun]:
    """Good runs that have, or had, a mosaic; the newest first."""
    from sqlalchemy.orm import joinedload

    found = (
        select(domain.SkyRun)
        .join(domain.SkyRun.mosaic)
        .where(domain.SkyRun.status == ActivityStatus.SUCCEEDED)
        .options(joinedload(domain.SkyRun.mosaic))
        .order_by(domain.SkyRun.id.desc())
    )
    return list(session.scalars(found))


def _in_batches(
    session: Session,
    asked: str,
    key: str,
    keys: Iterable[int],
    times: Sequence[str] = ("last_activity_at",),
    wanted: Mapping[str, object] | None = None,
) -> list[Row]:
    """Rows with some keys."""
    found: list[Row] = []
    rest = "".join(f" AND {name} = :{name}" for name in wanted or {})
    for batch in batches(keys):
        statement = text(f"{asked} WHERE {key} IN :keys{rest}").bindparams(
            bindparam("keys", expanding=True)
        )
        typed = statement.columns(**dict.fromkeys(times, UtcDateTime())) if times else statement
        found += map(_plain, session.execute(typed, {"keys": batch, **(wanted or {})}).mappings())
    return found


def _ask(
    session: Session | Connection,
    asked: str,
    wanted: Mapping[str, object],
    rest: str = "",
    times: Sequence[str] = ("last_activity_at",),
) -> list[Row]:
    where = " AND ".join(f"{name} = :{name}" for name in wanted)
    statement = text(f"{asked} {'WHERE ' + where if wanted else ''} {rest}")
    # Without its type a time would be a text on SQLite.
    typed = statement.columns(**dict.fromkeys(times, UtcDateTime()))
    return [_plain(row) for row in session.execute(typed, dict(wanted)).mappings()]


def _plain(row: Mapping[Any, Any]) -> Row:
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in row.items()
    }


def _labelled(row: Row) -> Row:
    """The row with its visit as one label, as other commands show it."""
    others = (one for one in row.items() if one[0] not in ("program", "visit", "visit_label"))
    label = f"{row['program']}{row['visit']}" if row["visit"] else None
    return {"visit": label, **dict(others)}


def shared_names(session: Session, among: Collection[str] | None = None) -> set[str]:
    """File names that several products have, of all or some names."""
    name = domain.Product.filename
    several = select(name).group_by(name).having(func.count() > 1)
    few = None if among is None or len(among) > _MANY_NAMES else among
    return {one for part in in_parts(several, name, few) for one in session.scalars(part)}
