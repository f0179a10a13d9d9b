"""Files of a simulated field as they lie on the disks of those who use them: copies, HAP files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from astropy.io import fits

from skydb.simulate.truth import FieldTruth

Header = fits.Header


def exposure_file(field: Path, rootname: str) -> Path:
    """The FLT or FLC of an exposure."""
    (path,) = (p for kind in ("flt", "flc") for p in field.glob(f"{rootname}_{kind}.fits"))
    return path


def product_file(field: Path, visit: str) -> Path:
    """The DRZ or DRC of a visit such as ``50``."""
    (path,) = field.glob(f"????{visit}*_dr?.fits")
    return path


def in_visit(field: Path, visit: str) -> list[str]:
    """Rootnames of a visit such as ``50``."""
    return [one.rootname for one in FieldTruth.load(field).exposures if one.visit == visit]


def rewritten(
    source: Path, target: Path, change: Callable[[fits.HDUList], object] | None = None
) -> Path:
    """A copy of a file with a change."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if change is None:
        return Path(shutil.copyfile(source, target))
    with fits.open(source, memmap=False) as hdus:
        change(hdus)
        hdus.writeto(target)
    return target


def with_cards(source: Path, target: Path, **cards: object) -> Path:
    """A copy with other cards in its primary header."""
    return rewritten(source, target, lambda hdus: hdus[0].header.update(cards))


def with_science_cards(source: Path, target: Path, **cards: object) -> Path:
    """A copy with other cards in its first SCI header."""
    return rewritten(source, target, lambda hdus: hdus["SCI", 1].header.update(cards))


def svm_file(
    field: Path, rootname: str, out: Path, *, knows_its_name: bool = True, scope: str = "SVM"
) -> Path:
    """The exposure as HAP's single-visit processing gives it: on the true WCS, under its name.

    Parameters
    ----------
    knows_its_name : bool
        Whether FILENAME is the new name too.
    """
    truth = FieldTruth.load(field)
    source, exposure = exposure_file(field, rootname), truth.exposure(rootname)
    kind = source.stem[-3:]
    name = f"hst_12812_{exposure.visit}_wfc3_ir_f160w_{rootname[:8]}_{kind}.fits"

    def change(hdus: fits.HDUList) -> None:
        if knows_its_name:
            hdus[0].header["FILENAME"] = name
        set_true_wcs(hdus, truth, rootname, f"FIT_{scope}_GAIAeDR3")

    return rewritten(source, out / name, change)


def set_true_wcs(hdus: fits.HDUList, truth: FieldTruth, rootname: str, fit: str) -> None:
    """Put the true pointing in all headers of an exposure, under the name of a fit."""
    chips = {chip.extver: chip for chip in truth.exposure(rootname).chips}
    for hdu in hdus[1:]:
        if "CRVAL1" not in hdu.header:
            continue
        chip = chips[hdu.ver]
        hdu.header["CRPIX1"], hdu.header["CRPIX2"] = chip.crpix
        hdu.header["CRVAL1"], hdu.header["CRVAL2"] = chip.crval
        names = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
        for card, value in zip(names, chip.cd, strict=True):
            hdu.header[card] = value
        if "WCSNAME" in hdu.header:
            hdu.header["WCSNAME"] = f"{hdu.header['WCSNAME'].partition('-')[0]}-{fit}"
