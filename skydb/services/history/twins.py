"""One run that was kept twice: in its log and in a notebook, or in two spellings.

Its task, version and first moment are the same, and so are its results as far as both have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self

from skydb.domain import Activity, AlignmentRun, SkyRun
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus
from skydb.files.logs import base_name
from skydb.services.history.plan import AlignmentPlan, Plan, SkyPlan

#: Half of the last digit of a sky with six, of a shift with four after the point.
_SKY_PART, _SKY_STEP, _SHIFT_STEP = 1e-5, 1e-6, 1e-4
_NUMBERS = ("nmatches", "dx_pix", "dy_pix", "rotation_deg", "scale", "x_rms_pix", "rms_ra_mas")
_KNOWN_STATUSES = frozenset({SolutionStatus.APPLIED, SolutionStatus.PROPOSED})

Key = tuple[str, int]
Result = tuple[SolutionStatus | None, Mapping[str, float | None]]


class Likeness(Enum):
    """Relation of two runs that began at the same moment."""

    OTHER = auto()
    """They are different runs."""
    SAME = auto()
    CONTRADICTION = auto()
    """They seem to be one run, and their results differ."""


@dataclass(frozen=True)
class Results:
    """Facts of a run by which it is compared.

    Parameters
    ----------
    names : frozenset of str
        Files that it was given.
    methods : tuple of str or None
        Methods that were asked for and that ran; of an alignment nothing.
    has_failed : bool
        Whether it failed, or its log does not have all of it.
    found : mapping
        Result of each chip or product: its status and its numbers.
    details : int
        Parameters that are known of it.
    """

    names: frozenset[str]
    methods: tuple[str | None, ...]
    has_failed: bool
    found: Mapping[Key, Result]
    details: int

    @classmethod
    def of_plan(cls, plan: Plan) -> Self:
        """Results of a run that was read."""
        found: dict[Key, Result] = {}
        methods: tuple[str | None, ...] = ()
        if isinstance(plan, SkyPlan):
            methods = plan.requested, plan.effective
            for level in plan.levels if plan.error is None else ():
                found[level.rootname, level.extver] = None, {"sky": level.mdrizsky}
        elif isinstance(plan, AlignmentPlan):
            for fit in plan.fits:
                numbers = {name: fit.numbers.get(name) for name in _NUMBERS}
                found[fit.product, 0] = fit.status, numbers
        return cls._made(plan.facts, methods, plan.error is not None, found)

    @classmethod
    def of_row(cls, run: Activity) -> Self:
        """Results of a run that is recorded."""
        found: dict[Key, Result] = {}
        methods: tuple[str | None, ...] = ()
        if isinstance(run, SkyRun):
            methods = run.requested_method, run.effective_method
            for value in run.values:
                found[value.exposure.rootname, value.extver] = None, {"sky": value.mdrizsky}
        elif isinstance(run, AlignmentRun):
            for fit in run.solutions:
                numbers = {name: getattr(fit, name) for name in _NUMBERS}
                found[fit.product.filename, 0] = fit.status, numbers
        return cls._made(run.parameters, methods, run.status is ActivityStatus.FAILED, found)

    @classmethod
    def _made(
        cls,
        parameters: Mapping[str, Any],
        methods: tuple[str | None, ...],
        has_failed: bool,
        found: Mapping[Key, Result],
    ) -> Self:
        names = parameters.get("products") or parameters.get("inputs") or ()
        sections = parameters.get("tweakreg") or parameters.get("astrodrizzle") or {}
        details = sum(len(section) for section in sections.values())
        return cls(frozenset(map(base_name, names)), methods, has_failed, found, details)

    def likeness(self, other: Results) -> Likeness:
        """Relation to a run that began at the same moment."""
        both = zip(self.methods, other.methods, strict=True)
        is_other = self.names and other.names and not self.names & other.names
        if is_other or any(None not in (a, b) and a != b for a, b in both):
            return Likeness.OTHER
        keys = self.found.keys() & other.found.keys()
        agree = all(_agree(self.found[key], other.found[key]) for key in keys)
        is_part = _is_part(self.names, other.names) and _is_part(self.found, other.found)
        return Likeness.SAME if agree and is_part else Likeness.CONTRADICTION

    @property
    def weight(self) -> tuple[int, ...]:
        """More for a run of which more is known."""
        numbers = sum(
            number is not None for _, numbers in self.found.values() for number in numbers.values()
        )
        statuses = sum(status in _KNOWN_STATUSES for status, _ in self.found.values())
        known = sum(method is not None for method in self.methods)
        return int(not self.has_failed), len(self.found), statuses + known, numbers, self.details


def _is_part(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether one of two collections has all of the other."""
    first, second = set(one), set(other)
    return first <= second or second <= first


def _agree(one: Result, other: Result) -> bool:
    """Whether two results are one, as exactly as logs print them."""
    (status, numbers), (other_status, others) = one, other
    if status is not other_status and not _may_be_one({status, other_status}):
        return False
    if "sky" in numbers:
        return _is_near(numbers["sky"], others["sky"], _SKY_STEP, _SKY_PART)
    names = ("nmatches", "dx_pix", "dy_pix")
    return all(_is_near(numbers[name], others[name], _SHIFT_STEP, 0.0) for name in names)


def _may_be_one(statuses: set[SolutionStatus | None]) -> bool:
    """Whether one log shows what the other does not: that a header was written, or not."""
    is_failed = SolutionStatus.FAILED in statuses
    return SolutionStatus.RECORDED in statuses and not is_failed


def _is_near(one: float | None, other: float | None, step: float, part: float) -> bool:
    return one is None or other is None or abs(one - other) <= step + part * abs(one)
