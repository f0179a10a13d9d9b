"""Outlines of the chips of all members on the pixels of a drizzled product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sqlalchemy.orm import Session

from skydb.domain import ProductVersion
from skydb.domain.values import ChipGeometry
from skydb.services.alignment.membership import member_products
from skydb.sky.chip_regions import ChipOutline
from skydb.sky.outlines import vertices_deg


def member_outlines(session: Session, version: ProductVersion) -> tuple[ChipOutline, ...]:
    """Outlines of chips on a product, by the WCS of the ledger; none where it is no product.

    A member may have been moved since the product was made, by a small part of a chip: the
    outlines only show which chip is which, and are no measurement.

    Parameters
    ----------
    session : Session
    version : ProductVersion
        The drizzled product before its fit.
    """
    current = version.current_solution
    if not version.product.kind.is_drizzled or current is None or not current.chips:
        return ()
    return tuple(_outlines(session, version, current.chips[0].geometry))


def _outlines(
    session: Session, version: ProductVersion, plane: ChipGeometry
) -> Iterator[ChipOutline]:
    for products in member_products(session, version).values():
        member = products[0].latest.current_solution
        chips = member.chips if member is not None else []
        numbers = {chip.ccdchip for chip in chips}
        by_chip = None not in numbers and len(numbers) == len(chips)
        for chip in chips:
            if chip.s_region:
                number = chip.ccdchip if by_chip and chip.ccdchip is not None else chip.extver
                yield ChipOutline(number, _pixels(plane, vertices_deg(chip.s_region)))


def _pixels(plane: ChipGeometry, radec_deg: np.ndarray) -> np.ndarray:
    """FITS pixels of positions on a tangent plane without distortion."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix, wcs.wcs.crval = plane.crpix_pix, plane.crval_deg
    wcs.wcs.cd = np.reshape(plane.cd_deg, (2, 2))
    return np.asarray(wcs.wcs_world2pix(radec_deg, 1))
