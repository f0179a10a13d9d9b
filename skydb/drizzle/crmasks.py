"""Masks of cosmic rays that AstroDrizzle made, as a run keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.workspace import opened

#: Part of the pixels that cosmic rays hit in a second, at most: 3 % in 1000 s (ACS ISR
#: 2002-07, Riess 2002). Masks grow, and steep stars lose pixels too.
_HIT_PER_S = 3e-5
_GROWN, _ON_STARS = 2.0, 0.01

#: Name of the file with the masks of all chips.
MASKS = "crmasks.fits"


@dataclass(frozen=True, slots=True)
class MaskReading:
    """Pixels that driz_cr masked in one chip.

    Parameters
    ----------
    filename : str
        The exposure.
    extver : int
        The chip.
    masked : int
        Pixels that it took for cosmic rays.
    lost : int
        Those of them that the mosaic would have used.
    usable : int
        Pixels that the flags let into the mosaic.
    exptime_s : float
        Of the exposure.
    """

    filename: str
    extver: int
    masked: int
    lost: int
    usable: int
    exptime_s: float

    @property
    def share_lost(self) -> float:
        """Part of the usable pixels that was masked."""
        return self.lost / self.usable if self.usable else 0.0

    @property
    def largest_share(self) -> float:
        """Part of the usable pixels that cosmic rays can account for."""
        return _GROWN * _HIT_PER_S * self.exptime_s + _ON_STARS

    @property
    def is_too_much(self) -> bool:
        """Whether something else than cosmic rays was masked."""
        return self.share_lost > self.largest_share


def mask_readings(records: Iterable[Mapping[str, Any]]) -> tuple[MaskReading, ...]:
    """Read the masks from the record of the subprocess."""
    return tuple(MaskReading(**one) for one in records)


def read_masks(path: Path) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """Masks (rows, columns) by rootname and extver, True where a cosmic ray was seen.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    with opened(path) as hdus:
        return {(hdu.name.lower(), int(hdu.ver)): hdu.data > 0 for hdu in hdus[1:]}
