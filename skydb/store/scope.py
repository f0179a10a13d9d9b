"""Which exposures a question is about, in conditions that an index answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Visit
from skydb.errors import NotFoundError

#: Characters of a visit's label that stand for its program.
_PROGRAM = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Exposures by rootname, visit (``bxl50``) or proposal; what is left out does not restrict."""

    rootnames: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    proposal_id: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing restricts."""
        return not (self.rootnames or self.visits or self.proposal_id is not None)

    @property
    def label(self) -> str:
        """For people, such as the title of a figure."""
        proposal = [] if self.proposal_id is None else [f"proposal {self.proposal_id}"]
        return ", ".join([*self.rootnames, *self.visits, *proposal]) or "all exposures"

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a select that joins exposures and visits has to fulfil."""
        found: list[ColumnElement[bool]] = []
        if self.rootnames:
            found.append(Exposure.rootname.in_(self.rootnames))
        if self.visits:
            found.append(or_(*map(is_visit, self.visits)))
        if self.proposal_id is not None:
            found.append(Visit.proposal_id == self.proposal_id)
        return found

    def exposure_ids(self, session: Session) -> set[int]:
        """Keys of the exposures.

        Raises
        ------
        NotFoundError
            When a rootname or a visit that is named, or the proposal, is not there.
        """
        query = (
            select(Exposure.id, Exposure.rootname, Visit.program + Visit.number)
            .join(Visit, Visit.id == Exposure.visit_id)
            .where(*self.conditions())
        )
        rows = session.execute(query).all()
        known = {name for _, *names in rows for name in names}
        missing = [name for name in (*self.rootnames, *self.visits) if name not in known]
        if missing or not rows:
            what = ", ".join(missing) or f"exposures of {self.label}"
            raise NotFoundError(f"The ledger has no {what}.", advice="See `inspect headers`.")
        return {key for key, *_ in rows}


def is_visit(label: str) -> ColumnElement[bool]:
    """Condition on the visit with a label such as ``bxl50``."""
    return and_(Visit.program == label[:_PROGRAM], Visit.number == label[_PROGRAM:])
