"""Skies of mosaics that go alike from chip to chip, and so can share a sum.

The skies of ``globalmin`` are one number, and those of ``globalmin+match`` are those of
``match`` and one number more (skypac's documentation of ``skymethod``). The sum of ``w (s + c)``
is that of ``w s`` and ``c`` times the sum of ``w``, which is the weight image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: Differences of double precision that are none, in parts of the largest sky.
_ROUNDING = 1e-14


class Course(NamedTuple):
    """The skies of one mosaic by those of another.

    Parameters
    ----------
    like : int or None
        Number of the mosaic whose skies they follow; None where they are one number.
    beyond : float
        Number that they have more, in the unit of the exposures.
    """

    like: int | None
    beyond: float


def courses(skies: Sequence[Sequence[float]]) -> list[Course]:
    """Find the mosaics whose skies differ from those of an earlier one by a number.

    Parameters
    ----------
    skies : sequence of sequence of float
        For every mosaic the sky of every chip.

    Returns
    -------
    list of Course
        One a mosaic. A mosaic that follows itself needs a sum of its own.

    Examples
    --------
    >>> courses([[0.5, 0.7], [1.0, 1.0], [0.0, 0.25], [2.0, 2.25]])
    [Course(like=0, beyond=0.0), Course(like=None, beyond=1.0), Course(like=2, beyond=0.0), \
Course(like=2, beyond=2.0)]
    """
    found: list[Course] = []
    for number, of_chips in enumerate(skies):
        known: list[tuple[int | None, Sequence[float]]] = [(None, [0.0] * len(of_chips))]
        known += [(like, skies[like]) for like, course in enumerate(found) if course.like == like]
        steps = ((like, _step(of_chips, earlier)) for like, earlier in known)
        alike = (Course(like, step) for like, step in steps if step is not None)
        found.append(next(alike, Course(number, 0.0)))
    return found


def _step(skies: Sequence[float], earlier: Sequence[float]) -> float | None:
    """Return the one number between two rows of skies, if it is one."""
    apart = np.subtract(skies, earlier)
    largest = max(np.abs(skies).max(), np.abs(earlier).max())
    if np.ptp(apart) > _ROUNDING * largest:
        return None
    return float(np.median(apart))
