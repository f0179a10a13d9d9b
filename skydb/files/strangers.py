"""Headerlets that are hardly of the exposure in whose file they are, or that they are for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from skydb.domain.directions import separation_deg
from skydb.domain.values import ChipGeometry, WcsFacts

#: Guide stars were up to an arcminute off where they were lost; a fit turns by much less.
_FAR_DEG, _TURNED_DEG = 5 / 60, 1.0
#: Reference pixels of one chip by several WCS, such as that of OPUS, are less apart.
_SAME_CHIP_PIX = 200.0
#: Of a rootname; the last character of an exposure's is a letter, and only names its way to the
#: ground.
_LENGTH = 9


def stranger(headerlet: WcsFacts, own: Iterable[WcsFacts], of: str) -> str | None:
    """Explain why a headerlet is hardly of an exposure, by its place; None when it may be.

    Parameters
    ----------
    headerlet : WcsFacts
    own : iterable of WcsFacts
        WCS of the exposure; one that is near is enough.
    of : str
        What has these, for the sentence.
    """
    found = [text for one in own for text in [_apart(headerlet, one)]]
    if not found or None in found:
        return None
    named = headerlet.hdr_name or headerlet.name.text
    return f"its headerlet {named} is {found[0]} the WCS of {of}: it is of another exposure."


def other_destination(destination: str, names: Iterable[str | None]) -> bool:
    """Whether DESTIM of a headerlet is an exposure, and none of those that a file names."""
    wanted = _exposure(destination)
    known = {name for one in names if one and (name := _exposure(one))}
    return wanted is not None and bool(known) and wanted not in known


def _exposure(name: str) -> str | None:
    """A rootname of an exposure without its last letter; None for other names."""
    text = name.strip().lower()[:_LENGTH]
    is_exposure = len(text) == _LENGTH and text.isalnum() and text[-1].isalpha()
    return text[:-1] if is_exposure else None


def _apart(one: WcsFacts, other: WcsFacts) -> str | None:
    """Words for the distance of two WCS, or for their turn; None when they are alike."""
    known = {chip.extver: chip for chip in other.chips}
    for chip in one.chips:
        twin = known.get(chip.extver)
        if twin is not None and math.dist(chip.crpix_pix, twin.crpix_pix) < _SAME_CHIP_PIX:
            return next(_differences(chip, twin), None)
    return None


def _differences(chip: ChipGeometry, twin: ChipGeometry) -> Iterator[str]:
    if not all(map(math.isfinite, (*chip.crval_deg, *twin.crval_deg, *chip.cd_deg, *twin.cd_deg))):
        return
    away = separation_deg(chip.crval_deg, twin.crval_deg)
    if away > _FAR_DEG:
        yield f"{60 * away:,.0f} arcmin away from"
    turned = (chip.orientat_deg - twin.orientat_deg + 180) % 360 - 180
    if abs(turned) > _TURNED_DEG:
        yield f"turned by {turned:.1f} degrees from"
