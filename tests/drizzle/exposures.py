"""Four small WFC3/IR exposures with known sky and pointing, cheap enough for every test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

SIZE = 256
CENTRE_RA_DEG, CENTRE_DEC_DEG = 85.25, -2.46
WCS_NAME = "IDC_w3m18525i"
_CD_DEG = np.array([[1.8925e-05, -2.8976e-05], [-3.2502e-05, -1.6999e-05]])
_SIP = {
    "A_ORDER": 2, "B_ORDER": 2, "A_1_1": 2.4457e-05, "A_2_0": -1.977e-07, "A_0_2": 5.365e-08,
    "B_0_2": 3.0021e-05, "B_1_1": -1.747e-07, "B_2_0": 6.9803e-06,
    "OCX10": 0.000776120403315872, "OCX11": 0.1354107111692429,
    "OCY10": 0.1209510564804077, "OCY11": -0.00042132250382564, "IDCSCALE": 0.128250002861023,
}  # fmt: skip


@dataclass
class Exposure:
    """An exposure and the error of its header."""

    rootname: str
    offset_arcsec: tuple[float, float]
    sky: float
    error_mas: tuple[float, float] = (0.0, 0.0)
    path: Path = field(default=Path())


def star_positions(number: int = 80, seed: int = 5) -> np.ndarray:
    """ICRS positions (number, 2) around the centre of the field."""
    rng = np.random.default_rng(seed)
    offsets = rng.uniform(-26, 26, (number, 2)) / 3600.0
    ra_deg = CENTRE_RA_DEG + offsets[:, 0] / np.cos(np.radians(CENTRE_DEC_DEG))
    return np.column_stack((ra_deg, CENTRE_DEC_DEG + offsets[:, 1]))


def write_catalog(path: Path) -> Path:
    """A reference catalogue as TweakReg reads it."""
    np.savetxt(path, star_positions(), fmt="%.12f", header="RA Dec (degrees, ICRS)")
    return path


def header_wcs(offset_arcsec, error_mas=(0.0, 0.0)) -> fits.Header:
    """SCI cards of the WCS: SIP distortion, name, and the offsets of its pointing."""
    east, north = np.array(offset_arcsec) / 3600.0 + np.array(error_mas) / 3.6e6
    header = fits.Header()
    header["WCSAXES"] = 2
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["CRPIX1"] = header["CRPIX2"] = SIZE / 2
    header["CRVAL1"] = CENTRE_RA_DEG + east / np.cos(np.radians(CENTRE_DEC_DEG))
    header["CRVAL2"] = CENTRE_DEC_DEG + north
    for (i, j), value in np.ndenumerate(_CD_DEG):
        header[f"CD{i + 1}_{j + 1}"] = value
    header.update(_SIP)
    header["ORIENTAT"] = float(np.degrees(np.arctan2(_CD_DEG[0, 1], _CD_DEG[1, 1])))
    header["RADESYS"], header["VAFACTOR"] = "ICRS", 1.0
    header["WCSNAME"], header["WCSTYPE"] = WCS_NAME, "undistorted not aligned"
    header["HDRNAME"] = "old_headerlet-hlet.fits"
    return header


def pixel_sky(path: Path, extension: object = ("SCI", 1)) -> np.ndarray:
    """Sky positions in degrees (N, 2) of a grid of pixels, distortion included."""
    with fits.open(path) as hdus:
        wcs = WCS(hdus[extension].header, hdus)
    grid = np.stack(np.meshgrid(*[np.linspace(1, SIZE, 9)] * 2), -1).reshape(-1, 2)
    return wcs.all_pix2world(grid, 1)


def moved_mas(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Displacement (N, 2) towards east and north in mas."""
    moved = (after - before) * 3.6e6
    moved[:, 0] *= np.cos(np.radians(CENTRE_DEC_DEG))
    return moved


def write_exposure(directory: Path, exposure: Exposure, seed: int = 0) -> Path:
    """Write an FLT whose pixels are true and whose header is off by ``error_mas``."""
    rng = np.random.default_rng(seed)
    true = WCS(header_wcs(exposure.offset_arcsec))
    image = np.full((SIZE, SIZE), exposure.sky)
    rows, columns = np.mgrid[1 : SIZE + 1, 1 : SIZE + 1]
    for x, y in true.all_world2pix(star_positions(), 1):
        if -5 < x < SIZE + 5 and -5 < y < SIZE + 5:
            image += 40.0 * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 0.8**2)
    image += rng.normal(0.0, 0.02, image.shape)
    header = header_wcs(exposure.offset_arcsec, exposure.error_mas)
    header["BUNIT"] = "ELECTRONS/S"
    header["MDRIZSKY"] = 99.0
    header["NGOODPIX"], header["MEANDARK"] = SIZE * SIZE, 22.3
    header["ROOTNAME"] = header["EXPNAME"] = exposure.rootname
    for card in ("LTV1", "LTV2"):
        header[card] = 0.0
    arrays = {"SCI": image, "ERR": np.full_like(image, 0.02), "DQ": np.zeros(image.shape, "i2"),
              "SAMP": np.full(image.shape, 14, "i2"), "TIME": np.full_like(image, 700)}  # fmt: skip
    hdus = fits.HDUList([fits.PrimaryHDU(header=_primary(exposure.rootname))])
    for name, data in arrays.items():
        data = data.astype("f4") if data.dtype.kind == "f" else data
        hdus.append(fits.ImageHDU(data, header if name == "SCI" else None, name=name, ver=1))
    exposure.path = directory / f"{exposure.rootname}_flt.fits"
    hdus.writeto(exposure.path)
    return exposure.path


def _primary(rootname: str) -> fits.Header:
    header = fits.Header()
    header.update(
        FILENAME=f"{rootname}_flt.fits", ROOTNAME=rootname, TELESCOP="HST", INSTRUME="WFC3",
        DETECTOR="IR", FILTER="F160W", EXPTIME=699.232483, EXPSTART=56000.0, EXPEND=56000.01,
        PA_V3=194.955307, CCDGAIN=2.5, NSAMP=14, SUBARRAY=False, NEXTEND=5, ASN_ID="IBXL50010",
        IDCTAB="iref$w3m18525i_idc.fits", NPOLFILE="N/A", D2IMFILE="N/A", MDRIZTAB="N/A",
        ATODGNA=2.34, ATODGNB=2.37, ATODGNC=2.31, ATODGND=2.38, READNSEA=20.2, READNSEB=19.8,
        READNSEC=19.9, READNSED=20.1, CCDAMP="ABCD", SAMP_SEQ="STEP100",
        PHOTMODE="WFC3 IR F160W", PHOTFLAM=1.93e-20, EXPFLAG="NORMAL",
        APERTURE="IR", TARGNAME="ANY", PROPOSID=12812, FLSHFILE="N/A", IMAGETYP="EXT",
        DISTNAME="ibxl50clq_w3m18525i-NOMODEL-NOMODEL", SIPNAME="ibxl50clq_w3m18525i",
    )  # fmt: skip
    header["DATE-OBS"], header["TIME-OBS"] = "2012-03-14", "00:00:00"
    return header
