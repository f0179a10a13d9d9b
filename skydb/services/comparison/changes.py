"""Changes of the pointing of exposures by the archive's reprocessing, from the rows alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution
from skydb.domain.vocabulary import DiffCause
from skydb.errors import UsageError
from skydb.services.alignment import distortion_of, distortions_apart
from skydb.services.comparison.moves import Pointings
from skydb.store import comparison_queries as selects
from skydb.store.comparison_queries import Content
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store
from skydb.store.version_queries import Redelivery, redeliveries

#: Exposures whose footprints are held at once.
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class AlignmentChange:
    """One exposure that the archive reprocessed.

    Parameters
    ----------
    rootname, product, visit : str
        The exposure and its file.
    version_a, version_b : int
        The version before, and the newest.
    solution_a, solution_b : int or None
        The active WCS of each, for `align diff`.
    wcs_name_a, wcs_name_b : str or None
        Their WCSNAMEs.
    recorded_at : str
        Time when the newest version was recorded, ISO 8601 in UTC.
    median_mas, max_mas, east_mas, north_mas, rotation_deg, scale : float or None
        Movement of the outlines of its chips, as in `align diff`; None when it is
        unknown.
    cause : list of DiffCause
        What the rows say differently.
    because : dict
        For each cause what the first and the second say.
    """

    rootname: str
    product: str
    visit: str
    version_a: int
    version_b: int
    solution_a: int | None
    solution_b: int | None
    wcs_name_a: str | None
    wcs_name_b: str | None
    recorded_at: str
    median_mas: float | None
    max_mas: float | None
    east_mas: float | None
    north_mas: float | None
    rotation_deg: float | None
    scale: float | None
    cause: list[DiffCause]
    because: dict[str, list[Any]]


@dataclass(frozen=True)
class ChangeService:
    """Finds exposures that the archive reprocessed; opens no file."""

    store: Store

    def changes(
        self,
        scope: Scope | None = None,
        since: datetime | None = None,
        min_mas: float = 0.0,
    ) -> list[AlignmentChange]:
        """List exposures whose newest version from the archive differs from the one before.

        Parameters
        ----------
        scope : Scope, optional
            Which exposures; all when left out.
        since : datetime, optional
            Only those whose newest version was recorded at this time or later.
        min_mas : float
            Only those of which a corner or side moved so far, or it is not known how far.

        Returns
        -------
        list of AlignmentChange
            Those that moved farthest first, then those of which it is not known.

        Raises
        ------
        NotFoundError
            When a rootname or visit that is named is not there.
        UsageError
            When the time has no time zone.
        """
        wanted = scope or Scope()
        if since is not None and since.tzinfo is None:
            raise UsageError(f"{since} has no time zone.", advice="Give it in UTC.")
        with self.store.reading() as session:
            wanted.require(session)
            found = redeliveries(session, wanted, since)
            parts = [found[first : first + _BATCH] for first in range(0, len(found), _BATCH)]
            rows = [row for part in parts for row in _changes(session, part)]
        kept = [row for row in rows if row.max_mas is None or row.max_mas >= min_mas]
        return sorted(kept, key=_farthest_first)


def _farthest_first(row: AlignmentChange) -> tuple[float, str]:
    return (1.0 if row.max_mas is None else -row.max_mas, row.product)


def _changes(session: Session, found: Collection[Redelivery]) -> list[AlignmentChange]:
    ids = {key for one in found for key in (one.before_id, one.after_id)}
    contents = selects.contents_of(session, ids)
    pointings = Pointings.of(session, ids)
    return [_change(one, contents, pointings) for one in found]


def _change(
    found: Redelivery, contents: dict[int, Content], pointings: Pointings
) -> AlignmentChange:
    before, after = contents[found.before_id], contents[found.after_id]
    one, other = (pointings.solutions.get(key) for key in (before.id, after.id))
    moved = pointings.moved(before.id, after.id)
    because = _causes(before, after, one, other)
    return AlignmentChange(
        rootname=found.rootname,
        product=found.product,
        visit=found.visit,
        version_a=before.number,
        version_b=after.number,
        solution_a=one.id if one else None,
        solution_b=other.id if other else None,
        wcs_name_a=one.wcs_name if one else None,
        wcs_name_b=other.wcs_name if other else None,
        recorded_at=after.recorded_at.isoformat(),
        median_mas=moved.median_mas if moved else None,
        max_mas=moved.max_mas if moved else None,
        east_mas=moved.east_mas if moved else None,
        north_mas=moved.north_mas if moved else None,
        rotation_deg=moved.rotation_deg if moved else None,
        scale=moved.scale if moved else None,
        cause=list(because),
        because={cause.value: pair for cause, pair in because.items()},
    )


def _causes(
    before: Content,
    after: Content,
    one: AlignmentSolution | None,
    other: AlignmentSolution | None,
) -> dict[DiffCause, list[Any]]:
    """The causes that :class:`.WcsDiffService` names for two solutions of the archive."""
    found: dict[DiffCause, list[Any]] = {}
    if one is not None and other is not None:
        found |= distortions_apart(
            distortion_of(one.wcs_kind, one.distortion, before.idctab),
            distortion_of(other.wcs_kind, other.distortion, after.idctab),
        )
        if one.fit_catalog != other.fit_catalog:
            found[DiffCause.CATALOGUE] = [one.fit_catalog, other.fit_catalog]
    software = [[each.cal_ver, each.tool_version] for each in (before, after)]
    if software[0] != software[1]:
        found[DiffCause.SOFTWARE] = software
    found[DiffCause.INPUT] = [before.sha256, after.sha256]
    return found
