"""Putting a solution that is on record into headers: a reviewed fit, or an earlier WCS.

The numbers come from the ledger, so that what is applied is exactly what was
reviewed; no tool fits anything a second time.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain.values import ChipGeometry
from skydb.drizzle.labels import SolutionLabel, write_label
from skydb.drizzle.wcskeys import alternates, is_archived, key_of_name
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


def install_solution(
    path: Path,
    chips: Sequence[ChipGeometry],
    label: SolutionLabel,
    hdr_name: str | None,
    *,
    history: str,
) -> None:
    """Make an earlier solution the primary WCS of every chip and keep the one they had.

    The distortion stays that of the file; the caller measures the result.

    Parameters
    ----------
    path : Path
        An exposure or a product, changed in place; only a copy should be given.
    chips : sequence of ChipGeometry
        The linear WCS of every chip.
    label : SolutionLabel
        WCSNAME, WCSTYPE and quality of the solution.
    hdr_name : str or None
        HDRNAME of the solution.
    history : str
        HISTORY of the primary header: action and time. It distinguishes the file from one
        that held the same solution before.

    Raises
    ------
    UsageError
        When a chip has no WCS in the solution, or no key is free.
    """
    by_extver = {chip.extver: chip for chip in chips}
    with opened(path, "update") as hdus:
        images = science_hdus(hdus)
        missing = [str(hdu.ver) for hdu in images if hdu.ver not in by_extver]
        if missing:
            raise UsageError(
                f"{label.wcs_name} has no WCS for SCI,{', SCI,'.join(missing)} of {path.name}.",
                advice="Choose a solution that has every chip (`skydb align history`).",
            )
        key = _free_key(path, *(hdu.header for hdu in images))
        for hdu in images:
            if not is_archived(hdu.header):
                _archive_primary(path, hdu.header, taken=label.wcs_name, key=key)
            _write_primary(hdu.header, by_extver[hdu.ver], label.wcs_name)
            write_label(hdu.header, label)
            if hdr_name:
                hdu.header["HDRNAME"] = hdr_name
        hdus[0].header.add_history(history)


def _free_key(path: Path, *headers: Header) -> str:
    """Letter that no header uses yet; O is for the original WCS of the pipeline."""
    letters = string.ascii_uppercase.replace("O", "")[:-1]
    for key in letters:
        if all(f"CRVAL1{key}" not in header for header in headers):
            return key
    raise UsageError(f"{path.name} has no free key for another WCS.")


def _archive_primary(path: Path, header: Header, *, taken: str, key: str | None = None) -> str:
    key = key or _free_key(path, header)
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
