"""Chips that are matched one by one: every chip as if it were an exposure of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from skydb.domain.overlap import ChipKey
from skydb.domain.vocabulary import SkyMethod
from skydb.sky.methods import ChipSky, Islands, Measures, sky_of


def name_of(chip: ChipKey) -> str:
    """A chip as findings and islands name it: ``rootname[EXTVER]``."""
    return f"{chip[0]}[{chip[1]}]"


def singled(measures: Measures) -> Measures:
    """The same measurements, with every chip under a name of its own (:func:`name_of`)."""
    # The order of names is that of chips as long as EXTVER has one digit, as with HST.
    return Measures(
        tuple(replace(chip, rootname=name_of(chip.key)) for chip in measures.chips),
        tuple(
            replace(one, first=_single(one.first), second=_single(one.second))
            for one in measures.overlaps
        ),
        {_single(key): outline for key, outline in measures.outlines.items()},
    )


def chip_skies(
    method: SkyMethod, measures: Measures, *, per_chip: bool = False
) -> dict[ChipKey, ChipSky | None]:
    """The sky of every chip by one method, in its unit; None for one without a good pixel.

    Parameters
    ----------
    method : SkyMethod
        The method.
    measures : Measures
        All that was measured.
    per_chip : bool
        Give every chip a sky of its own, instead of one to all chips of an exposure. Chips
        are connected by overlaps with those of other exposures; one that overlaps none has
        no offset.
    """
    taken = singled(measures) if per_chip else measures
    skies = sky_of(method, taken).of_chips(taken.chips)
    return {
        chip.key: skies[one.key] if chip.level else None
        for chip, one in zip(measures.chips, taken.chips, strict=True)
    }


def matched_groups(measures: Measures, *, per_chip: bool = False) -> Islands:
    """Groups that have each a zero of their own: of exposures, or of chips by their names."""
    return singled(measures).islands if per_chip else measures.islands


def names_matched(chips: Iterable[ChipKey], *, per_chip: bool = False) -> set[str]:
    """Names in :func:`matched_groups` of some chips."""
    return {name_of(chip) if per_chip else chip[0] for chip in chips}


def _single(chip: ChipKey) -> ChipKey:
    return (name_of(chip), chip[1])
