"""Read-only selects on the survey's books: how far everything is, what is due, who said what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, joinedload

from skydb.domain import BadDelivery, BookEntry, Product, ReferenceCatalog, SkyRun, Visit
from skydb.domain.base import UtcDateTime
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import NotFoundError, UsageError
from skydb.store.queries import Row

_COUNTS = (
    *("exposures", "downloaded", "aligned", "matched", "flags", "flagged"),
    *("downgraded", "stale", "logged"),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Part of the ledger; what is left out does not restrict.

    Parameters
    ----------
    visit : str, optional
        Label of a visit, e.g. ``bxl50``.
    proposal_id : int, optional
        Number of the proposal.
    """

    visit: str | None = None
    proposal_id: int | None = None

    def conditions(self) -> dict[str, object]:
        """Columns of a view and what they must be.

        Raises
        ------
        UsageError
            When the visit is no label of one.
        """
        wanted: dict[str, object] = {}
        if self.visit is not None:
            if len(self.visit) != 5:
                raise UsageError(f"{self.visit!r} is no visit.", advice="Write it as bxl50.")
            wanted |= {"program": self.visit[:3].lower(), "visit": self.visit[3:].lower()}
        if self.proposal_id is not None:
            wanted["proposal_id"] = self.proposal_id
        return wanted


def require_visits(session: Session, scope: Scope) -> None:
    """Make sure that a restriction leaves anything.

    Raises
    ------
    NotFoundError
        When the ledger has no such visit, or nothing of that proposal.
    """
    wanted = {"number" if key == "visit" else key: v for key, v in scope.conditions().items()}
    if wanted and session.scalar(select(Visit.id).filter_by(**wanted).limit(1)) is None:
        proposal = None if scope.proposal_id is None else f"proposal {scope.proposal_id}"
        what = " of ".join(part for part in (scope.visit, proposal) if part)
        raise NotFoundError(f"The ledger has no {what}.", advice="See `skydb status`.")


def visit_status(session: Session, scope: Scope) -> list[Row]:
    """One row a visit."""
    listed = "proposal_id, program, visit, target_name, " + ", ".join(_COUNTS)
    rows = _ask(
        session,
        f"SELECT {listed}, last_activity_at FROM v_visit_status",
        scope.conditions(),
        "ORDER BY program, visit",
    )
    return [{**_labelled(row), "program": row["program"]} for row in rows]


def program_status(session: Session, scope: Scope) -> list[Row]:
    """One row a program: as ``v_program_status``, which no index can restrict."""
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in _COUNTS)
    return _ask(
        session,
        "SELECT program, MAX(proposal_id) AS proposal_id, COUNT(*) AS visits,"
        f" {sums}, MAX(last_activity_at) AS last_activity_at FROM v_visit_status",
        scope.conditions(),
        "GROUP BY program ORDER BY program",
    )


def todo(session: Session, scope: Scope, rule: TodoRule | None = None) -> list[Row]:
    """What is due, one row a subject and rule, in the order of the rules."""
    wanted = scope.conditions() | ({"rule": rule.value} if rule else {})
    rows = _ask(session, "SELECT * FROM v_todo", wanted, times=("since",))
    order = list(TodoRule)
    return sorted(
        map(_labelled, rows),
        key=lambda row: (order.index(TodoRule(row["rule"])), row["subject"], row["since"] or ""),
    )


def due_counts(session: Session) -> dict[TodoRule, int]:
    """How much is due by each rule; rules by which nothing is are left out."""
    found = session.execute(text("SELECT rule, COUNT(*) FROM v_todo GROUP BY rule"))
    counted = {TodoRule(rule): int(count) for rule, count in found}
    return {rule: counted[rule] for rule in TodoRule if rule in counted}


def silenced(session: Session) -> int:
    """Number of lines in the books that silence a rule."""
    silences = (BookEntry.label.like("ignore:%"), BookEntry.withdrawn_at.is_(None))
    return session.scalar(select(func.count()).select_from(BookEntry).where(*silences)) or 0


def entries(session: Session, wanted: Mapping[str, object]) -> list[Row]:
    """Lines of the books, oldest first, by columns of ``v_books``."""
    times = ("made_at", "withdrawn_at")
    rows = _ask(session, "SELECT * FROM v_books", wanted, "ORDER BY id", times)
    return list(map(_labelled, rows))


def deliveries(session: Session) -> list[Row]:
    """Days in which an archive is known to have served wrong files."""
    return [
        delivery_row(one)
        for one in session.scalars(select(BadDelivery).order_by(BadDelivery.began_on))
    ]


def delivery_row(delivery: BadDelivery) -> Row:
    """One bad delivery as a row."""
    names = ("name", "began_on", "ended_on", "what", "author")
    return {name: getattr(delivery, name) for name in names}


def newest_catalog(session: Session) -> str | None:
    """Name of the newest catalogue that no other one has replaced, or None."""
    newest = (
        select(ReferenceCatalog.name)
        .where(ReferenceCatalog.superseded_by_id.is_(None))
        .order_by(ReferenceCatalog.id.desc())
        .limit(1)
    )
    return session.scalar(newest)


def runs_with_mosaics(session: Session) -> list[SkyRun]:
    """Good runs that have, or had, a mosaic; the newest first."""
    found = (
        select(SkyRun)
        .join(SkyRun.mosaic)
        .where(SkyRun.status == ActivityStatus.SUCCEEDED)
        .options(joinedload(SkyRun.mosaic))
        .order_by(SkyRun.id.desc())
    )
    return list(session.scalars(found))


def _ask(
    session: Session,
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
    label = f"{row['program']}{row['visit']}" if row["visit"] else None
    return {
        "visit": label,
        **{key: value for key, value in row.items() if key not in ("program", "visit")},
    }


def shared_names(session: Session) -> set[str]:
    """File names that several products have."""
    several = select(Product.filename).group_by(Product.filename).having(func.count() > 1)
    return set(session.scalars(several))
