"""Names of a fitted WCS in headers as in the archive: RMS in mas, correct type and HDRNAME.

TweakReg writes NMATCH and RMS in degrees, apply_tweak keeps the errors and the
headerlet name of the old solution; both are put right here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain.values import FitQuality
from skydb.drizzle.wcskeys import alternates, key_of_name
from skydb.drizzle.wcstypes import wcs_type_of
from skydb.drizzle.workspace import opened, science_hdus
from skydb.errors import UsageError

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header

_DEG_PER_MAS = 1.0 / 3.6e6
_LEFT_BY_TOOLS = ("NMATCH", "FITNAME", "HDRNAME", "NMATCHES", "RMS_RA", "RMS_DEC", "FITGEOM")


@dataclass(frozen=True)
class SolutionLabel:
    """Values of the headers for a solution.

    Parameters
    ----------
    wcs_name : str
        ``IDC_xxx-FIT_SKYDB_<catalogue>``.
    wcs_type : str
        A sentence, as the archive's WCSTYPE; see :meth:`aligned_to`.
    quality : FitQuality
        Matches, RMS in mas and geometry; what is None is left out.
    """

    wcs_name: str
    wcs_type: str
    quality: FitQuality

    def __post_init__(self) -> None:
        if not 0 < len(self.wcs_name) <= 40:
            raise UsageError(f"{self.wcs_name!r} is not a WCSNAME of 1 to 40 characters.")

    @classmethod
    def aligned_to(cls, wcs_name: str, catalog: str, quality: FitQuality) -> SolutionLabel:
        """Label of a fit to a named catalogue."""
        return cls(wcs_name, wcs_type_of(catalog), quality)

    @property
    def crder_deg(self) -> tuple[float, float] | None:
        """RMS in degrees for CRDER1 and CRDER2, or None when unknown."""
        ra_mas, dec_mas = self.quality.rms_ra_mas, self.quality.rms_dec_mas
        if ra_mas is None or dec_mas is None:
            return None
        return ra_mas * _DEG_PER_MAS, dec_mas * _DEG_PER_MAS


def label(path: Path, solution: SolutionLabel, *, previous: str) -> None:
    """Name the primary WCS of every science header of a file, in place.

    Parameters
    ----------
    path : Path
        A drizzled product or an exposure whose primary WCS is the fit.
    solution : SolutionLabel
        What to write.
    previous : str
        WCSNAME under which the tool left the fit; any other primary is refused.

    Raises
    ------
    UsageError
        The primary WCS is not the one named `previous`, or an alternate has
        the new name already.
    """
    with opened(path, "update") as hdus:
        for hdu in science_hdus(hdus):
            _require_previous(path, hdu.header, solution.wcs_name, previous)
            write_label(hdu.header, solution)
        _rename_in_history(hdus, previous, solution.wcs_name)


def write_label(header: Header, solution: SolutionLabel) -> None:
    """Describe the primary WCS of one header; knows nothing of files."""
    for card in _LEFT_BY_TOOLS:
        header.remove(card, ignore_missing=True)
    quality = solution.quality
    header["WCSNAME"] = (solution.wcs_name, "Coordinate system title")
    header["WCSTYPE"] = solution.wcs_type
    _set(header, "NMATCHES", quality.nmatches, "Number of sources in the WCS fit")
    _set(header, "RMS_RA", quality.rms_ra_mas, "RMS in RA of WCS fit(mas)")
    _set(header, "RMS_DEC", quality.rms_dec_mas, "RMS in Dec of WCS fit(mas)")
    _set(header, "FITGEOM", quality.fit_geometry, "Geometry of the WCS fit")
    crder_deg = solution.crder_deg or (None, None)
    for card, value, axis in zip(("CRDER1", "CRDER2"), crder_deg, ("RA", "Dec"), strict=True):
        header.remove(card, ignore_missing=True)
        _set(header, card, value, f"RMS in {axis} of WCS fit(deg)")


def keep_description(before: Header, after: Header, original_name: str) -> None:
    """Move WCSTYPE and HDRNAME of the old primary to its alternate in `after`.

    apply_tweak archives the coordinates only, so that the archived solution
    would lose its headerlet name to the new primary.
    """
    key = key_of_name(after, original_name)
    if key is None:
        return
    for card in ("WCSTYPE", "HDRNAME"):
        if card in before and f"{card}{key}" not in after:
            after[f"{card}{key}"] = before[card]


def _require_previous(path: Path, header: Header, wcs_name: str, previous: str) -> None:
    found = str(header.get("WCSNAME", "")).strip()
    if found.upper() != previous.upper():
        raise UsageError(f"{path.name} has WCSNAME {found!r}, expected {previous!r}.")
    if wcs_name.upper() in (name.upper() for name in alternates(header).values()):
        raise UsageError(
            f"{path.name} already has an alternate WCS named {wcs_name!r}.",
            advice="Give the new solution another name.",
        )


def _set(header: Header, card: str, value: object, comment: str) -> None:
    if value is not None:
        header[card] = (value, comment)


def _rename_in_history(hdus: HDUList, previous: str, wcs_name: str) -> None:
    """Name the solution in the WCSCORR table too, where TweakReg has entered it."""
    for hdu in hdus:
        if hdu.name == "WCSCORR" and "WCS_ID" in hdu.columns.names:
            names = hdu.data["WCS_ID"]
            names[names == previous] = wcs_name
