"""Properties of exposures that a drizzled product keeps in its header."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberWcs:
    """One chip as it was when it was drizzled: a row of HDRTAB.

    None is a value that the table does not have.

    Parameters
    ----------
    rootname : str
        The exposure, in full.
    extver : int
        EXTVER of its SCI extension.
    wcs_name : str or None
        WCSNAME that was active.
    idctab : str or None
        Name of the distortion table without a directory.
    cal_ver : str or None
        Calibration software.
    crval_deg, crpix_pix : tuple of float or None
        Reference position and pixel.
    cd_deg : tuple of float or None
        CD1_1, CD1_2, CD2_1, CD2_2 in degrees per pixel.
    """

    rootname: str
    extver: int
    wcs_name: str | None = None
    idctab: str | None = None
    cal_ver: str | None = None
    crval_deg: tuple[float, float] | None = None
    crpix_pix: tuple[float, float] | None = None
    cd_deg: tuple[float, float, float, float] | None = None
