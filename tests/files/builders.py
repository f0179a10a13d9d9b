"""Tiny FITS files with the headers of HST images."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.files.pixels import ChipPixels, open_chips

Cards = Mapping[str, object]

WFC3_IR: dict[str, object] = {
    "TELESCOP": "HST",
    "INSTRUME": "WFC3  ",
    "DETECTOR": "IR  ",
    "ROOTNAME": "ibxl50ivq                         ",
    "FILENAME": "ibxl50ivq_flt.fits",
    "PROPOSID": 12812,
    "OBSTYPE": "IMAGING       ",
    "FILTER": "F160W  ",
    "EXPTIME": 502.936462,
    "EXPSTART": 56244.5,
    "ASN_ID": "IBXL50030",
    "TARGNAME": "HORSEHEAD",
    "IDCTAB": "iref$w3m18525i_idc.fits",
    "CAL_VER": "3.6.2(May-27-2021)",
}


#: A distortion model that moves nothing; who names a WCS after one must have one.
SIP: dict[str, object] = {
    **{"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"},
    **{"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 0.0, "B_0_2": 0.0},
}


def chip_cards(
    crval_deg: tuple[float, float] = (85.25, -2.45),
    scale_arcsec: float = 0.128,
    shape: tuple[int, int] = (24, 32),
    *,
    key: str = "",
    name: str | None = "IDC_w3m18525i-FIT_REL_GAIAeDR3",
    is_rectified: bool = False,
) -> dict[str, object]:
    """WCS of a chip; ``shape`` is (NAXIS2, NAXIS1). A rectified one is a drizzled product's."""
    ny, nx = shape
    step = scale_arcsec / 3600
    cards: dict[str, object] = {
        f"CTYPE1{key}": "RA---TAN",
        f"CTYPE2{key}": "DEC--TAN",
        f"CRPIX1{key}": nx / 2 + 0.5,
        f"CRPIX2{key}": ny / 2 + 0.5,
        f"CRVAL1{key}": crval_deg[0],
        f"CRVAL2{key}": crval_deg[1],
        f"CD1_1{key}": -step,
        f"CD1_2{key}": 0.0,
        f"CD2_1{key}": 0.0,
        f"CD2_2{key}": step,
    }
    if name is not None:
        cards[f"WCSNAME{key}"] = name
    is_modelled = not key and (name or "").startswith(("IDC_", "FIT_"))
    return cards | (SIP | {"IDCSCALE": scale_arcsec} if is_modelled and not is_rectified else {})


#: Nearly every test of a service begins with the same few files.
_BUILT: dict[str, bytes] = {}


@dataclass
class ImageBuilder:
    """A multi-extension HST image, one SCI with its ERR and DQ for each chip."""

    path: Path
    primary: dict[str, object] = field(default_factory=lambda: dict(WFC3_IR))
    chips: list[dict[str, object]] = field(default_factory=lambda: [chip_cards()])
    shape: tuple[int, int] = (24, 32)
    bunit: str = "ELECTRONS/S"
    companions: tuple[str, ...] = ("ERR", "DQ")
    extra: list[fits.hdu.base.ExtensionHDU] = field(default_factory=list)

    def write(self) -> Path:
        recipe = self._recipe()
        if recipe not in _BUILT:
            _BUILT[recipe] = self._built()
        with self.path.open("xb") as file:
            file.write(_BUILT[recipe])
        return self.path

    def _recipe(self) -> str:
        """All that the bytes of the file follow from."""
        extra = [(hdu.header.tostring(), hdu.data.tobytes()) for hdu in self.extra]
        return repr((self.primary, self.chips, self.shape, self.bunit, self.companions, extra))

    def _built(self) -> bytes:
        hdus = [fits.PrimaryHDU(header=_header(self.primary))]
        for extver, cards in enumerate(self.chips, 1):
            hdus.append(self._image("SCI", extver, {"BUNIT": self.bunit, **cards}))
            hdus += [self._image(name, extver, {}) for name in self.companions]
        hdus += self.extra
        hdus[0].header.setdefault("NEXTEND", len(hdus) - 1)
        file = io.BytesIO()
        fits.HDUList(hdus).writeto(file, output_verify="silentfix")
        return file.getvalue()

    def _image(self, name: str, extver: int, cards: Cards) -> fits.ImageHDU:
        pixels = np.zeros(self.shape, np.int16 if name == "DQ" else np.float32)
        if name == "SCI":  # an image whose pixels are all the same is none
            pixels += np.arange(pixels.size, dtype=np.float32).reshape(self.shape) % 7
        hdu = fits.ImageHDU(pixels, header=_header(cards))
        hdu.header["EXTNAME"], hdu.header["EXTVER"] = name, extver
        return hdu


def hdrtab(*rootnames: str) -> fits.BinTableHDU:
    """HDRTAB of a drizzled product; ROOTNAME is not its first column."""
    count = len(rootnames)
    columns = [
        fits.Column("EXPTIME", "D", array=np.ones(count)),
        fits.Column("FLAGS", "11X", array=np.zeros((count, 11), bool)),
        fits.Column("ROOTNAME", "9A", array=list(rootnames)),
        fits.Column("EXTVER", "K", array=np.ones(count, int)),
    ]
    return fits.BinTableHDU.from_columns(columns, name="HDRTAB")


def _header(cards: Cards) -> fits.Header:
    return fits.Header([fits.Card(*_card(key, value)) for key, value in cards.items()])


def _card(key: str, value: object) -> tuple[object, ...]:
    """Arguments of a card; a tuple is a value and its comment."""
    return (key, *value) if isinstance(value, tuple) else (key, value)


def read_pixels(path: Path) -> dict[int, ChipPixels]:
    """Every chip of an exposure, by EXTVER."""
    return {extver: chip.load() for extver, chip in open_chips(path).items()}
