"""The chips of an exposure as one picture, and where on it sources of each chip are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.report.images import (
    MAX_SIDE_PIX,
    DisplayImage,
    binned_wcs,
    block_average,
    load_science,
    several_chips,
)

#: Empty displayed rows between two chips.
_GAP = 4


@dataclass(frozen=True)
class ChipPicture:
    """Chips above each other in the order of EXTVER, as they lie on the detector.

    Parameters
    ----------
    image : DisplayImage
        All of them; its WCS is that of the first.
    first_row : mapping of int to int
        Rows of the picture, in pixels of the file, below each chip, by EXTVER.
    """

    image: DisplayImage
    first_row: Mapping[int, int] = field(default_factory=dict)

    def rows_of(
        self, y_pix: NDArray[np.float64], extver: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """FITS rows of the picture (from 1) of rows of chips."""
        if len(self.first_row) < 2 or len(extver) != len(y_pix):
            return y_pix
        return np.asarray(y_pix + [self.first_row.get(int(chip), 0) for chip in extver])


def load_chips(path: Path, *, max_side_pix: int = MAX_SIDE_PIX) -> ChipPicture:
    """Read all chips of a file for display; of a file with one image, that image.

    Parameters
    ----------
    path : Path
        An exposure or a product.
    max_side_pix : int
        Longest side of the result.

    Raises
    ------
    NotFoundError, UnreadableFileError
        As :func:`skydb.report.images.load_science`.
    """
    image = load_science(path, max_side_pix=max_side_pix)
    chips = list(several_chips(path).items())
    if not chips:
        return ChipPicture(image)
    longest = max(sum(len(data) for _, data in chips), *(data.shape[1] for _, data in chips))
    block = max(1, ceil(longest / max_side_pix))
    width = max(-(-data.shape[1] // block) for _, data in chips)
    rows = 0
    parts: list[NDArray[np.float32]] = []
    first_row = {}
    for extver, data in chips:
        if parts:
            parts.append(np.full((_GAP, width), np.nan, dtype=np.float32))
            rows += _GAP
        first_row[extver] = rows * block
        part = block_average(data, block)
        parts.append(np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan))
        rows += len(part)
    data = np.concatenate(parts)
    whole = replace(image, data=data, block=block, shape_pix=(rows * block, width * block))
    wcs = image.wcs and binned_wcs(image.wcs, block / image.block)
    return ChipPicture(replace(whole, wcs=wcs), first_row)
