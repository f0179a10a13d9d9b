"""Choice of the sky method that suits some exposures best, with its numbers.

For every method the distance of its values from the true skies is estimated from
measured levels. Of the offsets of ``match``, which are relative, only differences count;
of the levels of the others, their zero counts, too. It is the root of the sum of the squares of

* noise: of the solution of the overlaps, or of the levels of chips;
* what no constants remove from the overlaps, beyond noise (any method);
* how far stars lift the levels (any method but ``match``);
* light that is seen at the lowest level (any method but ``match``);
* how unequally extended light lifts the exposures (``localmin``);
* how unequal the skies are (``globalmin``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType

import numpy as np

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import UsageError
from skydb.sky.evidence import SkyEvidence, Zero
from skydb.sky.methods import Islands, Measures
from skydb.sky.residuals import AuditUnit, common_unit

#: Limit of a usable method: so many standard deviations of its values from the truth,
#: or within this part of the noise of a pixel: a step of that size cannot be seen.
SIGMAS_ALLOWED, PIXEL_NOISE_ALLOWED = 3.0, 0.1
#: A method with a zero goes before a nearer one without within this part of its sigma.
_AS_NEAR = 0.25


@dataclass(frozen=True, slots=True)
class MethodAdvice:
    """Reasons for and against one method.

    Parameters
    ----------
    method : SkyMethod
    residual_rms : float or None
        Rms of the differences that it leaves in the overlaps; None without overlaps.
    expected_rms : float or None
        The same, if there were nothing but noise.
    distance : float or None
        Estimated rms distance from the true skies; for ``match`` without the zero, which it
        does not give. None where a method gives no common zero.
    sigma : float or None
        The part of it that is noise.
    unit : str
        Of these four.
    chosen : bool
        Whether this is the method to use.
    reason : str
        Why, or why not, in numbers.
    """

    method: SkyMethod
    residual_rms: float | None
    expected_rms: float | None
    distance: float | None
    sigma: float | None
    unit: str
    chosen: bool
    reason: str


@dataclass(frozen=True)
class Advice:
    """The recommended method and its alternatives.

    Parameters
    ----------
    rows : tuple of MethodAdvice
        One a method.
    islands : tuple of tuple of str
        Groups of exposures that share no sky with each other.
    left_out : tuple of str
        Exposures without a good pixel.
    summary : str
        One sentence for people.
    """

    rows: tuple[MethodAdvice, ...]
    islands: Islands
    left_out: tuple[str, ...]
    summary: str

    @property
    def chosen(self) -> SkyMethod | None:
        """The method to use; None when no method is usable."""
        return next((row.method for row in self.rows if row.chosen), None)

    @property
    def is_flagged(self) -> bool:
        """Whether there are flags besides the method: exit code 5."""
        return self.chosen is None or len(self.islands) > 1 or bool(self.left_out)


@dataclass(frozen=True, slots=True)
class _Case:
    """One method, in surface brightness."""

    method: SkyMethod
    sigma: float
    parts: tuple[tuple[str, float], ...]
    no_zero: str = ""

    @property
    def error(self) -> float | None:
        if self.no_zero:
            return None
        return float(np.sqrt(self.sigma**2 + sum(value**2 for _, value in self.parts)))


def advise(measures: Measures, exptimes_s: Mapping[str, float] = MappingProxyType({})) -> Advice:
    """Choose a method for some exposures.

    Parameters
    ----------
    measures : Measures
        Levels of all chips, and of all overlaps.
    exptimes_s : mapping of str to float
        Exposure times by rootname, where they are known.

    Raises
    ------
    UsageError
        When no exposure has a level.
    """
    evidence = SkyEvidence(measures, exptimes_s)
    if not evidence.measures.chips:
        raise UsageError("None of the exposures has a good pixel.", advice="Select others.")
    cases = {method: _case(method, evidence) for method in COMPUTED_METHODS}
    chosen = _chosen(cases, evidence)
    unit = common_unit(evidence.measures.chips)
    rows = tuple(_row(case, evidence, chosen, unit) for case in cases.values())
    summary = _summary(evidence, chosen, unit)
    return Advice(rows, evidence.islands, evidence.left_out, summary)


def _case(method: SkyMethod, evidence: SkyEvidence) -> _Case:
    """Noise of a method, and its other errors."""
    left = ("what no constants remove", evidence.left)
    match_sigma = evidence.match_sigma or 0.0
    if method.needs_overlap and (why := _no_common_zero(evidence)):
        return _Case(method, match_sigma, (), why)
    if method is SkyMethod.MATCH:
        return _Case(method, match_sigma, (left,))
    light = ("light at the lowest level", max(zero.light for zero in evidence.zeros))
    level = evidence.level_sigma(method)
    if method is SkyMethod.GLOBALMIN_MATCH:
        sigma = float(
            np.hypot(match_sigma, level_noise := evidence.level_sigma(SkyMethod.LOCALMIN))
        )
        count = max(zero.chips for zero in evidence.zeros)
        lift = _lift(evidence, float(np.hypot(match_sigma, level_noise)), count)
        return _Case(method, sigma, (left, lift, light))
    if method is SkyMethod.LOCALMIN:
        pull = ("unequal extended light", evidence.extended_pull)
        lift = _lift(evidence, level, evidence.chips_of_exposure)
        return _Case(method, level, (left, lift, light, pull))
    lift = _lift(evidence, level, len(evidence.measures.chips))
    return _Case(method, level, (left, lift, light, ("unequal skies", evidence.unequal)))


def _lift(evidence: SkyEvidence, sigma: float, count: int) -> tuple[str, float]:
    """Height of the lowest of some levels above the sky, or below: stars less noise."""
    return "stars and counts in the levels", evidence.stars.sure - lowest_of(count) * sigma


def lowest_of(count: int) -> float:
    """Offset of the lowest of so many equal levels, in their sigmas (Blom 1958)."""
    return NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 1 else 0.0


def _no_common_zero(evidence: SkyEvidence) -> str:
    count = len(evidence.islands)
    if not evidence.measures.matches:
        return "no two exposures overlap: no value"
    return f"{count} islands share no sky: no common zero" if count > 1 else ""


def _chosen(cases: dict[SkyMethod, _Case], evidence: SkyEvidence) -> SkyMethod | None:
    """Choose the nearest usable method; of those about as near, one with a zero.

    A zero without a check is used only where ``match`` has none at all.
    """
    errors = {m: case.error for m, case in cases.items() if case.error is not None}
    fit = {m: e for m, e in errors.items() if e <= _allowed(cases[m], evidence)}
    if not fit:
        return None
    if SkyMethod.MATCH in fit and not evidence.is_zero_checked:
        return SkyMethod.MATCH
    best = min(fit.values())
    near = {m: e for m, e in fit.items() if e <= best + _AS_NEAR * cases[m].sigma}
    if SkyMethod.GLOBALMIN in near and evidence.measures.matches and not evidence.unequal:
        return SkyMethod.GLOBALMIN
    with_zero = {m: e for m, e in near.items() if m is not SkyMethod.MATCH}
    ranked = with_zero or near
    return min(ranked, key=lambda method: ranked[method])


def _allowed(case: _Case, evidence: SkyEvidence) -> float:
    return max(SIGMAS_ALLOWED * case.sigma, PIXEL_NOISE_ALLOWED * evidence.pixel_noise)


def _row(
    case: _Case, evidence: SkyEvidence, chosen: SkyMethod | None, unit: AuditUnit
) -> MethodAdvice:
    factor = unit.per_brightness
    noise = evidence.match_noise if case.method.needs_overlap else evidence.observed_noise
    found = evidence.residual_rms(case.method)
    return MethodAdvice(
        case.method,
        residual_rms=None if found is None else found * factor,
        expected_rms=None if noise is None else noise * factor,
        distance=None if case.error is None else case.error * factor,
        sigma=case.sigma * factor,
        unit=unit.name,
        chosen=case.method is chosen,
        reason=_reason(case, evidence, unit),
    )


def _reason(case: _Case, evidence: SkyEvidence, unit: AuditUnit) -> str:
    """Describe whether it is usable: noise, and the parts beyond it, the largest first."""
    if case.error is None:
        return case.no_zero
    allowed = _allowed(case, evidence)
    verdict = "will do" if case.error <= allowed else f"too far (above {_told(allowed, unit)})"
    parts = sorted(((v, name) for name, v in case.parts if v), key=lambda one: -abs(one[0]))
    sentences = [f"noise {_told(case.sigma, unit)}"]
    sentences += [f"{name} {_told(value, unit)}" for value, name in parts]
    if not case.method.is_relative and not evidence.is_zero_checked:
        sentences.append("zero not checked by a second place")
    return f"{verdict}: {', '.join(sentences)}"


def _told(brightness: float, unit: AuditUnit) -> str:
    """A surface brightness in a unit."""
    return f"{brightness * unit.per_brightness:.2g} {unit.name}"


def _summary(evidence: SkyEvidence, chosen: SkyMethod | None, unit: AuditUnit) -> str:
    if evidence.observed_rms is None:
        head = "no two exposures overlap"
    else:
        rms, noise = evidence.observed_rms * unit.per_brightness, evidence.observed_noise or 0.0
        found = f"{rms:.3g} {unit.name} rms, noise {_told(noise, unit)}"
        head = f"observed differences in overlaps {found}"
    sentences = [head, *_scene(evidence, unit)]
    if chosen is not None:
        return f"use {chosen}: {'; '.join(sentences)}."
    return f"no method will do: {'; '.join(sentences)}. {_instead(evidence)}"


def _scene(evidence: SkyEvidence, unit: AuditUnit) -> list[str]:
    sentences = []
    if len(evidence.islands) > 1:
        sentences.append(f"{len(evidence.islands)} islands, whose offsets have no common zero")
    sentences.append(_zero_sentence(_doubtful(evidence.zeros), unit))
    if evidence.extended_pull:
        pull = _told(evidence.extended_pull, unit)
        sentences.append(f"extended light pulls localmin by {pull} rms")
    if evidence.stars.sure > 0:
        sentences.append(f"stars lift levels by {_told(evidence.stars.value, unit)}")
    if evidence.left:
        sentences.append(_left_sentence(evidence, unit))
    return sentences


def _doubtful(zeros: tuple[Zero, ...]) -> Zero:
    """The lowest level of the island in which it is least likely to be the sky."""
    return max(zeros, key=lambda zero: (zero.light, -zero.places))


def _zero_sentence(zero: Zero, unit: AuditUnit) -> str:
    if zero.light:
        return f"the lowest level is not blank sky (light that varies by {_told(zero.light, unit)})"
    if zero.places == 1:
        return "the lowest level is seen in one place, and nothing checks that it is sky"
    return f"the lowest level is flat and shared by {zero.places} separate places"


def _left_sentence(evidence: SkyEvidence, unit: AuditUnit) -> str:
    planes = evidence.left_by_gradients
    sentences = f"{_told(evidence.left, unit)} rms is left that no constants remove"
    if planes is None:
        return sentences
    return f"{sentences} ({_told(planes, unit)} if every sky had a gradient)"


def _instead(evidence: SkyEvidence) -> str:
    # An exposure alone has nothing to be matched with.
    if len(evidence.islands) > 1 and any(len(island) > 1 for island in evidence.islands):
        return "Match every island as a field of its own."
    if evidence.left:
        return "Remove the gradients, or align the exposures, before the skies are matched."
    return "Add exposures that overlap."
