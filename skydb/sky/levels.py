"""Sky level of a set of pixels: the statistic that AstroDrizzle uses, in numpy.

The clipping is that of ``stsci.imagestats``: limits come from the mean and standard
deviation of what the last limits let through, always looking at all pixels again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skydb.domain.fingerprint import fingerprint
from skydb.domain.overlap import Level
from skydb.domain.signal import flagged, measured
from skydb.domain.vocabulary import SkyStat
from skydb.errors import UsageError
from skydb.sky.clipping import Moments, RangeStatistics
from skydb.sky.noise import PixelNoise, peak_of

#: Changed whenever the same pixels would give another level or sigma, so that old rows are not
#: taken for new ones.
ALGORITHM = 4


class _Seen(NamedTuple):
    """Pixels, what clipping leaves of them and between which limits, and their noise."""

    pixels: RangeStatistics
    kept: Moments
    limits: tuple[float, float]
    noise: PixelNoise


@dataclass(frozen=True, slots=True)
class SkyStatistic:
    """Measurement of a level from pixels; the defaults are AstroDrizzle's.

    Parameters
    ----------
    stat : SkyStat
        ``skystat``.
    clip : int
        ``skyclip``: rounds of clipping.
    lower_sigma, upper_sigma : float
        ``skylsigma`` and ``skyusigma``: limits of the clipping.
    width_sigma : float
        ``skywidth``: bins of the mode.
    sky_bits : int
        DQ flags that do not make a pixel bad.
    reset_bits : int
        ``resetbits``: flags that AstroDrizzle takes out of its inputs before it looks at
        the sky, so that they do not make a pixel bad either.
    lower, upper : float or None
        ``skylower`` and ``skyupper``: pixels beyond are left out, in the unit of the image.

    Raises
    ------
    UsageError
        When a value makes no sense.
    """

    stat: SkyStat = SkyStat.MEDIAN
    clip: int = 5
    lower_sigma: float = 4.0
    upper_sigma: float = 4.0
    width_sigma: float = 0.1
    sky_bits: int = 0
    reset_bits: int = 4096
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        if self.clip < 0 or min(self.sky_bits, self.reset_bits) < 0:
            raise UsageError("Rounds of clipping and DQ flags are not negative.")
        if min(self.lower_sigma, self.upper_sigma, self.width_sigma) <= 0:
            raise UsageError("Limits of clipping and the width of a bin are positive.")
        if None not in (self.lower, self.upper) and self._limits[0] >= self._limits[1]:
            raise UsageError(f"No pixel is between {self.lower} and {self.upper}.")

    def as_parameters(self) -> dict[str, Any]:
        """Everything that changes a level, JSON-able; limits only where there are some."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return {**known, "algorithm": ALGORITHM}

    @property
    def _limits(self) -> tuple[float, float]:
        return (
            -np.inf if self.lower is None else self.lower,
            np.inf if self.upper is None else self.upper,
        )

    @property
    def recipe(self) -> str:
        """SHA-256 of :meth:`as_parameters`."""
        return fingerprint(self.as_parameters())

    def good_pixels(
        self,
        science: NDArray[np.float32],
        quality: NDArray[np.integer[Any]] | None = None,
    ) -> NDArray[np.bool_]:
        """Select the pixels that may be sky.

        Parameters
        ----------
        science : ndarray, shape (ny, nx)
            The image; what is no measurement is bad, see :func:`skydb.domain.signal.measured`.
        quality : ndarray, shape (ny, nx), optional
            DQ array.
        """
        good = measured(science)
        if (self.lower, self.upper) != (None, None):
            low, high = self._limits
            good &= (science >= low) & (science <= high)
        if quality is not None:
            good &= ~flagged(quality, self.sky_bits | self.reset_bits)
        return good

    def level(self, values: NDArray[np.float32]) -> Level | None:
        """Clipped level of some pixels.

        Parameters
        ----------
        values : ndarray, shape (N,)
            Good pixels, finite, row by row.

        Returns
        -------
        Level or None
            None for fewer than two pixels, which have no measurable noise. The sigma is
            that of pixels with noise of their own about one scene; see :mod:`.noise`.
        """
        seen = self._seen(values)
        return None if seen is None else self._level_of(values, seen)

    def level_and_mean(
        self, values: NDArray[np.float32]
    ) -> tuple[Level, Level] | tuple[None, None]:
        """Clipped level of some pixels, and the mean of those that clipping left."""
        seen = self._seen(values)
        if seen is None:
            return None, None
        mean = Level(seen.kept.mean, seen.noise.of_mean(), seen.kept.count)
        return self._level_of(values, seen), mean

    def _seen(self, values: NDArray[np.float32]) -> _Seen | None:
        if values.size < 2:
            return None
        pixels = RangeStatistics(values)
        kept, low, high = self._clipped(pixels)
        if kept.count < 2:
            return None
        noise = PixelNoise(values, low, high, kept.count, kept.deviation)
        return _Seen(pixels, kept, (low, high), noise)

    def _level_of(self, values: NDArray[np.float32], seen: _Seen) -> Level:
        kept, noise = seen.kept, seen.noise
        if self.stat is SkyStat.MEAN:
            return Level(kept.mean, noise.of_mean(), kept.count)
        if self.stat is SkyStat.MODE:
            low, high = seen.limits
            first = float(np.clip(values[0], np.float32(low), np.float32(high)))
            inside = seen.pixels.between(*seen.limits)
            return self._mode(inside, first, kept.deviation, noise)
        value = seen.pixels.median(*seen.limits, kept.count)
        slope = noise.slope_of_median(seen.pixels, seen.limits, value)
        return Level(value, noise.of_median(value), kept.count, noise.of_pixel, slope)

    def _clipped(self, pixels: RangeStatistics) -> tuple[Moments, float, float]:
        """Clip pixels in rounds, and give the limits of the last one."""
        kept, limits = pixels.moments(), (-np.inf, np.inf)
        for _ in range(self.clip):
            low = kept.mean - self.lower_sigma * kept.deviation
            high = kept.mean + self.upper_sigma * kept.deviation
            inside = pixels.moments(low, high)
            if inside.count < 2:
                break
            is_settled = inside == kept
            kept, limits = inside, (low, high)
            if is_settled:
                break
        return kept, *limits

    def _mode(
        self, kept: NDArray[np.float32], first: float, deviation: float, noise: PixelNoise
    ) -> Level:
        """Peak of a histogram, refined by a parabola through its neighbours.

        The histogram is that of ``stsci.imagestats``. It reaches from the lowest to the highest
        value, to which the first pixel belongs although it be clipped, moved to the limit; its
        bins are a little wider than ``skywidth``, so that the highest value begins the last
        of them, but their places are computed with the width that was asked for. So the mode of
        AstroDrizzle is lower than the peak by up to half a bin.
        """
        low, high = min(first, float(kept.min())), max(first, float(kept.max()))
        width = self.width_sigma * float(np.float32(deviation))
        if width <= 0 or width > high - low:
            return Level(low + width / 2, deviation / float(np.sqrt(kept.size)), kept.size)
        bins = int((high - low) / width) + 1
        step = np.float32((high - low) / (bins - 1))
        places = ((kept - np.float32(low)) / step).astype(np.intp)
        counts = np.bincount(places, minlength=bins)
        value = low + (peak_of(counts) + 0.5) * width
        return Level(value, noise.of_mode(counts, width), kept.size)
