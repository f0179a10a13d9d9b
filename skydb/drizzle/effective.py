"""The sky method that really ran: three checks and their result.

drizzlepac answers any exception of skymatch by running another method
(``match`` becomes ``localmin``, ``globalmin+match`` becomes ``globalmin``) and
ends well. Its one warning names "localmin" in both cases. So three sources are
compared: the calls of skymatch as they were made, the log, and the values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skydb.domain.vocabulary import SkyMethod, SkyUnit

_REVERTED = re.compile(r'Reverting sky computation to "localmin" from "?([a-z+]+)')
_UNDETERMINED = re.compile(r"Image '([^'\[]+)[^\n]*SKY = None \(undetermined\)")
#: skypac measures in single precision.
_EQUAL_RTOL = 1e-6


@dataclass(frozen=True)
class SkyCall:
    """One call of skymatch: the method, and the exception that ended it, if any.

    ``skies`` has MDRIZSKY by file name and extver as drizzlepac went on to use
    it, None for a chip without one; it is empty when the call failed.
    """

    method: str
    error: str | None
    skies: Mapping[tuple[str, int], float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class SkyReading:
    """MDRIZSKY of one chip as AstroDrizzle left it.

    Parameters
    ----------
    filename : str
        The exposure.
    extver : int
        The chip.
    mdrizsky : float or None
        Sky in `unit` per pixel; None for an exposure that overlaps nothing.
    unit : SkyUnit or None
        From BUNIT; None when BUNIT says nothing known.
    brightness_per_unit : float
        What turns `mdrizsky` into surface brightness per second and arcsec2.
    """

    filename: str
    extver: int
    mdrizsky: float | None
    unit: SkyUnit | None
    brightness_per_unit: float = 1.0

    @property
    def brightness(self) -> float | None:
        """Sky per second and square arcsec, comparable between chips and exposures."""
        return None if self.mdrizsky is None else self.mdrizsky * self.brightness_per_unit


@dataclass(frozen=True)
class MethodVerdict:
    """The method that ran, and contradictions about it.

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


def effective_method(calls: Sequence[SkyCall]) -> SkyMethod | None:
    """Method of the last call that ended without an exception."""
    done = [call.method for call in calls if call.error is None]
    return SkyMethod(done[-1]) if done else None


def method_verdict(
    requested: SkyMethod, calls: Sequence[SkyCall], readings: Sequence[SkyReading], log: str
) -> MethodVerdict:
    """Compare calls, log and values.

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
    """Compare the changes of method in the log with the recorded calls."""
    said = set(_REVERTED.findall(log))
    seen = {call.method for call in calls if call.error is not None}
    if said == seen:
        return []
    return [f"the log says that {_list(said)} failed, the calls that {_list(seen)} did"]


def skies_in_use(
    readings: Sequence[SkyReading], calls: Sequence[SkyCall]
) -> tuple[tuple[SkyReading, ...], list[str]]:
    """Collect the values that drizzlepac really used, and differences of the headers.

    After a failed skymatch the exposures keep, on disk, their earlier MDRIZSKY.
    """
    used = next((call.skies for call in reversed(calls) if call.error is None), {})
    real, contradictions = [], []
    for reading in readings:
        sky = used.get((reading.filename, reading.extver), reading.mdrizsky)
        if _same_sky(reading.mdrizsky, sky):
            real.append(reading)
            continue
        real.append(replace(reading, mdrizsky=sky))
        contradictions.append(
            f"{reading.filename} chip {reading.extver} has MDRIZSKY {reading.mdrizsky} on disk, "
            f"but {sky} was used"
        )
    return tuple(real), contradictions


def _same_sky(on_disk: float | None, used: float | None) -> bool:
    """Whether a header has the value that was used; skypac's are single precision."""
    if on_disk is None or used is None:
        return on_disk is used
    return math.isclose(on_disk, used, rel_tol=_EQUAL_RTOL)


def value_contradictions(method: SkyMethod, readings: Sequence[SkyReading]) -> list[str]:
    """Check the values of a method; one exposure alone proves little."""
    levels: dict[str, list[float]] = {}
    for reading in readings:
        if reading.brightness is not None:
            levels.setdefault(reading.filename, []).append(reading.brightness)
    if not levels:
        return ["there is no sky value"]
    uneven = [name for name, chips in levels.items() if not _all_equal(chips)]
    found = [f"the chips of {', '.join(uneven)} have different skies"] if uneven else []
    all_levels = [level for chips in levels.values() for level in chips]
    return found + _against(method, all_levels, is_alone=len(levels) == 1)


def _against(method: SkyMethod, levels: Sequence[float], *, is_alone: bool) -> list[str]:
    """Check the brightness levels of a method, one a chip; those of one exposure are equal."""
    if is_alone:
        alone = f"{method} of one exposure alone computes nothing"
        return [alone] if method.needs_overlap else []
    checks = {
        SkyMethod.LOCALMIN: _against_localmin,
        SkyMethod.GLOBALMIN: _against_globalmin,
        SkyMethod.MATCH: _against_match,
        SkyMethod.GLOBALMIN_MATCH: _against_globalmin_match,
    }
    return checks[method](levels)


def _against_localmin(levels: Sequence[float]) -> list[str]:
    found = []
    if _all_equal(levels):
        found.append("all exposures have one value, as globalmin would give")
    if min(levels) == 0.0:
        found.append("an exposure has a sky of exactly zero, as match would give")
    return found


def _against_globalmin(levels: Sequence[float]) -> list[str]:
    if not _all_equal(levels):
        return ["exposures differ, though globalmin gives all one value"]
    return [] if any(levels) else ["every sky is exactly zero: none was measured"]


def _against_match(levels: Sequence[float]) -> list[str]:
    if not any(levels):
        return ["every sky is exactly zero: nothing was matched"]
    if abs(min(levels)) > _EQUAL_RTOL * max(abs(level) for level in levels):
        return [f"the lowest sky is {min(levels):g} and not zero, so it is not relative"]
    return []


def _against_globalmin_match(levels: Sequence[float]) -> list[str]:
    found = []
    if _all_equal(levels):
        found.append("all exposures have one value, as globalmin would give")
    if min(levels) == 0.0:
        found.append("the lowest sky is exactly zero, so the global level is missing")
    return found


def _all_equal(levels: Sequence[float]) -> bool:
    scale = max(abs(level) for level in levels)
    return max(levels) - min(levels) <= _EQUAL_RTOL * scale


def _list(methods: Iterable[str]) -> str:
    return ", ".join(sorted(methods)) or "nothing"
