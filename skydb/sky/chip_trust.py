"""Comparison of each chip of an exposure with the catalogue: chips of one fit must agree.

All stars of an exposure together can confirm a fit that is right on one of its chips only. So
the chips are looked at one by one: whether the stars of each lie at their places, or at others
by one offset, or far more rarely than those of its siblings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skydb.domain.trust import FOUND_SHARE, OFFSET_PIX, TRUST_FLOOR, FitCheck, limited
from skydb.domain.vocabulary import TrustComponent
from skydb.sky.fit_trust import Agreement, compare
from skydb.sky.geometry import MAS_PER_RADIAN, centre_of, tangent_plane
from skydb.sky.votes import Search, best_offset

Floats = NDArray[np.float64]

#: With fewer sources on a chip, or pairs that chance does not give, it is not compared.
_LEAST = 5
#: An offset of a chip is looked for so far away.
_RADIUS_MAS = 3000.0
#: Pairs of one offset agree so well; to find an offset by votes is no better.
_REACH_PIX = 1.0
#: A chip has fewer pairs than its siblings when chance gives as few in so many cases.
_CHANCE_LIMIT = 1e-4


@dataclass(frozen=True, eq=False)
class ChipSources:
    """Stars of one chip where a fit puts them, and the sources of the catalogue on it.

    Parameters
    ----------
    extver : int
        The chip.
    stars_deg, catalog_deg : ndarray, shape (N, 2) and (M, 2)
        Positions.
    area_arcsec2 : float
        Of its clear pixels.
    scale_arcsec : float
        Size of a pixel.
    name : str
        Name of the chip in a sentence; its extension where it is empty.
    """

    extver: int
    stars_deg: Floats
    catalog_deg: Floats
    area_arcsec2: float
    scale_arcsec: float
    name: str = ""

    @property
    def label(self) -> str:
        """Name of the chip in a sentence."""
        return self.name or f"SCI,{self.extver}"

    @property
    def agreement(self) -> Agreement:
        """Comparison of both at their places."""
        return compare(self.stars_deg, self.catalog_deg, self.area_arcsec2, self.scale_arcsec)

    def offset_pix(self) -> float | None:
        """Offset of its stars that most votes are for, wherever it is; None without a sure one."""
        centre = centre_of(self.catalog_deg)
        stars, sources = (
            tangent_plane(radec, centre) * MAS_PER_RADIAN
            for radec in (self.stars_deg, self.catalog_deg)
        )
        pixel_mas = 1000.0 * self.scale_arcsec
        peak = best_offset(stars, sources, Search(_RADIUS_MAS, _REACH_PIX * pixel_mas))
        if peak is None or not peak.is_sure:
            return None
        return float(np.hypot(*peak.placed.shift)) / pixel_mas


@dataclass(frozen=True)
class Comparison:
    """Kind of the positions that chips are compared with.

    Parameters
    ----------
    words : str
        Where stars should be, and what it means that they are not, in a sentence.
    offsets_only : bool
        Whether stars that are missing count against no chip, for they may be saturated or in a
        crowd, or the other positions may be fewer.
    """

    words: str
    offsets_only: bool = False


_APART = "in the catalogue; its chips may not belong together"
CATALOG = Comparison(_APART)
#: A part of a drizzled product, with the catalogue.
PRODUCT = Comparison(_APART, offsets_only=True)
VISITS = Comparison(
    "in other visits; the chips of the one or of the others may not belong together",
    offsets_only=True,
)


def check_chips(chips: Sequence[ChipSources], kind: Comparison = CATALOG) -> FitCheck | None:
    """Check that every chip of a fitted exposure agrees with the catalogue as the others do.

    Parameters
    ----------
    chips : sequence of ChipSources
        All of the exposure.
    kind : Comparison, optional
        With a catalogue when left out.

    Returns
    -------
    FitCheck or None
        Of the chip that contradicts the fit most; None when none does, or there is one only.
    """
    found = [_Found(chip, chip.agreement) for chip in chips]
    checks = [
        _contradiction(one, [*found[:place], *found[place + 1 :]], kind)
        for place, one in enumerate(found)
        if len(found) > 1
    ]
    return min(filter(None, checks), key=_score, default=None)


def with_chips(check: FitCheck, chips: FitCheck | None) -> FitCheck:
    """Give the check of all stars together, or that of a chip where it is worse."""
    return chips if chips is not None and _score(chips) < _score(check) else check


def _score(check: FitCheck) -> float:
    return 1.0 if check.score is None else check.score


@dataclass(frozen=True)
class _Found:
    """A chip, and what of the catalogue was found at its places."""

    chip: ChipSources
    at: Agreement

    @property
    def sources(self) -> int:
        """Sources of the catalogue."""
        return len(self.chip.catalog_deg)

    @property
    def real(self) -> float:
        """Pairs more than chance gives."""
        return max(0.0, self.at.pairs - self.at.chance)

    @property
    def is_found(self) -> bool:
        return self.real >= _LEAST and self.at.share >= FOUND_SHARE / 2


def _contradiction(one: _Found, others: Sequence[_Found], kind: Comparison) -> FitCheck | None:
    if one.at.possible < _LEAST:
        return None
    if one.is_found and one.at.error_pix <= OFFSET_PIX:
        return _displaced(one.chip, one.at.offset_pix, one.at.significant_offset_pix, kind)
    offset_pix = one.chip.offset_pix()
    if offset_pix is not None:
        return _displaced(one.chip, offset_pix, max(0.0, offset_pix - _REACH_PIX), kind)
    return None if one.is_found or kind.offsets_only else _missing(one, others)


def _displaced(
    chip: ChipSources, offset_pix: float, sure_pix: float, kind: Comparison
) -> FitCheck | None:
    """Contradiction of a chip whose stars lie at an offset; its uncertainty is taken off."""
    score = limited(OFFSET_PIX, sure_pix)
    # Less is seen in all stars together, and chips differ by so much in some distortion models.
    if score >= TRUST_FLOOR:
        return None
    reason = f"the stars of {chip.label} lie {offset_pix:.2f} pix off their places {kind.words}"
    return FitCheck(TrustComponent.CROSS_MATCH, score, reason, offset_pix)


def _missing(one: _Found, others: Sequence[_Found]) -> FitCheck | None:
    """Contradiction of a chip on which stars are not found that are on its siblings.

    Shares are those of the catalogue: a list of stars may be short on one chip, and full of
    false ones on the other.
    """
    from scipy.stats import hypergeom, poisson

    sources, pairs = (sum(o.sources for o in others), sum(o.at.pairs for o in others))
    real = sum(other.sources - other.at.chance for other in others)
    share = sum(other.real for other in others) / real if real > 0 else 0.0
    if share < FOUND_SHARE / 2:
        return None
    expected = one.at.chance + share * (one.sources - one.at.chance)
    # The siblings may have few sources themselves, and be lucky with these.
    both = sources + one.sources, pairs + one.at.pairs, one.sources
    by_chance = max(poisson.cdf(one.at.pairs, expected), hypergeom.cdf(one.at.pairs, *both))
    if by_chance > _CHANCE_LIMIT:
        return None
    reason = (
        f"only {one.at.pairs} of {one.sources} sources of {one.chip.label} lie near their "
        f"places in the catalogue, and {min(share, 1.0):.0%} of those of the other chips"
    )
    score = min(1.0, one.real / (share * one.sources) / FOUND_SHARE)
    return FitCheck(TrustComponent.CROSS_MATCH, score, reason, one.at.offset_pix)
