"""Components of the error that skies have left: of an exposure, of a chip, or a gradient.

Chips that cover one cell of the sky see one scene. The differences of their levels, once the
sky of a run is subtracted, are fitted by weighted least squares in which the scene of every
cell is free. An offset of a whole exposure is what a sky method can remove. A chip that
deviates from the others of its exposure and a gradient across an exposure are fitted with all
offsets of exposures free, one by one, the most significant first, until none is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skydb.domain.overlap import ChipKey
from skydb.sky.leftmodel import LeftModel, Score, Term

#: From so many standard deviations on something is left. Of some hundred exposures, with three
#: questions each, chance alone reaches it once in ten thousand fields; the rest is for what
#: sigmas do not cover (docs/skies.md).
SIGNIFICANT_SIGMA = 5.0
#: Explanations whose chi-square is less than this below that of the best are as good as it.
_AS_GOOD = 16.0
#: Largest number of components.
_MOST = 12


class Kind(StrEnum):
    """Kind of a component of the error."""

    EXPOSURE = "exposure"
    CHIP = "chip"
    GRADIENT = "gradient"


@dataclass(frozen=True, slots=True)
class Sample:
    """Level of one chip in one piece of the sky, less the sky of the run.

    Parameters
    ----------
    place : int
        The piece of the sky.
    chip : ChipKey
        Who sees it.
    level, sigma : float
        In one unit for all samples.
    offset_arcsec : tuple of float
        East and north of the middle of the exposure.
    shift : float
        What the level is off by because the exposure is noisier than others that see the
        same (:func:`.noise.unequal_noise_shift`).
    """

    place: int
    chip: ChipKey
    level: float
    sigma: float
    offset_arcsec: tuple[float, float] = (0.0, 0.0)
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Component:
    """One error that is left.

    Parameters
    ----------
    kind : Kind
        Of what.
    exposure : str or None
        Its rootname; None for a chip that lies apart in all exposures.
    chip : int or None
        EXTVER, of a chip.
    value : float
        How much brighter the exposure is than the rest of its group; the chip than the
        other chips of its exposure; or one end of the exposure than the other.
    sigma : float
        Its standard deviation.
    significance : float
        In standard deviations of a Gaussian.
    pa_deg : float or None
        Position angle towards which a gradient rises, from north over east.
    alternatives : tuple of str
        Exposures or chips of which the same could be said just as well.
    """

    kind: Kind
    exposure: str | None
    chip: int | None
    value: float
    sigma: float
    significance: float
    pa_deg: float | None = None
    alternatives: tuple[str, ...] = ()

    @property
    def is_significant(self) -> bool:
        """Whether it is more than noise."""
        return self.significance >= SIGNIFICANT_SIGMA


@dataclass(frozen=True)
class Decomposition:
    """Components of the error, the most significant first, and the best of the rest.

    Parameters
    ----------
    components : tuple of Component
        Those that are significant.
    best : Component or None
        The most significant of all, significant or not; None where there were no data.
    samples : int
        Number of levels in the fit.
    scatter : float
        Rms of what no component explains, over what the noise allows; standard deviations
        are larger by it, where it is above one.
    """

    components: tuple[Component, ...] = ()
    best: Component | None = None
    samples: int = 0
    scatter: float = 1.0

    @property
    def worst(self) -> Component | None:
        """The most significant of those that are left."""
        return self.components[0] if self.components else None


def decompose(
    samples: Iterable[Sample], reaches: Mapping[str, NDArray[np.float64]] | None = None
) -> Decomposition:
    """Name what is left in some levels.

    Parameters
    ----------
    samples : iterable of Sample
        In any order.
    reaches : mapping of str to ndarray, optional
        Outlines (N, 2) of exposures in arcsec east and north of their middle, across which
        a gradient is given; across the samples, when left out.
    """
    ordered = _shared(sorted(samples, key=lambda one: (one.place, one.chip)))
    if not ordered:
        return Decomposition()
    model = LeftModel(
        [one.place for one in ordered],
        [one.chip for one in ordered],
        np.array([(one.level, one.shift, one.sigma) for one in ordered]),
        np.array([one.offset_arcsec for one in ordered]),
    )
    taken, vain = _pursue(model)
    inner = _components(model, taken, reaches or {})
    chosen = _components(model, [*taken, *vain], reaches or {})[len(taken) :]
    outer = _exposures(model, [one.term for one in taken])
    found = sorted([*inner, *outer], key=_rank, reverse=True)
    return Decomposition(
        tuple(one for one in found if one.is_significant)[:_MOST],
        max([*found, *chosen], key=_rank, default=None),
        len(ordered),
        model.scatter,
    )


def _shared(samples: Sequence[Sample]) -> list[Sample]:
    """Select the samples of cells that several exposures see."""
    seen: dict[int, set[str]] = {}
    for one in samples:
        seen.setdefault(one.place, set()).add(one.chip[0])
    return [one for one in samples if len(seen[one.place]) > 1 and one.sigma > 0]


def _rank(one: Component | Score) -> float:
    """The significance without its last digits.

    Of two that explain the same the first one is named, on every machine.
    """
    return round(one.significance, 6)


class _Found(NamedTuple):
    """A term, and the others that fit about as well."""

    term: Term
    others: tuple[Term, ...]


def _pursue(model: LeftModel) -> tuple[list[_Found], list[_Found]]:
    """Chips and gradients that are left; and the best one that is not significant."""
    taken: list[_Found] = []
    while len(taken) < _MOST:
        scores = model.scores([one.term for one in taken])
        if not scores:
            break
        best = max(scores, key=lambda term: _rank(scores[term]))
        near = scores[best].chi2 - _AS_GOOD
        others = tuple(t for t in scores if t != best and scores[t].chi2 >= near)
        found = _Found(best, others if near > 0 else ())
        if scores[best].significance < SIGNIFICANT_SIGMA:
            return taken, [found]
        taken.append(found)
    return taken, []


def _components(
    model: LeftModel, taken: Sequence[_Found], reaches: Mapping[str, NDArray[np.float64]]
) -> list[Component]:
    """Terms as components, fitted together."""
    fits = model.fitted([one.term for one in taken])
    found = []
    for one, (values, covariance) in zip(taken, fits, strict=True):
        term, significance = one.term, model.significance(values, covariance)
        if term.extver is None:
            found.append(_gradient(model, one, (values, covariance), reaches))
            continue
        value, sigma = float(values[0]), float(np.sqrt(covariance[0, 0]))
        chip = term.extver
        others = model.other_chips(term)
        if value < 0 and len(others) == 1:
            # Of two chips, a low one and a high one are the same offset.
            value, chip = -value, others[0]
        names = _names(one.others)
        found.append(
            Component(Kind.CHIP, term.exposure, chip, value, sigma, significance, None, names)
        )
    return found


def _gradient(
    model: LeftModel,
    found: _Found,
    fit: tuple[NDArray[np.float64], NDArray[np.float64]],
    reaches: Mapping[str, NDArray[np.float64]],
) -> Component:
    """A gradient as what one end of the exposure is brighter than the other."""
    values, covariance = fit
    name = found.term.exposure or ""
    steepness = float(np.hypot(*values))
    direction = values / steepness if steepness > 0 else np.array([0.0, 1.0])
    points = reaches.get(name, model.offsets_of(name))
    width = float(np.ptp(points @ direction))
    return Component(
        Kind.GRADIENT,
        name,
        None,
        steepness * width,
        float(np.sqrt(direction @ covariance @ direction)) * width,
        model.significance(values, covariance),
        float(np.degrees(np.arctan2(*direction))) % 360.0,
        _names(found.others),
    )


def _exposures(model: LeftModel, taken: Sequence[Term]) -> list[Component]:
    """Exposures that are apart from the rest of their group; only the worst of each group."""
    found = []
    for names, values, sigmas in model.contrasts(taken):
        scores = np.abs(values) / sigmas
        # Of two chips with the same offset the brighter one is named.
        worst = int(np.lexsort((values, scores.round(6)))[-1])
        near = scores[worst] ** 2 - _AS_GOOD
        others = _beside(names, worst, scores**2 >= near) if near > 0 else ()
        found.append(
            Component(
                Kind.EXPOSURE, names[worst], None, float(values[worst]), float(sigmas[worst]),
                float(scores[worst]), None, others,
            )
        )  # fmt: skip
    return found


def _beside(names: Sequence[str], worst: int, near: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for n, name in enumerate(names) if n != worst and near[n])


def _names(terms: Collection[Term]) -> tuple[str, ...]:
    return tuple(term.name for term in terms)
