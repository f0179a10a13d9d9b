"""Headerlets made by stwcs, which can apply them.

stwcs writes numbers with 14 digits, which is up to 0.00002 mas; what it makes of a file is
therefore not used as it is: the linear terms are written again with all their digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain.values import ChipGeometry, FitQuality
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.workspace import copies_in, fresh_directory, opened
from skydb.errors import ToolSilentFailureError

_TOOL = "stwcs"
_MADE = "made_hlet.fits"


@dataclass(frozen=True)
class HeaderletLabel:
    """Names and author in a headerlet.

    Parameters
    ----------
    hdr_name : str
        HDRNAME.
    destination : str
        DESTIM: rootname of the exposure that it is for.
    author, description : str
        AUTHOR and DESCRIP.
    catalog : str
        Astrometric catalogue, empty when there is none.
    quality : FitQuality
        Matches, and RMS in mas, which is what the archive writes.
    """

    hdr_name: str
    destination: str
    author: str = ""
    description: str = ""
    catalog: str = ""
    quality: FitQuality = field(default_factory=FitQuality)


class Headerlets:
    """Makes headerlets, from copies, in a subprocess."""

    def __init__(self, runner: DrizzlepacRunner) -> None:
        self._runner = runner

    def create(
        self, image: Path, chips: Sequence[ChipGeometry], label: HeaderletLabel, scratch: Path
    ) -> Path:
        """Make a headerlet of the primary WCS of an exposure.

        Parameters
        ----------
        image : Path
            The exposure; not touched.
        chips : sequence of ChipGeometry
            Its primary linear WCS, with all digits.
        label : HeaderletLabel
            What it shall say of itself.
        scratch : Path
            Directory of the run; holds the headerlet.

        Raises
        ------
        ToolCrashedError, ToolSilentFailureError
            When stwcs cannot make it, e.g. because the file names no IDCTAB.
        """
        job: dict[str, object] = {
            "hdr_name": label.hdr_name,
            "destination": label.destination,
            "author": label.author,
            "description": label.description,
            "nmatches": label.quality.nmatches,
            "catalog": label.catalog,
        }
        made = self._run(image, job, scratch).with_name(_MADE)
        if not made.exists():
            log = scratch / "headerlet.log"
            raise ToolSilentFailureError(_TOOL, f"made no headerlet of {image.name}", log=log)
        _complete(made, chips, label.quality)
        return made

    def _run(self, image: Path, job: dict[str, object], scratch: Path) -> Path:
        scratch.mkdir(parents=True, exist_ok=True)
        directory = fresh_directory(scratch, "create")
        copy = copies_in(scratch / directory, [image])[0]
        request = {"headerlet": _MADE, **job, "directory": directory, "image": copy.name}
        self._runner.run("headerlet", {"jobs": [request]}, scratch)
        return copy


def _complete(headerlet: Path, chips: Sequence[ChipGeometry], quality: FitQuality) -> None:
    """Write what stwcs rounds or does not know: all digits of the WCS, RMS in mas."""
    by_extver = {chip.extver: chip for chip in chips}
    with opened(headerlet, "update") as hdus:
        if quality.rms_ra_mas is not None and quality.rms_dec_mas is not None:
            hdus[0].header["RMS_RA"] = quality.rms_ra_mas
            hdus[0].header["RMS_DEC"] = quality.rms_dec_mas
        for hdu in hdus:
            if hdu.name == "SIPWCS":
                chip, header = by_extver[int(hdu.header["TG_EVER"])], hdu.header
                header["CRPIX1"], header["CRPIX2"] = chip.crpix_pix
                header["CRVAL1"], header["CRVAL2"] = chip.crval_deg
                header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = chip.cd_deg
