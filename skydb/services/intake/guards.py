"""The guards of a run: checks of what was chosen, with what the books say of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from skydb.domain import BookEntry
from skydb.domain.choice import ChosenInput
from skydb.domain.guards import Flag, GuardPolicy, flags_of
from skydb.domain.vocabulary import EntryKind

_DISMISSAL = "ignore:"
_BATCH = 500


def guarded_inputs(
    session: Session, chosen: Sequence[ChosenInput], policy: GuardPolicy
) -> list[Flag]:
    """What is to be said of the inputs of a run before it starts.

    Raises
    ------
    InputsRefusedError
        When a guard refuses them.
    """
    return policy.judge(flags_of(chosen, book_remarks(session, chosen)), chosen)


def book_remarks(session: Session, chosen: Sequence[ChosenInput]) -> dict[str, list[str]]:
    """Notes and flags that hold on the exposures and products, and flags on their visits."""
    remarks: dict[str, list[str]] = defaultdict(list)
    for first in range(0, len(chosen), _BATCH):
        part = chosen[first : first + _BATCH]
        for entry in session.scalars(_entries(part)):
            for one in part:
                if _is_about(entry, one):
                    remarks[one.rootname].append(_told(entry))
    return dict(remarks)


def _entries(chosen: Sequence[ChosenInput]) -> Select[BookEntry]:
    exposures = [one.version.product.exposure_id for one in chosen]
    products = [one.version.product_id for one in chosen]
    visits = {one.version.product.visit_id for one in chosen}
    return (
        select(BookEntry)
        .where(
            BookEntry.withdrawn_at.is_(None),
            BookEntry.kind.in_((EntryKind.NOTE, EntryKind.FLAG)),
            or_(
                BookEntry.exposure_id.in_(exposures),
                BookEntry.product_id.in_(products),
                BookEntry.visit_id.in_(visits) & (BookEntry.kind == EntryKind.FLAG),
            ),
        )
        .order_by(BookEntry.id)
    )


def _is_about(entry: BookEntry, chosen: ChosenInput) -> bool:
    if (entry.label or "").startswith(_DISMISSAL):
        return False
    product = chosen.version.product
    return (
        entry.exposure_id == product.exposure_id
        or entry.product_id == product.id
        or entry.visit_id == product.visit_id
    )


def _told(entry: BookEntry) -> str:
    what = f"{entry.kind} {entry.label}" if entry.label else str(entry.kind)
    return f"{what} by {entry.author}: {entry.reason}"
