"""Stars of the chips of one exposure, and the catalogue that TweakReg is given of them.

TweakReg's own finder takes cosmic rays for stars. What it is given here is the list of
:mod:`skydb.sky.stars`, chip by chip in the order of EXTVER, with positions as FITS counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from skydb.domain.signal import flagged
from skydb.drizzle.workspace import opened
from skydb.files.pixels import planes_of
from skydb.sky.stars import StarList, StarShape, find_stars


@dataclass(frozen=True, slots=True)
class Optics:
    """Shape of stars on a detector.

    Parameters
    ----------
    fwhm_pix : float
        Width of the core of a star before it is integrated over pixels.
    good_flags : int
        DQ flags that leave a pixel good for centroids.
    shape : StarShape
        What is taken for a star.
    """

    fwhm_pix: float
    good_flags: int
    shape: StarShape = field(default_factory=StarShape)


#: Widths: instrument handbooks (WFC3 6.6 and 7.6, ACS 5.6), less the pixel itself. Ramps have
#: removed nearly all rays from exposures of WFC3/IR, so that narrower images may be stars.
#: Flags: blobs, zero-read signal, warm pixels and rays that ramps have removed (IR); warm pixels
#: and charge traps (CCD).
_OPTICS: Mapping[tuple[str, str], Optics] = MappingProxyType(
    {
        ("WFC3", "IR"): Optics(1.4, 64 | 512 | 2048 | 8192, StarShape(narrowest=0.55)),
        ("WFC3", "UVIS"): Optics(1.7, 64 | 1024),
        ("ACS", "WFC"): Optics(1.85, 64),
        ("ACS", "HRC"): Optics(2.3, 64),
        ("NICMOS", ""): Optics(1.4, 512, StarShape(narrowest=0.55)),
    }
)
_OTHERS = Optics(1.7, 0)


def optics_of(instrument: str, detector: str) -> Optics:
    """Look up the shape of stars on a detector; a default for an unknown one."""
    names = (instrument.upper(), detector.upper())
    return _OPTICS.get(names) or _OPTICS.get((names[0], "")) or _OTHERS


@dataclass(frozen=True, eq=False)
class ChipStars:
    """The stars of one chip, and where on it a star could have been found.

    Parameters
    ----------
    stars : StarList
        What was found.
    packed : ndarray of uint8
        The bits of `clear`, for the chips of a whole run may be kept.
    shape : (int, int)
        Of the chip: ny, nx.
    """

    stars: StarList
    packed: NDArray[np.uint8]
    shape: tuple[int, int]

    @classmethod
    def on(cls, stars: StarList, clear: NDArray[np.bool_]) -> ChipStars:
        """Stars of a chip, and its clear pixels."""
        ny, nx = clear.shape
        return cls(stars, np.packbits(clear), (ny, nx))

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Pixels with no bad, hot or saturated one beside them, shape (ny, nx)."""
        bits = np.unpackbits(self.packed, count=self.shape[0] * self.shape[1])
        return bits.astype(bool).reshape(self.shape)


def chip_stars(path: Path, *, least_snr: float = 20.0, most: int = 5000) -> dict[int, ChipStars]:
    """Stars of every chip of an exposure, by EXTVER, and where they could have been found.

    Parameters
    ----------
    path : Path
        An FLT or FLC.
    least_snr : float
        Flux over its error that a star needs.
    most : int
        How many of a chip, the brightest first.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, or has no image.
    """
    from scipy.ndimage import binary_erosion

    with opened(path) as hdus:
        header = hdus[0].header
        names = (str(header.get(card, "")).strip() for card in ("INSTRUME", "DETECTOR"))
        optics = optics_of(*names)
    found = {}
    for chip in planes_of(path):
        good = np.isfinite(chip.science)
        if chip.quality is not None:
            good &= ~flagged(chip.quality, optics.good_flags)
        error = chip.error if chip.error is not None and np.any(chip.error > 0) else None
        stars = find_stars(
            chip.science, error, good, fwhm_pix=optics.fwhm_pix, least_snr=least_snr,
            most=most, shape=optics.shape,
        )  # fmt: skip
        found[chip.extver] = ChipStars.on(stars, binary_erosion(good, np.ones((3, 3))))
    return dict(sorted(found.items()))


class StarFinder:
    """Finds the stars of files, of each once for as long as it lives: for one run.

    To be asked for files that do not change meanwhile.

    Parameters
    ----------
    least_snr : float
        Flux over its error that a star needs.
    most : int
        How many of a chip, the brightest first.
    """

    def __init__(self, *, least_snr: float = 20.0, most: int = 5000) -> None:
        self._least_snr, self._most = least_snr, most
        self._found: dict[Path, dict[int, ChipStars]] = {}

    def chips(self, path: Path) -> Mapping[int, ChipStars]:
        """Stars of every chip of an exposure, by EXTVER; see :func:`chip_stars`.

        Raises
        ------
        FileRejectedError
            When the file cannot be read, or has no image.
        """
        if path not in self._found:
            self._found[path] = chip_stars(path, least_snr=self._least_snr, most=self._most)
        return self._found[path]

    def lists(self, path: Path) -> dict[int, StarList]:
        """The same, without the pixels on which a star could have been found."""
        return {extver: chip.stars for extver, chip in self.chips(path).items()}


#: File of TweakReg's option ``catfile``, beside the lists that it names.
CATFILE = "stars.list"
#: End of the names of those lists.
STARS_OF_CHIP = "_sci{}_stars.coo"


def write_catfile(
    directory: Path, stars: Mapping[str, Mapping[int, StarList]]
) -> dict[str, object]:
    """Write the stars of some exposures as TweakReg reads them.

    Parameters
    ----------
    directory : Path
        Where TweakReg will run.
    stars : mapping of str to mapping of int to StarList
        Stars of every chip, by EXTVER, of each file by its name.

    Returns
    -------
    dict of str to object
        Options of TweakReg.
    """
    lines = []
    for name, chips in stars.items():
        files = []
        for extver, found in sorted(chips.items()):
            files.append(Path(name).stem + STARS_OF_CHIP.format(extver))
            table = np.column_stack((found.xy_pix, found.flux))
            np.savetxt(
                directory / files[-1], table, fmt="%.4f %.4f %.6g", header="x y flux (FITS pixels)"
            )
        lines.append(" ".join((name, *files)))
    (directory / CATFILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"catfile": CATFILE, "xcol": "1", "ycol": "2", "fluxcol": "3", "xyunits": "pixels"}
