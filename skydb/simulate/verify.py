"""Results compared with the truth: pure functions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import NotHstImageError, UnreadableFileError, UsageError
from skydb.simulate.geometry import Matrix, unit_vector
from skydb.simulate.truth import ChipTruth, FieldTruth

if TYPE_CHECKING:
    from astropy.io.fits import Header

_GRID = 9
_MAS_PER_RADIAN = 206264806.24709636


@dataclass(frozen=True, slots=True)
class SkyError:
    """Measured minus injected sky: rms and largest absolute error, in ``unit``."""

    rms: float
    worst: float
    unit: SkyUnit


def sky_error(
    truth: FieldTruth, values: Mapping[tuple[str, int], float], relative: bool
) -> SkyError:
    """Compare sky values with the injected ones.

    Parameters
    ----------
    truth : FieldTruth
    values : mapping
        Sky in the image's unit, keyed by (rootname, extver).
    relative : bool
        Whether values are offsets from one image (``match``): then the mean
        difference is no error.

    Raises
    ------
    UsageError
        When there are no values.
    NotFoundError
        When a value belongs to no exposure of the field.
    """
    if not values:
        raise UsageError("There are no sky values to compare with the truth.")
    errors = np.array(
        [value - truth.exposure(rootname).sky for (rootname, _), value in values.items()]
    )
    if relative:
        errors = errors - errors.mean()
    rms, worst = float(np.sqrt(np.mean(errors**2))), float(np.abs(errors).max())
    return SkyError(rms, worst, truth.exposures[0].sky_unit)


def pointing_error_mas(truth: FieldTruth, rootname: str, path: Path) -> float:
    """Largest separation in mas, over a pixel grid of all chips, of a file's WCS from the truth.

    Parameters
    ----------
    truth : FieldTruth
    rootname : str
        The exposure.
    path : Path
        Its FLT or FLC, as it now is.

    Raises
    ------
    NotFoundError
        When the exposure is not in the field.
    UnreadableFileError
        When the file cannot be read.
    NotHstImageError
        When the file lacks a chip.
    """
    from astropy.io import fits

    exposure = truth.exposure(rootname)
    try:
        with fits.open(path) as hdus:
            headers = {hdu.ver: hdu.header.copy() for hdu in hdus if hdu.name == "SCI"}
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error})") from error
    separations = []
    for chip in exposure.chips:
        if chip.extver not in headers:
            raise NotHstImageError(path, f"has no extension SCI,{chip.extver}")
        separations.append(_chip_error_mas(headers[chip.extver], chip))
    return max(separations)


def _chip_error_mas(header: Header, chip: ChipTruth) -> float:
    claimed, true = _grid_positions(header, chip), _grid_positions(_with_truth(header, chip), chip)
    chords = np.linalg.norm(unit_vector(*claimed) - unit_vector(*true), axis=-1)
    return float(chords.max()) * _MAS_PER_RADIAN


def _with_truth(header: Header, chip: ChipTruth) -> Header:
    """The header with its linear part replaced by the true one."""
    true = header.copy()
    true["CRPIX1"], true["CRPIX2"] = chip.crpix
    true["CRVAL1"], true["CRVAL2"] = chip.crval
    true["CD1_1"], true["CD1_2"], true["CD2_1"], true["CD2_2"] = chip.cd
    return true


def _grid_positions(header: Header, chip: ChipTruth) -> tuple[Matrix, Matrix]:
    """ICRS positions of a grid that reaches the corners of the chip."""
    from astropy.wcs import WCS, FITSFixedWarning

    x, y = np.meshgrid(
        np.linspace(0.5, chip.naxis[0] + 0.5, _GRID), np.linspace(0.5, chip.naxis[1] + 0.5, _GRID)
    )
    with warnings.catch_warnings():
        # Headers of HST have a DATE-OBS that astropy rewrites; it has no bearing here.
        warnings.simplefilter("ignore", FITSFixedWarning)
        ra, dec = WCS(header).all_pix2world(x.ravel(), y.ravel(), 1)
    return np.asarray(ra), np.asarray(dec)
