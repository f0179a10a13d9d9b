"""Places of the chips of an exposure relative to each other, by every WCS of its file.

Fits and updates move all chips as one body. So all WCS of a file that share a distortion
model place its chips alike, but for a rotation and a scale of the whole; a chip that was edited
or updated alone is where none of the others has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import ChipGeometry, WcsFacts, unit_vectors

#: Between WCS of one distortion model there are a few mas, of the aberration and of rounding.
_LARGEST_MAS = 100.0
_MAS_PER_DEG = 3.6e6

Floats = NDArray[np.float64]


def displaced_chips(solutions: Sequence[WcsFacts], headerlets: Sequence[WcsFacts]) -> Iterator[str]:
    """Find chips of the primary WCS that every other WCS of the file has elsewhere.

    A headerlet can itself be of two fits, also one of the archive: it only confirms.

    Parameters
    ----------
    solutions : sequence of WcsFacts
        WCS of the SCI extensions, the primary first.
    headerlets : sequence of WcsFacts
        Those of headerlets in the file.

    Yields
    ------
    str
        A sentence for each chip.
    """
    primary, *others = solutions
    alternates = [(one, _offsets_mas(primary, one)) for one in others if _same(one, primary)]
    confirming = [_offsets_mas(primary, one) for one in headerlets if _same(one, primary)]
    for chip in primary.chips[1:]:
        off = [(offset[chip.extver], one) for one, offset in alternates if chip.extver in offset]
        every = [off_mas for off_mas, _ in off]
        every += [offset[chip.extver] for offset in confirming if chip.extver in offset]
        if off and min(every) > _LARGEST_MAS:
            off_mas, other = off[0]
            yield (
                f"SCI,{chip.extver} lies {off_mas:.0f} mas elsewhere from "
                f"SCI,{primary.chips[0].extver} than by {other.name} of the same file: "
                "one chip was moved without the other; restore the file from the archive."
            )


def _same(one: WcsFacts, primary: WcsFacts) -> bool:
    """Whether two WCS share a distortion model, which has the places of the chips."""
    model = primary.name.distortion
    return model is not None and one.name.distortion == model


def _offsets_mas(primary: WcsFacts, other: WcsFacts) -> dict[int, float]:
    """Distances of the second and further chips from their places by another WCS, by EXTVER."""
    known = {chip.extver: chip for chip in other.chips}
    chips = [chip for chip in primary.chips if chip.extver in known]
    if not chips or any(chip.crpix_pix != known[chip.extver].crpix_pix for chip in chips):
        return {}
    first, *rest = chips
    return {
        chip.extver: _offset_mas((first, chip), (known[first.extver], known[chip.extver]))
        for chip in rest
    }


def _offset_mas(
    ours: tuple[ChipGeometry, ChipGeometry], theirs: tuple[ChipGeometry, ChipGeometry]
) -> float:
    """Largest distance of pixels of a chip, seen from another chip, between two WCS."""
    scale_mas = _MAS_PER_DEG * float(np.sqrt(abs(np.linalg.det(_matrix(ours[0])))))
    apart = _place_pix(*ours) - _place_pix(*theirs)
    turned = _turn(*ours) - _turn(*theirs)
    corners = np.array(ours[1].naxis_pix) / 2 * np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    return scale_mas * float(np.hypot(*(apart[:, np.newaxis] + turned @ corners.T)).max())


def _place_pix(first: ChipGeometry, second: ChipGeometry) -> Floats:
    """Reference position (2,) of the second chip in pixels of the first, about its own."""
    here, there = unit_vectors(np.array([first.crval_deg, second.crval_deg], dtype=float))
    ra = np.radians(first.crval_deg[0])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(here, east)
    plane = np.degrees([there @ east, there @ north]) / (there @ here)
    return np.asarray(np.linalg.solve(_matrix(first), plane))


def _turn(first: ChipGeometry, second: ChipGeometry) -> Floats:
    """Steps along pixels of the second chip in pixels of the first, shape (2, 2)."""
    return np.asarray(np.linalg.solve(_matrix(first), _matrix(second)))


def _matrix(chip: ChipGeometry) -> Floats:
    return np.array(chip.cd_deg).reshape(2, 2)
