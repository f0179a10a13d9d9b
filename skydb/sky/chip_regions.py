"""Parts of a drizzled product that only one chip of its members can have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.sky.pairs import pixels_inside

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ChipOutline:
    """Outline of one chip of a member on the pixels of a product.

    Parameters
    ----------
    number : int
        The chip, which is the same in all members.
    polygon_pix : ndarray, shape (N, 2)
        FITS pixels of the product.
    """

    number: int
    polygon_pix: NDArray[np.float64]


def regions_of(outlines: Sequence[ChipOutline], shape: tuple[int, int]) -> dict[int, Mask]:
    """Pixels of an image that one chip alone can have seen, by the number of the chip.

    Parameters
    ----------
    outlines : sequence of ChipOutline
        Those of all members.
    shape : tuple of int
        (ny, nx) of the image.

    Returns
    -------
    dict of int to ndarray of bool
        Masks of the image; none unless there are several chips.
    """
    seen: dict[int, Mask] = {}
    for one in outlines:
        rows, columns, mask = pixels_inside(one.polygon_pix, shape)
        seen.setdefault(one.number, np.zeros(shape, dtype=bool))[rows, columns] |= mask
    if len(seen) < 2:
        return {}
    times = np.zeros(shape, dtype=np.uint8)
    for mask in seen.values():
        times += mask
    return {number: mask & (times == 1) for number, mask in seen.items()}
