"""Which sky method really ran: three witnesses and a verdict.

drizzlepac answers any exception of skymatch by running another method
(``match`` becomes ``localmin``, ``globalmin+match`` becomes ``globalmin``) and
ends well. Its one warning says "localmin" in both cases. So three witnesses are
heard: the calls of skymatch as they were made, the log, and the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skydb.domain.vocabulary import SkyMethod, SkyUnit

_REVERTED = re.compile(r'Reverting sky computation to "localmin" from "?([a-z+]+)')
_UNDETERMINED = re.compile(r"Image '([^'\[]+)[^\n]*SKY = None \(undetermined\)")
#: MDRIZSKY is a double; two roads to the same brightness differ by rounding.
_EQUAL_RTOL = 1e-6


@dataclass(frozen=True)
class SkyCall:
    """One call of skymatch: the method, and the exception that ended it, if any."""

    method: str
    error: str | None


@dataclass(frozen=True)
class SkyReading:
    """MDRIZSKY of one chip as AstroDrizzle left it.

    Parameters
    ----------
    filename : str
        The exposure.
    extver : int
        The chip.
    mdrizsky : float
        Sky in `unit` per pixel.
    unit : SkyUnit or None
        From BUNIT; None when BUNIT says nothing known.
    brightness_per_unit : float
        What turns `mdrizsky` into surface brightness per second and arcsec2.
    """

    filename: str
    extver: int
    mdrizsky: float
    unit: SkyUnit | None
    brightness_per_unit: float = 1.0

    @property
    def brightness(self) -> float:
        """Sky per second and square arcsec, comparable between chips and exposures."""
        return self.mdrizsky * self.brightness_per_unit


@dataclass(frozen=True)
class MethodVerdict:
    """What ran, and what does not add up.

    Parameters
    ----------
    effective : SkyMethod
        Method of the last call that ended well.
    downgrade_reason : str or None
        Why it is not the one requested; None when it is.
    disagreements : tuple of str
        What the log or the values say against the calls; empty is good.
    unmatched : tuple of str
        Exposures for which skypac found no overlap, and no sky.
    """

    effective: SkyMethod
    downgrade_reason: str | None
    disagreements: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def is_downgraded(self) -> bool:
        """Whether another method than the one requested ran."""
        return self.downgrade_reason is not None


def effective_method(calls: Sequence[SkyCall]) -> SkyMethod | None:
    """Method of the last call that ended without an exception."""
    done = [call.method for call in calls if call.error is None]
    return SkyMethod(done[-1]) if done else None


def judge(
    requested: SkyMethod, calls: Sequence[SkyCall], readings: Sequence[SkyReading], log: str
) -> MethodVerdict:
    """Hear the witnesses.

    Raises
    ------
    LookupError
        When no sky computation ended well: there is nothing to name.
    """
    effective = effective_method(calls)
    if effective is None:
        raise LookupError("No sky computation ended well.")
    disagreements = [*log_contradictions(calls, log), *value_contradictions(effective, readings)]
    return MethodVerdict(
        effective=effective,
        downgrade_reason=_downgrade_reason(requested, effective, calls),
        disagreements=tuple(disagreements),
        unmatched=tuple(dict.fromkeys(_UNDETERMINED.findall(log))),
    )


def _downgrade_reason(
    requested: SkyMethod, effective: SkyMethod, calls: Sequence[SkyCall]
) -> str | None:
    if requested is effective:
        return None
    errors = [call.error for call in calls if call.error is not None]
    return errors[0] if errors else f"drizzlepac ran {effective} without saying why"


def log_contradictions(calls: Sequence[SkyCall], log: str) -> list[str]:
    """What the log says of a changed method against what was witnessed."""
    said = set(_REVERTED.findall(log))
    seen = {call.method for call in calls if call.error is not None}
    if said == seen:
        return []
    return [f"the log tells of {_list(said)} given up, the calls of {_list(seen)}"]


def value_contradictions(method: SkyMethod, readings: Sequence[SkyReading]) -> list[str]:
    """What the values say against a method; one exposure alone proves little."""
    if not readings:
        return ["there is no sky value"]
    if len({reading.filename for reading in readings}) < 2:
        return _single_exposure(method, readings)
    checks = {
        SkyMethod.LOCALMIN: _against_localmin,
        SkyMethod.GLOBALMIN: _against_globalmin,
        SkyMethod.MATCH: _against_match,
        SkyMethod.GLOBALMIN_MATCH: _against_globalmin_match,
    }
    return checks[method](readings)


def _single_exposure(method: SkyMethod, readings: Sequence[SkyReading]) -> list[str]:
    if method.needs_overlap:
        return [f"{method} of one exposure alone computes nothing"]
    return _chips_disagree(readings)


def _against_localmin(readings: Sequence[SkyReading]) -> list[str]:
    found = _chips_disagree(readings)
    if _all_equal(reading.brightness for reading in readings):
        found.append("all exposures have one value, as globalmin would give")
    if min(reading.mdrizsky for reading in readings) == 0.0:
        found.append("an exposure has a sky of exactly zero, as match would give")
    return found


def _against_globalmin(readings: Sequence[SkyReading]) -> list[str]:
    found = []
    if not _all_equal(reading.brightness for reading in readings):
        found.append("exposures differ, though globalmin gives all one value")
    if all(reading.mdrizsky == 0.0 for reading in readings):
        found.append("every sky is exactly zero: none was measured")
    return found


def _against_match(readings: Sequence[SkyReading]) -> list[str]:
    levels = [reading.brightness for reading in readings]
    if all(level == 0.0 for level in levels):
        return ["every sky is exactly zero: nothing was matched"]
    scale = max(abs(level) for level in levels)
    if abs(min(levels)) > _EQUAL_RTOL * scale:
        return [f"the lowest sky is {min(levels):g} and not zero, so it is not relative"]
    return _chips_disagree(readings)


def _against_globalmin_match(readings: Sequence[SkyReading]) -> list[str]:
    levels = [reading.brightness for reading in readings]
    found = _chips_disagree(readings)
    if _all_equal(levels):
        found.append("all exposures have one value, as globalmin would give")
    if min(levels) == 0.0:
        found.append("the lowest sky is exactly zero, so the global level is missing")
    return found


def _chips_disagree(readings: Sequence[SkyReading]) -> list[str]:
    """Every method gives the chips of one exposure one surface brightness."""
    by_exposure: dict[str, list[float]] = {}
    for reading in readings:
        by_exposure.setdefault(reading.filename, []).append(reading.brightness)
    wrong = [name for name, levels in by_exposure.items() if not _all_equal(levels)]
    return [f"the chips of {', '.join(wrong)} have different skies"] if wrong else []


def _all_equal(numbers: Iterable[float]) -> bool:
    levels = list(numbers)
    scale = max(abs(level) for level in levels)
    return max(levels) - min(levels) <= _EQUAL_RTOL * scale


def _list(methods: Iterable[str]) -> str:
    return ", ".join(sorted(methods)) or "nothing"
