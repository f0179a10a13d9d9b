"""The geometry of a fit, chosen by the number of its matches.

The Hubble Advanced Products pipeline wants 12 matches for ``rscale`` and 25 for ``general``
(``mosaic_fitgeom_list`` of its parameters); fewer say little of a scale, and still fewer
little of a rotation. Unless a geometry is named, a fit begins with ``rscale`` and is made
again with what its matches allow. ``general``, which can skew an image, is only fitted when
it is named.

A shift that leaves a rotation which is many times its error is made again with ``rshift``: HST
rolls by some hundredths of a degree when guide stars are acquired, and a handful of good stars
shows that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from skydb.domain.fit import MATCHES_TO_CHOOSE
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FIRST_GEOMETRY, OnFit, ProductFit, ignore_fit
from skydb.files.matchfile import read_matches
from skydb.sky.turns import TurnLeft, turn_left

#: From the one that says most to the one that asks least.
_LADDER = (FIRST_GEOMETRY, "rshift", "shift")

#: Geometry of each round of fits; the last is for shifts that leave a rotation.
_ROUNDS = (*_LADDER, "rshift")
_FEWEST = sorted(MATCHES_TO_CHOOSE.items(), key=lambda one: -one[1])

#: Function that fits products with some settings, below a directory, and reports each.
Fit = Callable[[Sequence[Path], TweakRegSettings, Path, OnFit], list[ProductFit]]


def geometry_for(nmatches: int) -> str:
    """The geometry that has as many matches as it wants, or else the one that wants fewest."""
    enough = (name for name, fewest in _FEWEST if nmatches >= fewest)
    return next(enough, _LADDER[-1])


def rotation_left(fit: ProductFit) -> TurnLeft | None:
    """Rotation that a shift has left in its matches, where it is sure; None for other fits."""
    if fit.fit_geometry != "shift" or fit.match_file is None:
        return None
    found = read_matches(fit.match_file)
    places = np.column_stack((found.x_ref_pix, found.y_ref_pix))
    left = turn_left(places, np.column_stack((found.x_residual_pix, found.y_residual_pix)))
    return left if left is not None and left.is_sure else None


def fit_by_matches(
    fit: Fit,
    products: Sequence[Path],
    settings: TweakRegSettings,
    scratch: Path,
    on_fit: OnFit = ignore_fit,
) -> list[ProductFit]:
    """Fit products with the geometry that is named, or with what their matches allow.

    Parameters
    ----------
    fit : callable
        Makes the fits of some products.
    products : sequence of Path
        What is fitted.
    settings : TweakRegSettings
        With the geometry open, or named.
    scratch : Path
        Where the fits are made.
    on_fit : callable, optional
        Called once for each fit, as soon as no other geometry will be tried for it.

    Returns
    -------
    list of ProductFit
        One for each product, in order; ``geometry_why`` where the geometry was chosen.
    """
    if settings.fitgeometry is not None or settings.expand_refcat:
        return fit(products, settings, scratch, on_fit)
    ladder = _Ladder(on_fit)
    fit(products, settings, scratch, partial(ladder.keep, 0))
    for place, geometry in enumerate(_ROUNDS[1:], start=1):
        again = ladder.waiting(products, place)
        if again:
            fit(
                again, replace(settings, fitgeometry=geometry), scratch, partial(ladder.keep, place)
            )
    return [ladder.made[path] for path in products]


class _Ladder:
    """Fits as they are made, each told of once it will not be made again.

    Parameters
    ----------
    on_fit : callable
        Is told.
    """

    def __init__(self, on_fit: OnFit) -> None:
        self.made: dict[Path, ProductFit] = {}
        # Kept, for the next fit of a product takes the place of its match file.
        self._rotated: dict[Path, TurnLeft] = {}
        self._on_fit = on_fit

    def keep(self, place: int, one: ProductFit) -> None:
        """Take in a fit of a round; one that failed leaves the earlier one as it is."""
        path, before = one.product, self.made.get(one.product)
        if before is None:
            self.made[path] = one
        elif one.is_fitted:
            self.made[path] = replace(one, geometry_why=self._why(before))
        if one.is_fitted and (left := rotation_left(one)) is not None:
            self._rotated[path] = left
        if self._round_wanted(path) <= place:
            self._on_fit(self.made[path])

    def waiting(self, products: Sequence[Path], place: int) -> list[Path]:
        """Products whose fit is made again in a round."""
        return [path for path in products if self._round_wanted(path) == place]

    def _round_wanted(self, path: Path) -> int:
        """Round in which a fit is to be made again; 0 when it may stay."""
        fit = self.made[path]
        if not fit.is_fitted:
            return 0
        if fit.fit_geometry == _LADDER[-1] and path in self._rotated:
            return len(_LADDER)
        found = _LADDER.index(geometry_for(fit.nmatches))
        return found if found > _LADDER.index(fit.fit_geometry) else 0

    def _why(self, before: ProductFit) -> str:
        """Reason why a fit was made again."""
        left = self._rotated.get(before.product)
        if left is not None:
            return f"{before.nmatches} matches, {left.sentence}"
        wanted = MATCHES_TO_CHOOSE[before.fit_geometry]
        return f"{before.nmatches} matches, {before.fit_geometry} wants {wanted}"
