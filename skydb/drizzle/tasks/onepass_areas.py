"""The square kernel of drizzle, compiled by numba when it is first used.

A pixel of a chip is a quadrilateral on the mosaic, and is spread over the mosaic's pixels by
the area that each shares with it (Fruchter & Hook 2002, PASP 114, 144). That area is the integral
of ``clamp(x - column, 0, 1) dy`` along those parts of the four edges that lie in the row of
the pixel (Green's theorem). It is computed for 64 pixels at a time and without branches, which
compilers turn into vector instructions; drizzlepac's kernel goes from pixel to pixel.

Only :mod:`skydb.drizzle.tasks.onepass_square` imports this module, when numba is there.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.core.errors import NumbaError as NumbaError

from skydb.drizzle.tasks.onepass_mosaics import Array
from skydb.drizzle.tasks.onepass_vectors import fetch, move_means

#: Pixels at a time.
_B = 64
#: Rows of the work space: x and y of the four corners, nine shared areas, column and row of
#: the first pixel, area of the quadrilateral, and how far it reaches in pixels.
_AREAS, _COLUMN, _ROW, _WHOLE, _REACH, _WORK = 8, 17, 18, 19, 20, 21
#: Pixels of the mosaic, in each direction, that one pixel of a chip may reach.
_WIDEST = 3
#: Edges that rise less than this are taken as level, pixels.
_LEVEL = 1e-12
#: Areas below are rounding, pixels.
_LEAST = 1e-14


@njit(error_model="numpy", forceinline=True)
def _smaller(a, b):  # noqa: ANN001, ANN202
    return a if a < b else b


@njit(error_model="numpy", forceinline=True)
def _larger(a, b):  # noqa: ANN001, ANN202
    return a if a > b else b


@njit(error_model="numpy", forceinline=True)
def _beyond(x0, x1, column, slope, height):  # noqa: ANN001, ANN202
    """Integral of ``max(x - column, 0) dy``.

    The slope, which is inexact for an upright edge, counts only where the edge crosses the
    column's border, and there both distances are as small as the edge is upright.
    """
    first, last = _larger(x0 - column, 0.0), _larger(x1 - column, 0.0)
    crossing = (last - first) * slope
    part = height if _smaller(x0, x1) >= column else crossing
    return 0.5 * (first + last) * part


@njit(error_model="numpy", forceinline=True)
def _row(row, x, y, y_end, run, slope):  # noqa: ANN001, ANN202
    """Parts of the areas of the three pixels of a row that an edge adds."""
    y0 = _smaller(_larger(y, row), row + 1.0)
    y1 = _smaller(_larger(y_end, row), row + 1.0)
    x0, x1, height = x + (y0 - y) * run, x + (y1 - y) * run, y1 - y0
    all_three = 0.5 * (x0 + x1) * height
    two = _beyond(x0, x1, 1.0, slope, height)
    last = _beyond(x0, x1, 2.0, slope, height)
    return all_three - two, two - last, last


@njit(error_model="numpy", forceinline=True)
def _edge(x0, y0, x1, y1):  # noqa: ANN001, ANN202
    """Parts of the areas of the nine pixels that an edge adds."""
    dx, dy = x1 - x0, y1 - y0
    level = abs(dy) < _LEVEL
    slope = dy / (1.0 if dx == 0 else dx)
    run = 0.0 if level else dx / (1.0 if level else dy)
    lower = _row(0.0, x0, y0, y1, run, slope)
    middle = _row(1.0, x0, y0, y1, run, slope)
    upper = _row(2.0, x0, y0, y1, run, slope)
    return lower + middle + upper


@njit(error_model="numpy")
def _share(work):  # noqa: ANN001, ANN202
    """Areas that 64 pixels share with the nine pixels of the mosaic around each.

    The indexes are spelled out: the compiler sees that no row of `work` overlaps another.
    """
    for i in range(_B):
        x0, y0 = work[i], work[_B + i]
        x1, y1 = work[2 * _B + i], work[3 * _B + i]
        x2, y2 = work[4 * _B + i], work[5 * _B + i]
        x3, y3 = work[6 * _B + i], work[7 * _B + i]
        west = np.floor(_smaller(_smaller(x0, x1), _smaller(x2, x3)) + 0.5)
        south = np.floor(_smaller(_smaller(y0, y1), _smaller(y2, y3)) + 0.5)
        wide = _larger(_larger(x0, x1), _larger(x2, x3)) + 0.5 - west
        high = _larger(_larger(y0, y1), _larger(y2, y3)) + 0.5 - south
        work[_COLUMN * _B + i], work[_ROW * _B + i] = west, south
        work[_WHOLE * _B + i] = 0.5 * ((x1 - x3) * (y0 - y2) - (x0 - x2) * (y1 - y3))
        work[_REACH * _B + i] = _larger(wide, high)
        west, south = west - 0.5, south - 0.5
        a = _edge(x0 - west, y0 - south, x1 - west, y1 - south)
        b = _edge(x1 - west, y1 - south, x2 - west, y2 - south)
        c = _edge(x2 - west, y2 - south, x3 - west, y3 - south)
        d = _edge(x3 - west, y3 - south, x0 - west, y0 - south)
        work[8 * _B + i] = a[0] + b[0] + c[0] + d[0]
        work[9 * _B + i] = a[1] + b[1] + c[1] + d[1]
        work[10 * _B + i] = a[2] + b[2] + c[2] + d[2]
        work[11 * _B + i] = a[3] + b[3] + c[3] + d[3]
        work[12 * _B + i] = a[4] + b[4] + c[4] + d[4]
        work[13 * _B + i] = a[5] + b[5] + c[5] + d[5]
        work[14 * _B + i] = a[6] + b[6] + c[6] + d[6]
        work[15 * _B + i] = a[7] + b[7] + c[7] + d[7]
        work[16 * _B + i] = a[8] + b[8] + c[8] + d[8]


@njit(error_model="numpy")
def _take(work, upper, lower, first, step, count):  # noqa: ANN001, ANN202
    """Corners of some pixels of a row, in the order that drizzlepac gives them."""
    for i in range(count):
        left = (first + i) * step
        right = left + 1
        work[i], work[_B + i] = upper[0, left], upper[1, left]
        work[2 * _B + i], work[3 * _B + i] = upper[0, right], upper[1, right]
        work[4 * _B + i], work[5 * _B + i] = lower[0, right], lower[1, right]
        work[6 * _B + i], work[7 * _B + i] = lower[0, left], lower[1, left]


@njit(error_model="numpy")
def _ask_for(work, count, means, total, mosaics, nx):  # noqa: ANN001, ANN202
    """Ask for the pixels of the mosaics that some pixels reach, before they are changed."""
    for i in range(count):
        first = np.int64(work[_ROW * _B + i]) * nx + np.int64(work[_COLUMN * _B + i])
        for row in range(0, _WIDEST, 2):
            at = first + row * nx
            fetch(total, at)
            fetch(means, at * mosaics)
            fetch(means, (at + _WIDEST - 1) * mosaics)


@njit(error_model="numpy")
def _add(work, pixels, weights, skies, factors, science, weight, context, bit):  # noqa: ANN001, ANN202
    """Add some pixels to the mosaics, each as drizzlepac does, in single precision.

    Returns False at a pixel that reaches too far or has no place.
    """
    ny, nx = weight.shape
    mosaics, means = len(skies), science.reshape(-1)
    _ask_for(work, len(pixels), means, weight.reshape(-1), mosaics, nx)
    values = np.empty(mosaics, np.float32)
    for i in range(len(pixels)):
        whole = work[_WHOLE * _B + i]
        # Written so that what is no number is refused.
        if not (abs(whole) > 0 and work[_REACH * _B + i] < _WIDEST):
            return False
        for mosaic in range(mosaics):
            value = np.float32(np.float64(pixels[i]) - skies[mosaic])
            values[mosaic] = np.float32(np.float32(value * factors[0]) * factors[1])
        turn = -1.0 if whole > 0 else 1.0
        share = -np.float64(weights[i]) / whole
        column, row = int(work[_COLUMN * _B + i]), int(work[_ROW * _B + i])
        for cell in range(_WIDEST * _WIDEST):
            area = work[(_AREAS + cell) * _B + i]
            y, x = row + cell // _WIDEST, column + cell % _WIDEST
            if turn * area > _LEAST and 0 <= y < ny and 0 <= x < nx:
                gain = np.float32(area * share)
                before = weight[y, x]
                after = np.float32(before + gain)
                move_means(means, (y * nx + x) * mosaics, values, before, gain, after, skies)
                weight[y, x] = after
                if bit and gain > 0:
                    context[y, x] |= bit
    return True


@njit(error_model="numpy")
def interpolate(table, x, y, places):  # noqa: ANN001, ANN201
    """Places of corners by drizzlepac's table, counted from zero.

    Every product and sum is drizzlepac's, in its order; those that rows of one cell of the table
    have in common are taken once.

    Parameters
    ----------
    table : array of float64 (2, rows, columns)
        Places that were mapped exactly, counted from one.
    x, y : array of float64
        Where the corners lie in the table, by column and by row.
    places : array of float64 (2, M, N)
        x and y of the corners; changed.
    """
    columns, known = len(x), -1
    parts = np.empty((2, 4, columns))
    for row in range(len(y)):
        cell = int(np.floor(y[row]))
        after = y[row] - cell
        before = 1.0 - after
        if cell != known:
            _cross(table, x, cell, parts)
            known = cell
        for axis in range(2):
            for i in range(columns):
                lower = parts[axis, 0, i] * before + parts[axis, 1, i] * before
                both = (lower + parts[axis, 2, i] * after) + parts[axis, 3, i] * after
                places[axis, row, i] = both - 1.0


@njit(error_model="numpy")
def _cross(table, x, cell, parts):  # noqa: ANN001, ANN202
    """Interpolate along a row of cells: each of their corners by its distance from the columns."""
    for i in range(len(x)):
        column = int(np.floor(x[i]))
        after = x[i] - column
        before = 1.0 - after
        for axis in range(2):
            parts[axis, 0, i] = table[axis, cell, column] * before
            parts[axis, 1, i] = table[axis, cell, column + 1] * after
            parts[axis, 2, i] = table[axis, cell + 1, column] * before
            parts[axis, 3, i] = table[axis, cell + 1, column + 1] * after


@njit(error_model="numpy")
def add_rows(  # noqa: ANN201
    pixels,  # noqa: ANN001
    weights,  # noqa: ANN001
    skies,  # noqa: ANN001
    factors,  # noqa: ANN001
    corners,  # noqa: ANN001
    steps,  # noqa: ANN001
    slant,  # noqa: ANN001
    science,  # noqa: ANN001
    weight,  # noqa: ANN001
    context,  # noqa: ANN001
    bit,  # noqa: ANN001
):
    """Add rows of a chip to a part of the mosaics.

    They are taken in strips of 64 columns, so that the pixels of the mosaic that a strip reaches
    stay in the cache however the chip is turned. A strip begins `slant` columns further left
    in each row: two pixels of the chip that reach one of the mosaic are less far apart, so that
    its additions have the order of the rows and columns of the chip, as drizzlepac's have.

    Parameters
    ----------
    pixels, weights : array of float32 (rows, columns)
        The chip, and the weights of its pixels.
    skies : tuple of float
        What each mosaic subtracts, in double precision as in AstroDrizzle. How many they are
        is known when this is compiled.
    factors : tuple of float32
        Two numbers by which the rest is multiplied, one after the other.
    corners : array of float64 (2, M, N)
        x and y of the corners of the pixels on the mosaic, counted from zero.
    steps : int
        1 where neighbours share their corners, 2 where each pixel has its own.
    slant : int
        Columns, more than lie between two pixels that reach one of the mosaic.
    science : array of float32 (rows, columns, mosaics)
        Weighted means; changed.
    weight : array of float32
        Weight, the same for all; changed.
    context : array of int32
        Bits of the chips; changed unless `bit` is 0.
    bit : int32
        Bit of this chip.

    Returns
    -------
    bool
        False when a pixel reaches more than three pixels of the mosaic; what was changed is of
        no use then.
    """
    work: Array = np.zeros(_WORK * _B)
    rows, columns = pixels.shape
    for strip in range(0, columns + slant * (rows - 1), _B):
        for row in range(rows):
            first = max(strip - slant * row, 0)
            last = min(strip - slant * row + _B, columns)
            if first >= last:
                continue
            lower, upper = corners[:, row * steps], corners[:, row * steps + 1]
            _take(work, upper, lower, first, steps, last - first)
            _share(work)
            mine = pixels[row, first:last], weights[row, first:last]
            if not _add(work, *mine, skies, factors, science, weight, context, bit):
                return False
    return True
