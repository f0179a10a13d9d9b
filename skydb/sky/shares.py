"""Parts of a chip that several regions of it have in common.

The levels of two regions of one chip are of the same pixels where the regions overlap,
and so is their noise. The chip is divided into cells, which are inside or outside of
the footprints of its partners.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skydb.sky.geometry import centre_of, tangent_plane

#: Cells along either side of the box around a chip; a hundredth of the chip is ten of them.
_CELLS = 48


def shared_correlations(
    chip_deg: NDArray[np.float64], partners_deg: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Correlations of the levels of regions of one chip, and of the whole chip.

    Levels of independent pixels correlate by the common part of the regions over the
    geometric mean of both.

    Parameters
    ----------
    chip_deg : ndarray, shape (N, 2)
        Outline of the chip, ICRS degrees.
    partners_deg : sequence of ndarray
        Outlines of other chips, each of which cuts a region out of this one.

    Returns
    -------
    ndarray, shape (K + 1, K + 1)
        Of the K regions in their order, and last of the whole chip.
    """
    centre = centre_of(chip_deg)
    outline = tangent_plane(chip_deg, centre)
    low = outline.min(axis=0)
    scale = (outline.max(axis=0) - low).max() / _CELLS
    corners = np.cumsum([len(partner) for partner in partners_deg])[:-1]
    others = tangent_plane(np.concatenate([*partners_deg, chip_deg[:0]]), centre)
    regions = np.split(others, corners) if len(partners_deg) else []
    cells = _cells([(one - low) / scale for one in (*regions, outline)])
    # Counted as bits: a product of matrices would wake the threads of BLAS for a moment's work.
    inside = np.packbits((cells & cells[-1]).reshape(len(cells), -1), axis=1)
    common = np.bitwise_count(inside[:, np.newaxis] & inside).sum(axis=2, dtype=float)
    sizes = np.sqrt(np.maximum(np.diag(common), 1.0))
    correlations = common / sizes / sizes[:, np.newaxis]
    # A region smaller than a cell has no cell in common with any.
    np.fill_diagonal(correlations, 1.0)
    return np.asarray(correlations)


def common_part_of_medians(levels: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    r"""Part of the noise of pixels in common that medians of several regions have in common.

    A median moves by those pixels only that noise carries across it: where a nebula makes two
    medians differ, these are other pixels. Of pixels with the scene spread evenly over levels
    :math:`m` and :math:`m + \delta` the covariance of lying below the one and the other is
    :math:`\int \Phi(-t)\,\Phi(t-\delta)\,dt = \sqrt2\,\varphi(\delta/\sqrt2) -
    \delta\,\Phi(-\delta/\sqrt2)`, in units of the noise, and :math:`1/\sqrt\pi` for
    :math:`\delta = 0`.

    Parameters
    ----------
    levels : ndarray, shape (K,)
        The medians, in one unit.
    noise : float
        Standard deviation of a pixel in that unit; 0 for levels to which all pixels contribute
        alike, such as means.

    Returns
    -------
    ndarray, shape (K, K)
        1 on the diagonal.
    """
    if not noise > 0:
        return np.ones((levels.size, levels.size))
    from scipy.special import ndtr

    apart = np.abs(levels[:, np.newaxis] - levels) / noise
    density = np.exp(-(apart**2) / 4) / np.sqrt(np.pi)
    return np.asarray(np.sqrt(np.pi) * (density - apart * ndtr(-apart / np.sqrt(2))))


def _cells(outlines: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Find the cells with their middle inside outlines in units of cells, (K, rows, columns).

    By the even-odd rule, as :func:`skydb.sky.pairs.pixels_inside` has it for a single image.
    """
    longest = max(len(outline) for outline in outlines)
    # The last corner again and again: an edge without length is never crossed.
    starts = np.stack(
        [np.pad(one, ((0, longest - len(one)), (0, 0)), mode="edge") for one in outlines]
    )
    ends = np.roll(starts, -1, axis=1)
    upward = (starts[..., 1] <= ends[..., 1])[..., np.newaxis]
    low, high = np.where(upward, starts, ends), np.where(upward, ends, starts)
    middles = np.arange(_CELLS) + 0.5
    which, edge, row = np.nonzero((middles >= low[..., 1:]) & (middles < high[..., 1:]))
    start, end = low[which, edge], high[which, edge]
    slope = (end[:, 0] - start[:, 0]) / (end[:, 1] - start[:, 1])
    x = start[:, 0] + (middles[row] - start[:, 1]) * slope
    # Each crossing turns inside out all cells of its row from the first with its middle there.
    first = (which * _CELLS + row) * (_CELLS + 1) + np.searchsorted(middles, x)
    turns = np.bincount(first, minlength=len(outlines) * _CELLS * (_CELLS + 1))
    turns = turns.reshape(len(outlines), _CELLS, _CELLS + 1)
    return np.asarray(turns.cumsum(axis=2)[..., :-1] % 2 == 1)
