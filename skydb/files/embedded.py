"""Headerlets in HDRLET extensions of an image, beside the WCS of its own headers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from skydb.domain.values import ChipGeometry, FileFacts, WcsFacts
from skydb.errors import FileRejectedError
from skydb.files.cards import Cards
from skydb.files.headerlets import Sizes, facts_of_headerlet, payload_of
from skydb.files.strangers import other_destination, stranger
from skydb.files.structure import FitsSkeleton, HduRecord, skeleton_of
from skydb.files.wcs import image_size_pix

_SAME_SKY_DEG = 1e-9
_SAME_PIX = 1e-6
_SAME_CD = 1e-9


@dataclass(frozen=True)
class Embedded:
    """The headerlets of one image.

    Parameters
    ----------
    solutions : list of WcsFacts
        One for each headerlet whose name or numbers no header of the image has.
    flaws : list of str
        A sentence for each headerlet that cannot be read.
    doubts : list of str
        A sentence for each that is of another exposure.
    """

    solutions: list[WcsFacts] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def embedded_headerlets(
    skeleton: FitsSkeleton, known: Sequence[WcsFacts], names: Sequence[str | None]
) -> Embedded:
    """Read the HDRLET extensions of an open file.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file.
    known : sequence of WcsFacts
        Its primary and alternate solutions.
    names : sequence of str or None
        Rootnames that its headers have; of a file that combines exposures none.
    """
    sizes = {chip.version: image_size_pix(chip) for chip in skeleton.named("SCI")}
    found = Embedded()
    for record in skeleton.named("HDRLET"):
        try:
            headerlet, wcs = _embedded(skeleton, record, sizes)
        except FileRejectedError as error:
            found.flaws.append(f"HDRLET,{record.version}: {error.reason}")
            continue
        if not any(_is_same(wcs, one) for one in (*known, *found.solutions)):
            found.solutions.append(wcs)
        if any(names):
            found.doubts.extend(_doubts(f"HDRLET,{record.version}", headerlet, wcs, known, names))
    return found


def _doubts(
    place: str,
    headerlet: FitsSkeleton,
    wcs: WcsFacts,
    known: Sequence[WcsFacts],
    names: Iterable[str | None],
) -> Iterator[str]:
    """Doubt a headerlet that is for another exposure by its DESTIM, or by its place."""
    destination = ""
    with suppress(FileRejectedError):
        destination = Cards(headerlet.path, (headerlet.primary.scanned,)).text("DESTIM") or ""
    if other_destination(destination, names):
        yield (
            f"{place} is a headerlet for {destination} (DESTIM), and the file is of "
            f"{next(filter(None, names))}: its WCS is that of another exposure."
        )
        return
    strange = stranger(wcs, known, "its headers")
    if strange is not None:
        yield strange


def contradictions(file: FileFacts) -> list[str]:
    """Describe headerlets that have the name of a WCS in the headers but differ from it.

    The archive has made such files: one of two solutions with the same name was lost.
    """
    by_name = {wcs.name.text.upper(): wcs for wcs in reversed(file.solutions)}
    found = []
    for headerlet in file.headerlets:
        twin = by_name.get(headerlet.name.text.upper())
        if twin is not None:
            chips = ", ".join(f"SCI,{extver}" for extver in _differing(headerlet, twin))
            found.append(
                f"its headerlet {headerlet.hdr_name} and its WCS {twin.key.strip() or 'primary'} "
                f"are both named {twin.name} and differ on {chips or 'the number of chips'}"
            )
    return found


def _differing(one: WcsFacts, other: WcsFacts) -> list[int]:
    others = {chip.extver: chip for chip in other.chips}
    return [
        chip.extver
        for chip in one.chips
        if chip.extver in others and not _is_same_chip(chip, others[chip.extver])
    ]


def _embedded(
    skeleton: FitsSkeleton, record: HduRecord, sizes: Sizes
) -> tuple[FitsSkeleton, WcsFacts]:
    name = Cards(skeleton.path, (record.scanned,)).text("HDRNAME")
    headerlet = skeleton_of(skeleton.path, payload_of(skeleton.path, skeleton.data_of(record)))
    return headerlet, facts_of_headerlet(headerlet, sizes, name)


def _is_same(one: WcsFacts, other: WcsFacts) -> bool:
    """Whether two solutions have one name and, within the rounding of cards, one WCS."""
    if one.name.text.upper() != other.name.text.upper() or len(one.chips) != len(other.chips):
        return False
    return all(_is_same_chip(a, b) for a, b in zip(one.chips, other.chips, strict=True))


def _is_same_chip(a: ChipGeometry, b: ChipGeometry) -> bool:
    scale = max(map(abs, b.cd_deg))
    return (
        a.extver == b.extver
        and _are_close(a.crval_deg, b.crval_deg, _SAME_SKY_DEG)
        and _are_close(a.crpix_pix, b.crpix_pix, _SAME_PIX)
        and _are_close(a.cd_deg, b.cd_deg, _SAME_CD * scale)
    )


def _are_close(first: Sequence[float], second: Sequence[float], within: float) -> bool:
    pairs = zip(first, second, strict=True)
    return all(math.isclose(a, b, rel_tol=0.0, abs_tol=within) for a, b in pairs)
