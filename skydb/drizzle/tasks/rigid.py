"""Fits of groups of exposures as rigid bodies, by tweakwcs, inside the subprocess.

The matches come with the request, so that nothing is detected or matched here: tweakwcs fits
the geometry and corrects the linear terms of every chip.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.tasks.jobs import working_in

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import Wcsprm
    from tweakwcs import FITSWCSCorrector

Floats = NDArray[np.float64]

#: A tangent plane has no size; tweakwcs wants one.
_PLANE_SIZE_PIX = 16


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Fit every body of the request and write the fit to the copies of its exposures."""
    found = []
    for job in request["jobs"]:
        with working_in(job, scratch):
            found.append(_fitted(job))
    return {"fits": found}


def _fitted(job: dict[str, Any]) -> dict[str, object]:
    """Numbers of one fit; its exposures carry it afterwards."""
    matrix, shift, residuals = _linear_fit(job)
    plane = _plane(job["centre_deg"], job["pixel_deg"])
    for name, move in zip(job["inputs"], job["moves"], strict=True):
        first, step = np.array(move["matrix"]), np.array(move["shift_pix"])
        _correct(name, plane, matrix @ first, matrix @ step + shift, job["wcsname"])
    return {
        "matrix": matrix.tolist(),
        "shift_pix": shift.tolist(),
        "residuals_pix": residuals.tolist(),
    }


def _linear_fit(job: dict[str, Any]) -> tuple[Floats, Floats, Floats]:
    """Matrix and shift from the origin of the plane, and residuals (N, 2)."""
    from tweakwcs.linearfit import iter_linear_fit

    if not job["stars_pix"]:
        return np.eye(2), np.zeros(2), np.empty((0, 2))
    stars, sources = np.array(job["stars_pix"]), np.array(job["sources_pix"])
    fit = iter_linear_fit(sources, stars, fitgeom=job["geometry"], nclip=0)
    matrix = np.asarray(fit["matrix"], dtype=float)
    centre = np.asarray(fit["center"], dtype=float)
    shift = np.asarray(fit["shift"], dtype=float) + centre - matrix @ centre
    return matrix, shift, sources - (stars @ matrix.T + shift)


def _plane(centre_deg: list[float], pixel_deg: float) -> FITSWCSCorrector:
    """A tangent plane without rotation whose pixel (0, 0) is the centre."""
    from astropy.wcs import WCS
    from tweakwcs import FITSWCSCorrector

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = centre_deg, [1.0, 1.0]
    wcs.wcs.cd = [[-pixel_deg, 0.0], [0.0, pixel_deg]]
    wcs.wcs.set()
    wcs.pixel_shape = (_PLANE_SIZE_PIX, _PLANE_SIZE_PIX)
    return FITSWCSCorrector(wcs)


def _correct(
    name: str, plane: FITSWCSCorrector, matrix: Floats, shift: Floats, wcsname: str
) -> None:
    """Move every chip of one exposure, and leave its distortion as it is."""
    from astropy.io import fits
    from astropy.wcs import WCS
    from tweakwcs import FITSWCSCorrector

    with fits.open(name, mode="update", memmap=False) as hdus:
        for hdu in [one for one in hdus if one.name == "SCI"] or [hdus[0]]:
            wcs = WCS(hdu.header, hdus)
            wcs.pixel_shape = (hdu.header["NAXIS1"], hdu.header["NAXIS2"])
            corrector = FITSWCSCorrector(wcs)
            corrector.set_correction(matrix, shift, ref_tpwcs=plane)
            _write(hdu.header, corrector.wcs.wcs, wcsname)


def _write(header: Header, wcs: Wcsprm, wcsname: str) -> None:
    for axis in (1, 2):
        header[f"CRVAL{axis}"] = float(wcs.crval[axis - 1])
        for other in (1, 2):
            header[f"CD{axis}_{other}"] = float(wcs.cd[axis - 1, other - 1])
    header["WCSNAME"] = wcsname
