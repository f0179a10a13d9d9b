"""Changes of an exposure by reprocessing: versions, distortion table, pixels, pointing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.simulate.geometry import LinearWcs, Matrix, sky_position, unit_vector

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header

#: Days from one processing to the next, and from a new reference file to its use.
_STEP = timedelta(days=180)
_TABLE_AGE = timedelta(days=30)
_TABLE_TIME = time(15, 36)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Year of a reference file whose name begins with 0; the letter before it is z.
_YEAR_ZERO = 2016
_CAL_VER = re.compile(r"(\d+\.\d+)\.(\d+) \((.+)\)")
_DAY_FORMATS = ("%b-%d-%Y", "%d-%b-%Y")
_CONTEXTS = 60
_LEVELS = ("GOODMIN", "GOODMAX", "GOODMEAN", "MDRIZSKY")
_BRIGHTNESS = ("SCI", "ERR")


@dataclass(frozen=True, slots=True)
class Recalibration:
    """One later processing of a field.

    Parameters
    ----------
    factor : float
        On all pixels of SCI and ERR.
    turn : ndarray
        Rotation (3, 3) of the sky between the old and the new WCS.
    """

    factor: float
    turn: Matrix

    def write(self, original: Path, target: Path) -> None:
        """Write the exposure as the later processing gives it; the original stays as it is."""
        from astropy.io import fits

        with fits.open(original, memmap=False) as hdus:
            self._apply(hdus)
            hdus.writeto(target, overwrite=True)

    def _apply(self, hdus: HDUList) -> None:
        primary = hdus[0].header
        old = distortion_of(primary)
        primary.update(newer_cards(primary))
        new = distortion_of(primary)
        _rename(primary, old, new)
        for hdu in hdus[1:]:
            _rename(hdu.header, old, new)
            self._move(hdu.header)
            if hdu.name in _BRIGHTNESS:
                hdu.data = (hdu.data * np.float32(self.factor)).astype(np.float32)
            for card in _LEVELS:
                if card in hdu.header:
                    hdu.header[card] *= self.factor

    def _move(self, header: Header) -> None:
        """Turn every solution but that of the telescope (OPUS)."""
        for key in ("", "A"):
            if f"CRVAL1{key}" in header:
                moved = _read(header, key).turned(self.turn)
                _write(header, key, moved)
        if "S_REGION" in header:
            header["ORIENTAT"] = header["PA_APER"] = _read(header, "").orientat_deg
            aperture = self._turned(np.array([header["RA_APER"], header["DEC_APER"]]))
            header["RA_APER"], header["DEC_APER"] = aperture[0]
            corners = np.array(header["S_REGION"].split()[2:], dtype=float)
            region = " ".join(f"{ra} {dec}" for ra, dec in self._turned(corners))
            header["S_REGION"] = f"POLYGON ICRS {region}"

    def _turned(self, positions_deg: Matrix) -> list[list[float]]:
        """Pairs of right ascension and declination after the rotation."""
        ra, dec = positions_deg.reshape(-1, 2).T
        ra, dec = sky_position(unit_vector(ra, dec) @ self.turn.T)
        return [[float(a), float(d)] for a, d in zip(ra, dec, strict=True)]


def newer_cards(header: Header) -> dict[str, str | float]:
    """Versions, dates and distortion table of the next processing of a primary header."""
    written = date.fromisoformat(header["DATE"][:10]) + _STEP
    directory = header["IDCTAB"].partition("$")[0]
    table = reference_name(written - _TABLE_AGE, directory[0])
    context = int(re.sub(r"\D", "", header["CRDS_CTX"])) + _CONTEXTS
    return {
        "DATE": written.isoformat(),
        "PROCTIME": header["PROCTIME"] + _STEP.days,
        "OPUS_VER": f"HSTDP {written.year}_{(written.month + 2) // 3}",
        "CSYS_VER": f"caldp_{written:%Y%m%d}",
        "CAL_VER": newer_version(header["CAL_VER"], written - _TABLE_AGE),
        "CRDS_CTX": f"hst_{context}.pmap",
        "IDCTAB": f"{directory}${table}_idc.fits",
    }


def reference_name(day: date, letter: str) -> str:
    """Name of a reference file made on a day: year, month, day, time and instrument."""
    year = _DIGITS[(day.year - _YEAR_ZERO) % len(_DIGITS)]
    return f"{year}{_DIGITS[day.month]}{_DIGITS[day.day]}{_TABLE_TIME:%H%M}0{letter}"


def newer_version(cal_ver: str, day: date) -> str:
    """CAL_VER of a later version, its date written as the old one's.

    Parameters
    ----------
    cal_ver : str
        E.g. ``3.7.1 (Oct-18-2023)`` or ``10.3.5 (08-Feb-2022)``.
    """
    found = _CAL_VER.fullmatch(cal_ver)
    if found is None:
        raise ValueError(f"{cal_ver!r} is not the version of a calibration program")
    branch, patch, old_day = found.groups()
    style = next(one for one in _DAY_FORMATS if _is_written(old_day, one))
    return f"{branch}.{int(patch) + 1} ({day.strftime(style)})"


def distortion_of(primary: Header) -> str:
    """Name of the distortion table without directory and suffix."""
    return str(primary["IDCTAB"].partition("$")[2].removesuffix("_idc.fits"))


def _is_written(text: str, style: str) -> bool:
    try:
        datetime.strptime(text, style)
    except ValueError:
        return False
    return True


def _rename(header: Header, old: str, new: str) -> None:
    """Put the new distortion model into the names of solutions and models."""
    for card in ("DISTNAME", "SIPNAME", "WCSNAME", "WCSNAMEA", "HDRNAME"):
        if card in header:
            header[card] = header[card].replace(old, new)


def _read(header: Header, key: str) -> LinearWcs:
    def two(name: str) -> tuple[float, float]:
        return header[f"{name}1{key}"], header[f"{name}2{key}"]

    cd = (*two("CD1_"), *two("CD2_"))
    return LinearWcs(two("CRPIX"), two("CRVAL"), cd)


def _write(header: Header, key: str, wcs: LinearWcs) -> None:
    header[f"CRVAL1{key}"], header[f"CRVAL2{key}"] = wcs.crval
    for name, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), wcs.cd, strict=True):
        header[f"{name}{key}"] = value
