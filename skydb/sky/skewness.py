"""Bias of the median of pixels by stars, from the mean of the same pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from skydb.domain.overlap import Level, MeasuredChip
from skydb.domain.vocabulary import SkyUnit

#: Noise of a mean less a median of the same Gaussian pixels, over that of the mean.
_SKEW_NOISE = float(np.sqrt(np.pi / 2 - 1))
#: A bias of fewer standard deviations than this is not significant.
_SURE_SIGMA = 2.0


@dataclass(frozen=True, slots=True)
class Pull:
    """Mean height of levels above the sky, and its standard deviation."""

    value: float = 0.0
    sigma: float = 0.0

    @property
    def sure(self) -> float:
        """The pull, or 0 where it may be noise."""
        return self.value if abs(self.value) > _SURE_SIGMA * self.sigma else 0.0


def pull_of_stars(chips: Iterable[MeasuredChip], exptimes_s: Mapping[str, float]) -> Pull:
    """Measure the mean height of medians above the sky, without extended light.

    Stars and cosmic rays make a tail to the bright side. The median is above the sky that
    would be there without by about twice what the mean is above the median (Pearson 1895).
    Counted photons have such a tail without any star, by which the median is below their
    mean, so that a pull can be negative.

    Parameters
    ----------
    chips : iterable of MeasuredChip
        Medians with means; those without either do not count.
    exptimes_s : mapping of str to float
        Exposure times, of rootnames where they are known.

    Returns
    -------
    Pull
        In surface brightness; 0 without data.
    """
    pulls, sigmas = [], []
    for chip in chips:
        if chip.level is not None and chip.mean is not None:
            tail = _tail_of_counts(chip, chip.mean, exptimes_s.get(chip.rootname, 0.0))
            excess = chip.mean.value - chip.level.value - tail
            pulls.append((2 * excess - tail) * chip.brightness_per_unit)
            sigmas.append(2 * _SKEW_NOISE * chip.mean.sigma * chip.brightness_per_unit)
    if not pulls:
        return Pull()
    return Pull(float(np.mean(pulls)), float(np.sqrt(np.sum(np.square(sigmas))) / len(sigmas)))


def _tail_of_counts(chip: MeasuredChip, mean: Level, exptime_s: float) -> float:
    r"""Mean less median of Poisson counts with read noise, in the unit of the image.

    With the third cumulant :math:`\kappa_3` it is :math:`\kappa_3 / 6\sigma^2`
    (Edgeworth). Of a rate without an exposure time an electron is taken to be what makes
    all noise that of photons.
    """
    variance = mean.sigma**2 * mean.pixels
    if mean.value <= 0 or variance <= 0:
        return 0.0
    electron = 1 / exptime_s if exptime_s > 0 else variance / mean.value
    if chip.unit is SkyUnit.ELECTRON:
        electron = 1.0
    return mean.value * electron**2 / 6 / variance
