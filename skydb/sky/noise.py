"""Standard deviation of a sky level, from the pixels that it was taken of.

Two exposures see the same nebula and the same stars in the sky that they share: their levels
differ by the noise of the pixels about this scene, and not by how much
the scene varies. The noise is what neighbouring pixels differ by, so that a scene that is
smooth from pixel to pixel does not count. Pixels come row by row, so that most of those
that follow each other are neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import Level
from skydb.sky.clipping import RangeStatistics

Pixels = NDArray[np.float32]

#: Number of pairs of neighbours; so many give a standard deviation to 1.5 %.
_PAIRS = 4096
#: With fewer pixels the noise is taken as that of a Gaussian sample.
_FEWEST = 24
#: A median of n pixels is so much noisier than their mean, for Gaussian noise.
_MEDIAN_NOISE = float(np.sqrt(np.pi / 2))
#: Parts of the pixels below the two ends of what is the middle of their distribution.
_MIDDLE = (0.35, 0.65)
#: Part of the pixels that has the very value of the median where values come in steps.
_STEP_SHARE = 0.005
#: Repetitions of a histogram whose peak is the mode, and over what part of the standard
#: deviation of the pixels it is made smooth.
_REPETITIONS, _SMOOTH_SIGMA = 256, 0.4
#: Distance from the median to which the shape of the distribution is looked at, in standard
#: deviations of a pixel.
SLOPE_REACH = 0.75
#: Neighbours that differ by more, in standard deviations of their difference, are none: a row
#: ended between them, or a star begins.
_APART_SIGMA = 5.0
_MAD_TO_SIGMA = 1.4826
#: Width, in standard deviations, over which the density at a limit of clipping is measured, outside
#: of it: the pixels inside are the median's own.
_LIMIT_WIDTH = 0.5
#: So much of a step at most the next round of clipping repeats: more would not settle.
_LARGEST_GAIN = 0.8


class PixelNoise:
    """Noise of a level, from the pixels that were kept.

    Parameters
    ----------
    values : ndarray of float32, shape (N,)
        Pixels, row by row, those that were clipped included.
    low, high : float
        Limits of the clipping, which belong to what is kept.
    count : int
        How many are kept.
    deviation : float
        Their standard deviation.
    """

    def __init__(
        self, values: Pixels, low: float, high: float, count: int, deviation: float
    ) -> None:
        step = max(1, values.size // _PAIRS)
        one, other = values[:-1:step], values[1::step]
        bounds = np.float32(low), np.float32(high)
        kept = np.minimum(one, other) >= bounds[0]
        kept &= np.maximum(one, other) <= bounds[1]
        self._one, self._other, self._apart = _neighbours(one[kept], other[kept])
        self._sorted = np.sort(np.concatenate((self._one, self._other)))
        self._count = count
        self._deviation = deviation
        self._of_sample = deviation / float(np.sqrt(count))
        self._is_enough = self._one.size >= _FEWEST

    def of_mean(self) -> float:
        r"""Standard deviation of the mean.

        Values in steps of :math:`q` leave a part of the step in it, of an rms
        :math:`q/(\sqrt{2}\pi) \exp(-2\pi^2\sigma^2/q^2)` for pixels that scatter by
        :math:`\sigma` (Widrow and Kollar 2008, section 4.2).
        """
        if not self._is_enough:
            return self._of_sample
        spread = float(np.mean((self._one - self._other) ** 2, dtype=float)) / 2 / self._count
        step = self._step(float(self._sorted[self._sorted.size // 2]))
        return float(np.hypot(np.sqrt(spread), _left_of_step(step, self._deviation)))

    @property
    def of_pixel(self) -> float:
        """Standard deviation of a pixel about the scene; 0 with too few pixels."""
        if not self._is_enough:
            return 0.0
        return self._apart * _MAD_TO_SIGMA / float(np.sqrt(2))

    def slope_of_median(
        self, pixels: RangeStatistics, limits: tuple[float, float], median: float
    ) -> float:
        r"""Compute the slope of the median with the square of the noise.

        More noise of the variance :math:`v` moves the median of a density :math:`g` by
        :math:`-v g'(m) / 2g(m)`: up, where stars make a tail to the bright side. A noise of
        plus or minus :math:`s` does the same, and is measured by counting. Limits of clipping lie
        farther out, too, and let in more of the tail; see :meth:`_slope_of_limits`.

        Parameters
        ----------
        pixels : RangeStatistics
            All pixels.
        limits : tuple of float
            Limits of the clipping.
        median : float
            Of what was kept.
        """
        reach = SLOPE_REACH * self.of_pixel
        density = self._density(median, 0.0) if reach > 0 else 0.0
        if not density > 0:
            return 0.0
        low, high = max(median - reach, limits[0]), min(median + reach, limits[1])
        outside, beyond = pixels.below(limits[0]), pixels.above(limits[1])
        tails = (pixels.above(high) - beyond) - (pixels.below(low) - outside)
        local = tails / 2 / self._count / density / reach**2
        return local + self._slope_of_limits(pixels, limits, median) / density

    def _slope_of_limits(
        self, pixels: RangeStatistics, limits: tuple[float, float], median: float
    ) -> float:
        r"""Compute the slope of the rank of the median with the square of the noise, by clipping.

        A limit :math:`c` standard deviations :math:`s` away moves out by :math:`c/2s` of what
        the variance gains. With a density :math:`h` there it lets in :math:`h c/2s` of the
        pixels, half of which are ranks of the median. They make :math:`s` larger in their turn,
        so that the limits of the next round are farther out: by :math:`k = h s c (c^2-1)/2` of
        the first step, and all rounds together by :math:`1/(1-k)`.
        """
        if self._deviation <= 0 or not np.isfinite(limits).all():
            return 0.0
        spread, width = self._deviation, _LIMIT_WIDTH * self._deviation
        rise = gain = 0.0
        for sign, limit in ((-1.0, limits[0]), (1.0, limits[1])):
            reach = sign * (limit - median) / spread
            part = _part_beyond(pixels, limit, sign * width) / self._count / _LIMIT_WIDTH
            rise += sign * part * reach
            gain += part * reach * (reach**2 - 1) / 2
        return rise / 4 / spread**2 / (1 - min(gain, _LARGEST_GAIN))

    def of_median(self, median: float) -> float:
        r"""Standard deviation of the median.

        Of pixels with probabilities :math:`p_i` to lie below the median :math:`m` and
        densities :math:`f_i` there, it is :math:`\sqrt{\sum p_i(1-p_i)} / \sum f_i(m)`
        (Serfling 1980, section 2.3, for pixels that are not alike). Neighbours have about
        the same :math:`p_i`, so that half of the pairs that the median divides are
        :math:`\sum p_i(1-p_i)`. A median of values in steps is off by up to half a step.
        """
        if not self._is_enough:
            return self._of_sample * _MEDIAN_NOISE
        step = self._step(median)
        density = self._density(median, step)
        if not density > 0:
            return step / float(np.sqrt(12))
        divided = _rank(self._one, median) - _rank(self._other, median)
        spread = float(np.mean(divided**2)) / 2 / self._count / density**2
        return float(np.sqrt(spread + step**2 / 12))

    def of_mode(self, counts: NDArray[np.int64], width: float) -> float:
        """Standard deviation of a mode, by repetition of its histogram.

        The histogram is made smooth over as much as neither flattens its peak nor leaves
        its noise, and drawn again and again.

        Parameters
        ----------
        counts : ndarray of int, shape (N,)
            Pixels in each bin.
        width : float
            Of a bin.
        """
        from scipy.ndimage import gaussian_filter1d

        smooth = max(1.0, _SMOOTH_SIGMA * self._deviation / width)
        expected = gaussian_filter1d(counts.astype(float), smooth, mode="constant")
        again = np.random.default_rng(0).poisson(expected, (_REPETITIONS, counts.size))
        noise = float(np.std([peak_of(row) for row in again])) * width
        step = self._step(float(self._sorted[self._sorted.size // 2])) if self._is_enough else width
        return float(np.hypot(noise, step / np.sqrt(12)))

    def _step(self, median: float) -> float:
        """Distance of the values around the median where they come in steps, else 0."""
        values = self._sorted
        start, stop = (int(values.searchsorted(np.float32(median), side))
                       for side in ("left", "right"))  # fmt: skip
        low, high = values[max(start - 1, 0)], values[min(stop, values.size - 1)]
        counts = (
            start - int(values.searchsorted(low, "left")),
            stop - start,
            int(values.searchsorted(high, "right")) - stop,
        )
        if max(counts) < max(3, _STEP_SHARE * values.size):
            return 0.0
        if stop == start:
            return float(high - low)
        return max(median - float(low), float(high) - median)

    def _density(self, median: float, step: float) -> float:
        """Part of the pixels in a unit of their values around the median."""
        values = self._sorted
        low, high = (float(values[round(part * (values.size - 1))]) for part in _MIDDLE)
        if not step:
            return (_MIDDLE[1] - _MIDDLE[0]) / (high - low) if high > low else 0.0
        width = (2 * np.ceil((high - low) / 2 / step) + 1) * step
        middle = float(values[np.abs(values - np.float32(median)).argmin()])
        ends = np.array([middle - width / 2, middle + width / 2], dtype=np.float32)
        first, last = values.searchsorted(ends)
        return float((last - first) / values.size / width)


def unequal_noise_shift(levels: tuple[Level, Level], factors: tuple[float, float]) -> float:
    r"""Difference of two medians of one scene that comes of unequal noise alone.

    Of the product of their mean slope and the difference of their variances that part is
    left which is more than the noise of the slopes, that of counting.

    Parameters
    ----------
    levels : tuple of Level
        Of the same sky, both with the noise of a pixel.
    factors : tuple of float
        From their units to a common one, which is that of the answer.
    """
    noises = [factor * level.noise for level, factor in zip(levels, factors, strict=True)]
    excess = noises[0] ** 2 - noises[1] ** 2
    slope = sum(level.slope / factor for level, factor in zip(levels, factors, strict=True)) / 2
    one, other = (
        _slope_error(level) / factor for level, factor in zip(levels, factors, strict=True)
    )
    error = float(np.hypot(one, other)) / 2
    return float(np.sign(slope) * np.sqrt(max(slope**2 - error**2, 0.0)) * excess)


def _slope_error(level: Level) -> float:
    r"""Standard deviation of the slope of a median, in the inverse of its unit.

    Of :math:`N` pixels :math:`2 r g N` are within the reach :math:`r`, where the density
    :math:`g` follows from the noise of the median: :math:`\sigma/\sqrt\pi N \sigma_m^2` for
    a scene that is spread wider than the noise, and a tenth less than right for a flat one.
    """
    reach = SLOPE_REACH * level.noise
    density = level.noise / float(np.sqrt(np.pi)) / level.pixels / level.sigma**2
    return float(np.sqrt(2 * reach / density / level.pixels)) / 2 / reach**2


def _part_beyond(pixels: RangeStatistics, limit: float, width: float) -> int:
    """Count the pixels between a limit of clipping and another one farther out."""
    count = pixels.above if width > 0 else pixels.below
    return count(limit) - count(limit + width)


def peak_of(counts: NDArray[np.int64]) -> float:
    """Place of the highest bin, refined by a parabola through it and its neighbours."""
    peak = int(counts.argmax())
    if counts.size == 2 and counts[0] == counts[1]:
        return 0.5
    if peak in (0, counts.size - 1):
        return float(peak)
    left, right = counts[peak] - counts[peak - 1], counts[peak] - counts[peak + 1]
    # The first of the highest: the bin before it is lower.
    return peak + float(0.5 * (left - right) / (left + right))


def _neighbours(one: Pixels, other: Pixels) -> tuple[Pixels, Pixels, float]:
    """Pairs of pixels without those that have different scenes; how far they are apart."""
    apart = np.abs(one - other)
    middle = float(np.sort(apart)[apart.size // 2]) if apart.size else 0.0
    near = apart <= np.float32(_APART_SIGMA * _MAD_TO_SIGMA * middle)
    if middle > 0 and not near.all():
        one, other = one[near], other[near]
    return one, other, middle


def _left_of_step(step: float, deviation: float) -> float:
    if not step:
        return 0.0
    scatter = np.maximum((deviation / step) ** 2 - 1 / 12, 0.0)
    return float(step / (np.sqrt(2) * np.pi) * np.exp(-2 * np.pi**2 * scatter))


def _rank(values: Pixels, median: float) -> NDArray[np.float64]:
    """1 below the median, one half at it, 0 above."""
    limit = np.float32(median)
    return np.asarray(((values < limit) + 1.0 * (values <= limit)) / 2)
