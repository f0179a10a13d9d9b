"""Comparison of two solutions of one image through its pixels.

Only the linear terms of a solution change when it is fitted; its distortion is that of
the file. A solution of which only the linear terms are known (an alternate, a proposal)
is therefore put together with the distortion of the header it belongs to.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from skydb.domain.values import ChipGeometry
from skydb.errors import UsageError
from skydb.sky.displacement import Displacement, displacement

if TYPE_CHECKING:
    from astropy.wcs import WCS

#: Points on each side of the grid over each chip.
GRID_POINTS = 17


def with_linear_terms(wcs: WCS, chip: ChipGeometry, *, distorted: bool = True) -> WCS:
    """A WCS with the distortion of one and the linear terms of another.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Gives SIP, lookup tables and the size of the image.
    chip : ChipGeometry
        Gives CRPIX, CRVAL and CD. SIP counts from its CRPIX (SIP convention, section 2).
    distorted : bool
        False for a solution that has no distortion at all (OPUS).

    Returns
    -------
    astropy.wcs.WCS
        A new one.
    """
    from astropy.wcs import Sip

    made = copy.deepcopy(wcs)
    made.wcs.crpix, made.wcs.crval = chip.crpix_pix, chip.crval_deg
    made.wcs.cd = np.array(chip.cd_deg).reshape(2, 2)
    if not distorted:
        made.sip = made.cpdis1 = made.cpdis2 = made.det2im1 = made.det2im2 = None
        made.wcs.ctype = [str(axis).removesuffix("-SIP") for axis in made.wcs.ctype]
    elif made.sip is not None:
        sip = made.sip
        made.sip = Sip(sip.a, sip.b, sip.ap, sip.bp, chip.crpix_pix)
    made.wcs.set()
    made.pixel_shape = wcs.pixel_shape
    return made


def difference(first: Mapping[int, WCS], second: Mapping[int, WCS]) -> Displacement:
    """Measure the displacement on the sky from the first solution to the second.

    A headerlet does not know the size of its images, the other solution does.

    Parameters
    ----------
    first, second : mapping of int to astropy.wcs.WCS
        WCS by EXTVER.

    Raises
    ------
    UsageError
        When they do not have the same chips, or neither knows a size.
    """
    sized = {
        extver: _sized(extver, first[extver], second[extver]) for extver in first.keys() & second
    }
    if first.keys() != second.keys():
        chips = f"{sorted(first)} and {sorted(second)}"
        raise UsageError(f"The solutions have different chips: {chips}.")
    one = {extver: pair[0] for extver, pair in sized.items()}
    other = {extver: pair[1] for extver, pair in sized.items()}
    return displacement(one, other, points_per_side=GRID_POINTS)


def _sized(extver: int, one: WCS, other: WCS) -> tuple[WCS, WCS]:
    shape = one.pixel_shape or other.pixel_shape
    if shape is None:
        raise UsageError(
            f"Neither solution knows the size of the image of chip {extver}.",
            advice="Compare with a solution of an image, not of two headerlets.",
        )
    return _of_size(one, shape), _of_size(other, shape)


def _of_size(wcs: WCS, shape: tuple[int, int]) -> WCS:
    if wcs.pixel_shape:
        return wcs
    made = copy.deepcopy(wcs)
    made.pixel_shape = shape
    return made
