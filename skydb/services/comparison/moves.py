"""Displacement of exposures between versions, from the rows alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution
from skydb.sky.displacement import Displacement
from skydb.sky.outlines import displacement_of_outlines
from skydb.store import comparison_queries as selects
from skydb.store.comparison_queries import Outline


@dataclass(frozen=True)
class Pointings:
    """Active WCS of versions, and the positions of their chips."""

    solutions: Mapping[int, AlignmentSolution]
    outlines: Mapping[int, list[Outline]]

    @classmethod
    def of(cls, session: Session, version_ids: Collection[int]) -> Pointings:
        """Load these versions, in two statements a batch."""
        solutions = selects.primary_solutions(session, version_ids)
        return cls(solutions, selects.outlines_of(session, solutions))

    def moved(self, before: int, after: int) -> Displacement | None:
        """Movement between two versions; None when it is unknown."""
        one, other = self.outlines.get(before, []), self.outlines.get(after, [])
        if {(o.extver, o.naxis_pix) for o in one} != {(o.extver, o.naxis_pix) for o in other}:
            return None
        return displacement_of_outlines(_regions(one), _regions(other))


def _regions(outlines: Collection[Outline]) -> dict[int, str | None]:
    return {outline.extver: outline.s_region for outline in outlines}
