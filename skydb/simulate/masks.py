"""Masks of cosmic rays compared with the hits that were put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UnreadableFileError
from skydb.simulate.hits import TrueHits, read_hits
from skydb.simulate.truth import FieldTruth

if TYPE_CHECKING:
    from astropy.io.fits import HDUList

#: A hit counts from so many sigma of its pixel on; a pixel with less than the other is clean.
HIT_SIGMA, CLEAN_SIGMA = 5.0, 0.5
#: Pixels with more than so many times the median noise lie on sources.
_ON_SOURCE = 1.5
#: Flags of driz_cr.
_DQ_DRIZ_CR = 4096

Masks = Mapping[tuple[str, int], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class MaskScore:
    """Agreement of the mask of one chip, or of several together, with the hits.

    Only pixels without any flag count. Parameters are numbers of pixels.

    Parameters
    ----------
    hit : int
        With a charge of 5 sigma or more from cosmic rays.
    found : int
        Those of them that are masked.
    hit_on_sky, found_on_sky : int
        The same away from stars, where steep light protects no hit.
    clean : int
        With hardly any charge from cosmic rays (0.5 sigma).
    false_alarms : int
        Those of them that are masked.
    """

    hit: int = 0
    found: int = 0
    hit_on_sky: int = 0
    found_on_sky: int = 0
    clean: int = 0
    false_alarms: int = 0

    def __add__(self, other: MaskScore) -> MaskScore:
        names = [field.name for field in fields(self)]
        return MaskScore(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def completeness(self) -> float | None:
        """Part of the hit pixels that is masked; None when none was hit."""
        return self.found / self.hit if self.hit else None

    @property
    def completeness_on_sky(self) -> float | None:
        """Part of the hit pixels away from stars that is masked."""
        return self.found_on_sky / self.hit_on_sky if self.hit_on_sky else None

    @property
    def false_alarm_rate(self) -> float | None:
        """Part of the clean pixels that is masked."""
        return self.false_alarms / self.clean if self.clean else None


def together(scores: Iterable[MaskScore]) -> MaskScore:
    """One score of many chips."""
    return sum(scores, MaskScore())


def score_masks(
    truth: FieldTruth, directory: Path, masks: Masks
) -> dict[tuple[str, int], MaskScore]:
    """Score the masks of a run, where the truth has hits.

    Parameters
    ----------
    truth : FieldTruth
    directory : Path
        Of the simulated field.
    masks : mapping
        (rows, columns), True where a cosmic ray was seen, by rootname and extver.

    Raises
    ------
    NotFoundError
        When a mask belongs to no exposure of the field.
    UnreadableFileError
        When an exposure, or its hits, cannot be read.
    """
    scores = {}
    for rootname in dict.fromkeys(name for name, _ in masks):
        exposure = truth.exposure(rootname)
        if exposure.crmask is None:
            continue
        hits = read_hits(directory / exposure.crmask)
        chips = _noise_and_flags(directory / exposure.path, hits)
        for extver, (noise, flags) in chips.items():
            if (rootname, extver) in masks:
                mask = masks[rootname, extver]
                scores[rootname, extver] = _score(mask, hits[extver], noise, flags)
    return scores


_Chips = dict[int, tuple[NDArray[np.float64], NDArray[np.int16]]]


def _noise_and_flags(path: Path, hits: Mapping[int, TrueHits]) -> _Chips:
    """Sigma without the hits, in electrons, and flags of every chip."""
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            return {
                extver: (_noise(hdus, extver, one), hdus["DQ", extver].data)
                for extver, one in hits.items()
            }
    except (OSError, KeyError) as error:
        raise UnreadableFileError(path, f"cannot be compared ({error})") from error


def _noise(hdus: HDUList, extver: int, hits: TrueHits) -> NDArray[np.float64]:
    """Sigma as the pipeline states it, freed of the charge of the hits."""
    is_rate = hdus["SCI", extver].header["BUNIT"].endswith("/S")
    scale = hdus[0].header["EXPTIME"] if is_rate else 1.0
    variance = (hdus["ERR", extver].data.astype(np.float64) * scale) ** 2 - hits.charge
    floor = float(np.percentile(variance, 1))
    noise: NDArray[np.float64] = np.sqrt(np.maximum(variance, max(floor, 1.0)))
    return noise


def _score(
    mask: NDArray[np.bool_],
    hits: TrueHits,
    noise: NDArray[np.float64],
    flags: NDArray[np.int16],
) -> MaskScore:
    usable = (flags & ~_DQ_DRIZ_CR) == 0
    hit = usable & (hits.charge > HIT_SIGMA * noise)
    on_sky = noise < _ON_SOURCE * np.median(noise)
    clean = usable & (hits.charge < CLEAN_SIGMA * noise)
    chosen = (hit, hit & mask, hit & on_sky, hit & mask & on_sky, clean, clean & mask)
    return MaskScore(*(int(pixels.sum()) for pixels in chosen))
