"""A square on the sky, cut out of images for display."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.errors import UsageError
from skydb.report.images import (
    MAX_SIDE_PIX,
    DisplayImage,
    Part,
    image_frame,
    load_part,
    weight_of,
)

if TYPE_CHECKING:
    from astropy.wcs import WCS


@dataclass(frozen=True, slots=True)
class Window:
    """A square on the sky, its sides along those of the image.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Its middle, ICRS.
    size_deg : float
        Its side.
    """

    ra_deg: float
    dec_deg: float
    size_deg: float

    def part_of(self, wcs: WCS, shape_pix: tuple[int, int]) -> Part | None:
        """Rows and columns of an image that hold it; None when none does."""
        from astropy.coordinates import SkyCoord
        from astropy.wcs.utils import proj_plane_pixel_scales

        middle = wcs.world_to_pixel(SkyCoord(self.ra_deg, self.dec_deg, unit="deg"))
        half = self.size_deg / proj_plane_pixel_scales(wcs) / 2
        if not np.isfinite(middle).all():
            return None
        x, y = (
            slice(max(0, round(m - h + 0.5)), min(n, max(0, round(m + h + 0.5))))
            for m, h, n in zip(map(float, middle), half, shape_pix[::-1], strict=True)
        )
        return (y, x) if y.start < y.stop and x.start < x.stop else None


def load_window(science: Path, weight: Path | None, window: Window) -> DisplayImage | None:
    """Read the part of a science image in a window; None when the image has none of it.

    Parameters
    ----------
    science, weight : Path
        As of :func:`skydb.report.images.load_science`.
    window : Window

    Raises
    ------
    NotFoundError, UnreadableFileError, UsageError
        As :func:`skydb.report.images.load_science`; also when the image has no WCS.
    """
    wcs, shape = image_frame(science)
    if wcs is None:
        raise UsageError(f"{science} has no WCS on the sky.", advice="Leave out --crop.")
    part = window.part_of(wcs, shape)
    if part is None:
        return None
    weight = weight_of(science, weight)
    masked = weight is not None
    image = load_part(science, "SCI", part, max_side_pix=MAX_SIDE_PIX, zero_is_empty=masked)
    if weight is None:
        return image
    return image.masked_by(
        load_part(weight, "WHT", part, max_side_pix=MAX_SIDE_PIX, zero_is_empty=True)
    )
