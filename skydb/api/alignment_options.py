"""Target, catalogue and options of an alignment, checked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from skydb.api.checking import options as named_options
from skydb.api.checking import texts
from skydb.api.selecting import Names, require_member

if TYPE_CHECKING:
    from skydb.domain.vocabulary import AlignmentRoad
    from skydb.drizzle.settings import TweakRegSettings
    from skydb.services.alignment import GroupOptions


@dataclass(frozen=True)
class AlignmentRequest:
    """Request for an alignment: files, catalogue and options.

    Parameters
    ----------
    road : AlignmentRoad
        Drizzled products, exposures or groups.
    refcat : str, sequence of str or None
        Catalogue or catalogues.
    groups : GroupOptions or None
        How groups are fitted; None for the other roads.
    settings : TweakRegSettings or None
        Of TweakReg; None for its defaults, and for groups.
    """

    road: AlignmentRoad
    refcat: Names
    groups: GroupOptions | None
    settings: TweakRegSettings | None

    @classmethod
    def of(
        cls,
        refcat: Names,
        what: str | None,
        group_by: str | None,
        *,
        relative: bool,
        settings: TweakRegSettings | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Self:
        """Check options as they were given, before a database is opened.

        Raises
        ------
        UsageError
            When they do not go together, or TweakReg has no such option.
        """
        given = named_options(options)
        # Without a catalogue visits are aligned to each other: None says so, not an empty list.
        refcat = texts(refcat, "refcat") or None
        road = chosen_road(what, relative=relative)
        tweakreg = _with_options(road, settings, given)
        geometry = given.get("fitgeometry")
        groups = chosen_groups(
            road,
            refcat,
            given,
            group_by=group_by,
            geometry=None if geometry is None else str(geometry),
            relative=relative,
        )
        return cls(road, refcat, groups, tweakreg)


def chosen_road(what: str | None, *, relative: bool) -> AlignmentRoad:
    """Return what is fitted; groups when visits are aligned to each other.

    Raises
    ------
    UsageError
        When there is no such word.
    """
    from skydb.domain.vocabulary import AlignmentRoad

    if what is None:
        return AlignmentRoad.GROUP if relative else AlignmentRoad.DRIZZLED
    return require_member(AlignmentRoad, what, "--what")


def chosen_groups(
    road: AlignmentRoad,
    refcat: str | Sequence[str] | None,
    tweakreg: Mapping[str, object],
    *,
    group_by: str | None,
    geometry: str | None,
    relative: bool,
) -> GroupOptions | None:
    """Return how groups are fitted; None when none are.

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
    # What fits groups takes half a second to import.
    from skydb.services.alignment import GroupOptions

    return GroupOptions(require_member(GroupBy, group_by or GroupBy.VISIT, "--group-by"), geometry)


def _with_options(
    road: AlignmentRoad, settings: TweakRegSettings | None, options: Mapping[str, object]
) -> TweakRegSettings | None:
    """Settings with options of TweakReg, typed or as text."""
    from skydb.drizzle.usual import usual_settings

    if settings is None:
        return usual_settings(road, options)
    return replace(settings, extra={**settings.extra, **options})
