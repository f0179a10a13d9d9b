"""Match files of groups, in the form of TweakReg's, so that figures and checks read both alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_COLUMNS = (
    *("X (reference)", "Y (reference)", "X (input)", "Y (input)", "X (fit)", "Y (fit)"),
    *("X (residual)", "Y (residual)", "RA (fit)", "Dec (fit)"),
)


def write_match_file(
    path: Path,
    image: str,
    sources_pix: Floats,
    stars_pix: Floats,
    residuals_pix: Floats,
    radec_deg: Floats,
    shift_pix: Floats,
) -> None:
    """Write the matches of a group for one of its members.

    Parameters
    ----------
    path : Path
    image : str
        File name of the member.
    sources_pix, stars_pix : ndarray, shape (N, 2)
        Places in the plane of the group: in the catalogue, and in the exposures before the fit.
    residuals_pix : ndarray, shape (N, 2)
        Source minus star, after the fit.
    radec_deg : ndarray, shape (N, 2)
        The stars after the fit.
    shift_pix : ndarray, shape (2,)
        Of the fit.
    """
    residuals = residuals_pix.reshape(-1, 2)
    spread = residuals.std(axis=0) if len(residuals) else np.full(2, np.nan)
    head = [
        f"# Input image: {image}",
        f"# X and Y shift: {shift_pix[0]:.6f} {shift_pix[1]:.6f}",
        f"# X and Y rms: {spread[0]:.6f} {spread[1]:.6f}",
        *(f"# Column {number}: {title}" for number, title in enumerate(_COLUMNS, start=1)),
    ]
    table = np.hstack((sources_pix, stars_pix, sources_pix - residuals, residuals, radec_deg))
    rows = [" ".join(f"{value:.10g}" for value in row) for row in table]
    path.write_text("\n".join((*head, *rows, "")), encoding="utf-8")
