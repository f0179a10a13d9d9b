"""Grouping of exposures, for a fit as one body and for statistics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: A pause this long within a visit is an occultation by the Earth: another orbit begins.
ORBIT_GAP_MIN = 40.0

_MIN_PER_DAY = 1440.0
_S_PER_DAY = 86400.0


class Division(StrEnum):
    """Definition of a field; exposures of two detectors or filters are never one field."""

    VISIT = "visit"
    """The exposures of one visit."""
    TARGET = "target"
    """The exposures of one TARGNAME of one proposal."""
    PROPOSAL = "proposal"
    """The exposures of one proposal."""


class GroupBy(StrEnum):
    """Property that the exposures of one group have in common."""

    VISIT = "visit"
    """The visit, and so the guide stars."""
    TARGET = "target"
    """TARGNAME, over all visits."""
    ORBIT = "orbit"
    """The visit, without a pause of more than 40 minutes."""


class TimeAxis(StrEnum):
    """Times that values are drawn at."""

    OBSERVED = "observed"
    """Start of the exposure; of a drizzled product, of its first one."""
    PROCESSED = "processed"
    """Start of the run, or when a WCS was fitted or applied."""


class StatisticsBy(StrEnum):
    """Property by which statistics of sky values are grouped."""

    VISIT = "visit"
    FILTER = "filter"
    DETECTOR = "detector"
    PROPOSAL = "proposal"


@dataclass(frozen=True, slots=True)
class Groupable:
    """Properties of an exposure that decide its group.

    Parameters
    ----------
    rootname, visit : str
    target : str or None
        TARGNAME.
    start_mjd, end_mjd : float or None
        When it was taken.
    exptime_s : float or None
        Serves where the end is not known.
    """

    rootname: str
    visit: str
    target: str | None = None
    start_mjd: float | None = None
    end_mjd: float | None = None
    exptime_s: float | None = None

    @property
    def ends_mjd(self) -> float | None:
        """End of the exposure."""
        if self.end_mjd is not None or self.start_mjd is None:
            return self.end_mjd
        return self.start_mjd + (self.exptime_s or 0.0) / _S_PER_DAY


def grouped(exposures: Sequence[Groupable], by: GroupBy) -> dict[str, list[str]]:
    """Rootnames of every group by its name, whatever the order of the exposures.

    Parameters
    ----------
    exposures : sequence of Groupable
    by : GroupBy
        An exposure without a target belongs to its visit. Orbits are numbered from 1 in a
        visit that has several; exposures of unknown time belong to the first.

    Returns
    -------
    dict of str to list of str
        Groups by name, and in each the exposures in order of time.
    """
    found: defaultdict[str, list[Groupable]] = defaultdict(list)
    for one in sorted(exposures, key=lambda one: (one.start_mjd or 0.0, one.rootname)):
        name = one.target.strip() if by is GroupBy.TARGET and one.target else one.visit
        found[name or one.visit].append(one)
    groups: dict[str, list[Groupable]] = {}
    for name, members in sorted(found.items()):
        groups |= _orbits(name, members) if by is GroupBy.ORBIT else {name: members}
    return {name: [one.rootname for one in members] for name, members in groups.items()}


def _orbits(visit: str, exposures: Sequence[Groupable]) -> dict[str, list[Groupable]]:
    orbits: list[list[Groupable]] = []
    last: float | None = None
    for one in exposures:
        if not orbits or _pause_min(last, one.start_mjd) > ORBIT_GAP_MIN:
            orbits.append([])
        orbits[-1].append(one)
        last = max((when for when in (last, one.ends_mjd) if when is not None), default=None)
    if len(orbits) == 1:
        return {visit: orbits[0]}
    return {f"{visit}-{number}": orbit for number, orbit in enumerate(orbits, start=1)}


def _pause_min(end_mjd: float | None, start_mjd: float | None) -> float:
    """Minutes between two exposures; 0 when that is not known."""
    if end_mjd is None or start_mjd is None:
        return 0.0
    return (start_mjd - end_mjd) * _MIN_PER_DAY
