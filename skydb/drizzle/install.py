"""Putting a reviewed fit into the header of a drizzled product.

The numbers come from the ledger, so that what is applied is exactly what was
reviewed; no tool fits anything a second time.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain.values import ChipGeometry
from skydb.drizzle.wcskeys import alternates, key_of_name
from skydb.drizzle.workspace import opened, science_hdus
from skydb.errors import UsageError

if TYPE_CHECKING:
    from astropy.io.fits import Header

_ARCHIVED = (
    *("WCSNAME", "WCSAXES", "CRPIX1", "CRPIX2", "CUNIT1", "CUNIT2", "CTYPE1", "CTYPE2"),
    *("CRVAL1", "CRVAL2", "LONPOLE", "LATPOLE", "RADESYS", "CD1_1", "CD1_2", "CD2_1", "CD2_2"),
    *("CRDER1", "CRDER2", "WCSTYPE", "HDRNAME"),
)


def install_fit(path: Path, fit: ChipGeometry, *, name: str) -> str:
    """Make a fit the primary WCS of a drizzled product and keep the one it had.

    Parameters
    ----------
    path : Path
        The product, changed in place; only a copy should be given.
    fit : ChipGeometry
        The linear WCS; a drizzled product has no distortion.
    name : str
        WCSNAME for the fit.

    Returns
    -------
    str
        Name under which the WCS it had is now an alternate, as TweakBack wants it.

    Raises
    ------
    UsageError
        When the product is not rectified, has several images, or no key is free.
    """
    with opened(path, "update") as hdus:
        images = science_hdus(hdus)
        if len(images) != 1 or "SIP" in str(images[0].header.get("CTYPE1", "")):
            raise UsageError(f"{path.name} is not a rectified image of one extension.")
        header = images[0].header
        original = _archive_primary(path, header, taken=name)
        _write_primary(header, fit, name)
        return original


def _archive_primary(path: Path, header: Header, *, taken: str) -> str:
    key = next((k for k in string.ascii_uppercase[:-1] if f"CRVAL1{k}" not in header), None)
    if key is None:
        raise UsageError(f"{path.name} has no free key for another WCS.")
    original = _free_name(header, str(header.get("WCSNAME", "")).strip() or "NONAME", taken)
    for card in _ARCHIVED:
        if card in header:
            header.set(f"{card}{key}"[:8], header[card], header.comments[card])
    header[f"WCSNAME{key}"] = original
    return original


def _free_name(header: Header, wanted: str, taken: str) -> str:
    def is_free(name: str) -> bool:
        return key_of_name(header, name) is None and name.upper() != taken.upper()

    numbered = (f"{wanted}-{number}" for number in range(1, len(alternates(header)) + 3))
    return wanted if is_free(wanted) else next(name for name in numbered if is_free(name))


def _write_primary(header: Header, fit: ChipGeometry, name: str) -> None:
    header["CRPIX1"], header["CRPIX2"] = fit.crpix_pix
    header["CRVAL1"], header["CRVAL2"] = fit.crval_deg
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = fit.cd_deg
    header["WCSNAME"] = name
    header["ORIENTAT"] = fit.orientat_deg
