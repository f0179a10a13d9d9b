"""The geometry of a fit, chosen by the number of its matches.

The Hubble Advanced Products pipeline wants 12 matches for ``rscale`` and 25 for ``general``
(``mosaic_fitgeom_list`` of its parameters); fewer say little of a scale, and still fewer
little of a rotation. Unless a geometry is named, a fit begins with ``rscale`` and is made
again with what its matches allow. ``general``, which can skew an image, is only fitted when
it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from skydb.domain.fit import MATCHES_WANTED
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FIRST_GEOMETRY, OnFit, ProductFit, ignore_fit

#: From the one that says most to the one that asks least.
_LADDER = (FIRST_GEOMETRY, "rshift", "shift")

#: Function that fits products with some settings, below a directory, and reports each.
Fit = Callable[[Sequence[Path], TweakRegSettings, Path, OnFit], list[ProductFit]]


def geometry_for(nmatches: int) -> str:
    """The geometry that has as many matches as it wants, or else the one that wants fewest."""
    enough = (name for name in _LADDER if nmatches >= MATCHES_WANTED[name])
    return next(enough, _LADDER[-1])


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
    made: dict[Path, ProductFit] = {}

    def keep(place: int, one: ProductFit) -> None:
        before = made.get(one.product)
        kept = made[one.product] = _because(one, before) if before else one
        if _place_wanted(kept) <= place:
            on_fit(kept)

    fit(products, settings, scratch, partial(keep, 0))
    for place, geometry in enumerate(_LADDER[1:], start=1):
        again = [path for path in products if _place_wanted(made[path]) == place]
        if again:
            fit(again, replace(settings, fitgeometry=geometry), scratch, partial(keep, place))
    return [made[path] for path in products]


def _place_wanted(fit: ProductFit) -> int:
    """Place on the ladder of the geometry that a fit should have; 0 when it may stay."""
    if not fit.is_fitted:
        return 0
    found = _LADDER.index(geometry_for(fit.nmatches))
    return found if found > _LADDER.index(fit.fit_geometry) else 0


def _because(fit: ProductFit, before: ProductFit) -> ProductFit:
    """A fit with the reason of its geometry; one that failed leaves the earlier one as it is."""
    if not fit.is_fitted:
        return before
    wanted = MATCHES_WANTED[before.fit_geometry]
    why = f"{before.nmatches} matches, {before.fit_geometry} wants {wanted}"
    return replace(fit, geometry_why=why)
