"""The file versions that a drizzled product was made of, according to its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skydb.domain.members import MemberWcs
from skydb.domain.values import ChipGeometry, FileFacts
from skydb.domain.version import ProductVersion

#: Largest difference, in mas, between the reference positions of one WCS as two headers keep it.
_SAME_POSITION_MAS = 0.5
#: The same for the terms of the CD matrix, relative to the largest.
_SAME_SCALE = 1e-6
_MAS_PER_DEG = 3.6e6


@dataclass(frozen=True)
class DrizzledFrom:
    """Properties of its input versions that a drizzled product keeps.

    Parameters
    ----------
    product : FileFacts
        Facts of the drizzled file.
    """

    product: FileFacts

    def objection(self, version: ProductVersion) -> str | None:
        """Explain why the product was not made of this version of a member; None when it was.

        The WCSNAME of the member must be the product's, and where the header keeps more -
        the calibration, the WCS of each chip - that must be the member's too.

        Parameters
        ----------
        version : ProductVersion
            A version of one of the members.
        """
        kept = [one for one in self.product.member_wcs if one.rootname == version.rootname]
        return self._calibration(version, kept) or self._wcs(version, kept)

    def _calibration(self, version: ProductVersion, kept: Sequence[MemberWcs]) -> str | None:
        cards = (
            ("CAL_VER", version.cal_ver, {one.cal_ver for one in kept}, self.product.cal_ver),
            ("IDCTAB", version.idctab, {one.idctab for one in kept}, self.product.idctab),
        )
        for card, own, in_rows, in_product in cards:
            calibrations = {value for value in in_rows if value} or {in_product} - {None}
            if own is not None and calibrations and own not in calibrations:
                named = ", ".join(sorted(filter(None, calibrations)))
                return f"its {card} is {own}, the product was made with {named}"
        return None

    def _wcs(self, version: ProductVersion, kept: Sequence[MemberWcs]) -> str | None:
        solution = version.current_solution
        if solution is None:
            return "it has no WCS"
        named = {one.wcs_name for one in kept if one.wcs_name} or {self.product.primary.name.text}
        if solution.wcs_name not in named:
            wanted = ", ".join(sorted(named))
            return f"its WCS is {solution.wcs_name}, the product was drizzled with {wanted}"
        chips = {chip.extver: chip.geometry for chip in solution.chips}
        apart = [one for one in kept if one.extver in chips and _differs(one, chips[one.extver])]
        if apart:
            return f"its {solution.wcs_name} is not the one that the product was drizzled with"
        return None


def _differs(kept: MemberWcs, chip: ChipGeometry) -> bool:
    """Whether two headers keep different linear terms under one name."""
    if kept.crpix_pix is not None and not np.allclose(kept.crpix_pix, chip.crpix_pix, atol=1e-3):
        return True
    if kept.crval_deg is not None and _apart_mas(kept.crval_deg, chip.crval_deg) > (
        _SAME_POSITION_MAS
    ):
        return True
    if kept.cd_deg is None:
        return False
    tolerance = _SAME_SCALE * max(map(abs, chip.cd_deg))
    return not np.allclose(kept.cd_deg, chip.cd_deg, rtol=0.0, atol=tolerance)


def _apart_mas(one: tuple[float, float], other: tuple[float, float]) -> float:
    ra = (one[0] - other[0] + 180.0) % 360.0 - 180.0
    east = ra * np.cos(np.radians(other[1]))
    return float(np.hypot(east, one[1] - other[1]) * _MAS_PER_DEG)
