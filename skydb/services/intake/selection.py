"""What the user selects of a ledger: which exposures, and of these which files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Visit
from skydb.domain.vocabulary import Flavour
from skydb.errors import NotFoundError
from skydb.store.references import visit_named


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run shall be made of; what is left out does not restrict.

    Parameters
    ----------
    rootnames : tuple of str
        Exposures.
    visits : tuple of str
        ``bxl50``, or ``50`` where only one program has such a visit.
    proposal_id, filter, detector, target
        Of the exposures; filters and detectors in any case.
    exclude : tuple of str
        Exposures to leave out.
    flavour : Flavour, optional
        Only files of this flavour.
    as_of : date, optional
        Only deliveries that were written on this day or before.
    versions : mapping of str to int
        Version to use of an exposure, by rootname.
    files : tuple of str
        Files to use of their exposures.
    """

    rootnames: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    proposal_id: int | None = None
    filter: str | None = None
    detector: str | None = None
    target: str | None = None
    exclude: tuple[str, ...] = ()
    flavour: Flavour | None = None
    as_of: date | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def as_parameters(self) -> dict[str, Any]:
        """JSON-able, without what was left out."""
        plain = {**asdict(self), "as_of": self.as_of.isoformat() if self.as_of else None}
        return {key: value for key, value in plain.items() if value}


def conditions(session: Session, selection: Selection) -> list[ColumnElement[bool]]:
    """What restricts a select of exposures and their visits to a selection.

    Raises
    ------
    NotFoundError
        When a visit that is named is not there.
    UsageError
        When a visit's number is that of several programs.
    """
    several: list[ColumnElement[bool]] = []
    if selection.rootnames:
        several.append(Exposure.rootname.in_([name.lower() for name in selection.rootnames]))
    if selection.exclude:
        several.append(Exposure.rootname.not_in([name.lower() for name in selection.exclude]))
    if selection.visits:
        # By both columns, which have an index together; a label put together has none.
        visits = [visit_named(session, label) for label in selection.visits]
        labels = [(visit.program, visit.number) for visit in visits]
        several.append(tuple_(Visit.program, Visit.number).in_(labels))
    if selection.proposal_id is not None:
        several.append(Visit.proposal_id == selection.proposal_id)
    if selection.target is not None:
        several.append(Exposure.target_name == selection.target)
    # Filters and detectors are in capitals, as headers have them.
    if selection.filter is not None:
        several.append(Exposure.filters == selection.filter.strip().upper())
    if selection.detector is not None:
        several.append(Exposure.detector == selection.detector.strip().upper())
    return several


def nothing_selected(
    session: Session, selection: Selection, what: str = "exposures"
) -> NotFoundError:
    """The refusal of a selection that leaves nothing, with the names that there are."""
    columns: dict[str, Any] = {
        "filter": Exposure.filters,
        "detector": Exposure.detector,
        "target": Exposure.target_name,
    }
    told = []
    for name, column in columns.items():
        if getattr(selection, name) is not None:
            known = _known(session, column)
            told.append(f"{name}s here: {', '.join(known) or 'none'}")
    there = f" ({'; '.join(told)})" if told else ""
    return NotFoundError(
        f"The ledger has no {what} of this selection{there}.",
        advice="Bring them in with `ingest`.",
    )


def _known(session: Session, column: Any) -> Sequence[str]:  # noqa: ANN401 - a mapped column
    found = select(column).where(column.is_not(None)).distinct().order_by(column).limit(12)
    return list(session.scalars(found))
