"""What an alignment is to fit, and what may not go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from skydb.domain.vocabulary import AlignmentRoad
    from skydb.services.alignment import GroupOptions

E = TypeVar("E", bound=StrEnum)


def chosen_road(what: str | None, *, relative: bool) -> AlignmentRoad:
    """What is to be fitted; groups when visits are aligned to each other.

    Raises
    ------
    UsageError
        When it is no road.
    """
    from skydb.domain.vocabulary import AlignmentRoad

    if what is None:
        return AlignmentRoad.GROUP if relative else AlignmentRoad.DRIZZLED
    return _member(AlignmentRoad, "--what", what.strip().lower())


def chosen_groups(
    road: AlignmentRoad,
    refcat: str | Sequence[str] | None,
    tweakreg: Mapping[str, object],
    *,
    group_by: str | None,
    geometry: str | None,
    relative: bool,
) -> GroupOptions | None:
    """How groups are to be fitted; None when none are.

    Parameters
    ----------
    road : AlignmentRoad
    refcat : str, sequence of str or None
    tweakreg : mapping
        Options of TweakReg that were given.
    group_by, geometry : str or None
    relative : bool

    Raises
    ------
    UsageError
        When options do not go together, or have no such value.
    """
    from skydb.domain.fit import MATCHES_WANTED
    from skydb.domain.grouping import GroupBy
    from skydb.domain.vocabulary import AlignmentRoad
    from skydb.errors import UsageError
    from skydb.services.alignment import GroupOptions

    if relative == bool(refcat):
        advice = "Give --refcat NAME, or --relative to align visits to each other without one."
        raise UsageError("A run needs either a catalogue or --relative.", advice=advice)
    if road is not AlignmentRoad.GROUP:
        if relative or group_by is not None:
            raise UsageError("--relative and --group-by are for --what group.")
        return None
    foreign = sorted(set(tweakreg) - {"fitgeometry"})
    if foreign:
        raise UsageError(
            f"{', '.join(foreign)}: options of TweakReg, which does not fit groups.",
            advice="Leave them out; --fitgeometry is taken.",
        )
    if geometry is not None and geometry not in MATCHES_WANTED:
        raise UsageError(
            f"--fitgeometry {geometry} is not known.",
            advice=f"Use one of {', '.join(MATCHES_WANTED)}.",
        )
    return GroupOptions(_member(GroupBy, "--group-by", group_by or GroupBy.VISIT), geometry)


def _member(kind: type[E], option: str, value: str) -> E:
    from skydb.errors import UsageError

    try:
        return kind(value)
    except ValueError as error:
        raise UsageError(
            f"{option} {value} is not known.", advice=f"Use one of {', '.join(kind)}."
        ) from error
