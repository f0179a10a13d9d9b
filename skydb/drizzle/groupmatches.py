"""Match files of groups, in the form of TweakReg's, so that figures and checks read both alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_COLUMNS = (
    *("X (reference)", "Y (reference)", "X (input)", "Y (input)", "X (fit)", "Y (fit)"),
    *("X (residual)", "Y (residual)", "RA (fit)", "Dec (fit)"),
    *("Original X (input)", "Original Y (input)", "Input EXTVER ID"),
)


@dataclass(frozen=True, eq=False)
class MemberMatches:
    """Matches of a group that one of its exposures has measured.

    Parameters
    ----------
    sources_pix, stars_pix : ndarray, shape (N, 2)
        Places in the plane of the group: in the catalogue, and in the exposures before the fit.
    residuals_pix : ndarray, shape (N, 2)
        Source minus star, after the fit.
    radec_deg : ndarray, shape (N, 2)
        The stars after the fit.
    xy_pix : ndarray, shape (N, 2)
        The stars on the chip, counted from 1.
    extver : ndarray of int, shape (N,)
        The chip.
    """

    sources_pix: Floats
    stars_pix: Floats
    residuals_pix: Floats
    radec_deg: Floats
    xy_pix: Floats
    extver: NDArray[np.intp]

    def write(self, path: Path, image: str, shift_pix: Floats) -> Path:
        """Write them.

        Parameters
        ----------
        path : Path
        image : str
            File name of the exposure.
        shift_pix : ndarray, shape (2,)
            Of the fit.
        """
        residuals = self.residuals_pix
        spread = residuals.std(axis=0) if len(residuals) else np.full(2, np.nan)
        head = [
            f"# Input image: {image}",
            f"# X and Y shift: {shift_pix[0]:.6f} {shift_pix[1]:.6f}",
            f"# X and Y rms: {spread[0]:.6f} {spread[1]:.6f}",
            *(f"# Column {number}: {title}" for number, title in enumerate(_COLUMNS, start=1)),
        ]
        places = (self.sources_pix, self.stars_pix, self.sources_pix - residuals, residuals)
        table = np.hstack((*places, self.radec_deg, self.xy_pix, self.extver[:, np.newaxis]))
        rows = [" ".join(f"{value:.12g}" for value in row) for row in table]
        path.write_text("\n".join((*head, *rows, "")), encoding="utf-8")
        return path
