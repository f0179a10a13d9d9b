"""WFPC2 exposures: the pixels in one file, their flags in another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from tests.files.builders import SIP, chip_cards

#: drizzlepac's shadow masks know chips of one size, which is 400 when binned.
SIZE = 800
SKY, NOISE, BAD = 10.0, 0.5, 500.0
SCALE_ARCSEC = 0.0996

_PRIMARY: dict[str, object] = {
    "TELESCOP": "HST",
    "INSTRUME": "WFPC2",
    "PROPOSID": 5235,
    "IMAGETYP": "EXT",
    "FILTNAM1": "F814W",
    "FILTNAM2": "",
    "FILTER1": 23,
    "FILTER2": 0,
    "LRFWAVE": 0.0,
    "EXPTIME": 100.0,
    "DARKTIME": 100.0,
    "EXPSTART": 49500.0,
    "EXPEND": 49500.001,
    "EXPFLAG": "NORMAL",
    "DATE-OBS": "1994-05-28",
    "TIME-OBS": "00:00:00",
    "TARGNAME": "M87",
    "PA_V3": 100.0,
    "ATODGAIN": 7.0,
    "MODE": "FULL",
    "SHUTTER": "A",
    "OPUS_VER": "OPUS 2009_2",
    "IDCTAB": "uref$v5r1512gu_idc.fits",
    "EQUINOX": 2000.0,
}


def write_wfpc2(
    directory: Path,
    rootname: str = "u2eb0101t",
    *,
    sky: float = SKY,
    offset_arcsec: float = 0.0,
    with_flags: bool = True,
    seed: int = 1,
) -> Path:
    """One chip (WF3) of which half the pixels are bad and flagged; its c0m, the c1m beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    flags = np.zeros((SIZE, SIZE), np.int16)
    flags[:, 1::2] = 1
    pixels = np.random.default_rng(seed).normal(sky, NOISE, flags.shape).astype(np.float32)
    pixels[flags > 0] = BAD
    path = directory / f"{rootname}_c0m.fits"
    _write(path, rootname, "SCI", _chip(rootname, offset_arcsec), pixels)
    if with_flags:
        _write(directory / f"{rootname}_c1m.fits", rootname, "SCI", {"DETECTOR": 3}, flags)
    return path


def _chip(rootname: str, offset_arcsec: float) -> dict[str, object]:
    centre = (187.7, 12.39 + offset_arcsec / 3600)
    cards = chip_cards(centre, SCALE_ARCSEC, (SIZE, SIZE), name="IDC_v5r1512gu") | SIP
    return cards | {
        "DETECTOR": 3,
        "EXPNAME": rootname,
        "BUNIT": "COUNTS",
        "IDCSCALE": SCALE_ARCSEC,
        "IDCTAB": "uref$v5r1512gu_idc.fits",
        "PHOTFLAM": 2.5e-18,
        "PHOTZPT": -21.1,
        "PHOTPLAM": 7996.0,
        "PHOTBW": 646.0,
        "ORIENTAT": 0.0,
        "VAFACTOR": 1.0,
        "NGOODPIX": SIZE * SIZE // 2,
    }


def _write(
    path: Path, rootname: str, name: str, cards: dict[str, object], data: np.ndarray
) -> None:
    primary = fits.PrimaryHDU(header=fits.Header(list(_PRIMARY.items())))
    primary.header.update({"ROOTNAME": rootname, "FILENAME": path.name, "NEXTEND": 1})
    image = fits.ImageHDU(data, header=fits.Header(list(cards.items())), name=name, ver=1)
    fits.HDUList([primary, image]).writeto(path)
