"""Images of different units in one run, and their factors to a common unit.

Electrons are counts times the gain, and a total is a rate times the exposure time. skypac and
AstroDrizzle know the second, chip by chip, and not the first. Source: WFC3 Data Handbook 3.2.12
(the flat field step multiplies by the mean of the calibrated gains); ``drizzlepac.imageObject``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from skydb.domain.condition import Condition
from skydb.domain.vocabulary import SkyUnit

#: Above any sky in electrons, counts or rates of them: detectors are full at 1e5.
HIGHEST_SKY = 1e6
_COUNTED = {"COUNT": "COUNT", "DN": "COUNT", "ELECTRON": "ELECTRON"}
_UNITS: Mapping[tuple[str, bool], SkyUnit] = {
    ("COUNT", False): SkyUnit.COUNT,
    ("COUNT", True): SkyUnit.COUNT_PER_S,
    ("ELECTRON", False): SkyUnit.ELECTRON,
    ("ELECTRON", True): SkyUnit.ELECTRON_PER_S,
}
_ELECTRONS = (SkyUnit.ELECTRON, SkyUnit.ELECTRON_PER_S)
_RATES = (SkyUnit.COUNT_PER_S, SkyUnit.ELECTRON_PER_S)
_BUNITS: Mapping[SkyUnit, str] = {
    SkyUnit.COUNT: "COUNTS",
    SkyUnit.COUNT_PER_S: "COUNTS/S",
    SkyUnit.ELECTRON: "ELECTRONS",
    SkyUnit.ELECTRON_PER_S: "ELECTRONS/S",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """Conversion from the unit of one exposure to that of a run.

    Parameters
    ----------
    before, unit : SkyUnit
        Unit of the file, and of the run.
    gain : float
        Electrons for one of its counts; 1 where nothing is converted to electrons.
    time_factor : float
        From a rate to a total, or back; 1 where neither is done.
    """

    before: SkyUnit
    unit: SkyUnit
    gain: float = 1.0
    time_factor: float = 1.0

    @property
    def factor(self) -> float:
        """Factor for pixels and their errors."""
        return self.gain * self.time_factor

    @property
    def bunit(self) -> str:
        """BUNIT of the run."""
        return _BUNITS[self.unit]

    @property
    def sentence(self) -> str:
        """Conversion in one sentence."""
        parts = [f"a gain of {self.gain:.6g}"] if self.gain != 1.0 else []
        if self.time_factor > 1.0:
            parts.append(f"an exposure time of {self.time_factor:.6g} s")
        elif self.time_factor < 1.0:
            parts.append(f"1/(exposure time of {1.0 / self.time_factor:.6g} s)")
        how = f" ({', '.join(parts)})" if parts else ""
        return (
            f"its pixels are in {_BUNITS[self.before]} and are multiplied by {self.factor:.6g}"
            f"{how} to be in {self.bunit} as the others; the file stays as it is."
        )


@dataclass(frozen=True, slots=True)
class CommonUnit:
    """Common unit of the exposures of one run.

    Parameters
    ----------
    by_unit : mapping of str to tuple of str
        Exposures by the unit of their file, for people.
    conversions : mapping of str to Conversion
        What is done to those that are in another one; empty when a single one cannot be
        converted, for then all stay as they are.
    obstacles : tuple of str
        Why some cannot be converted.
    """

    by_unit: Mapping[str, tuple[str, ...]]
    conversions: Mapping[str, Conversion]
    obstacles: tuple[str, ...] = ()


def unit_of(bunit: str | None) -> SkyUnit | None:
    """Unit of an image, whatever the spelling of its BUNIT (``ELECTRONS/S``, ``dn / sec``)."""
    what, _, time = (bunit or "").strip().upper().partition("/")
    counted = _COUNTED.get(what.strip().removesuffix("S"))
    if counted is None or time.strip() not in ("", "S", "SEC", "SECOND"):
        return None
    return _UNITS[counted, bool(time.strip())]


def common_unit(conditions: Mapping[str, Condition]) -> CommonUnit:
    """Choose the common unit of exposures.

    It is electrons where some are in electrons, and then what most of these are in; it does
    not depend on the order of the exposures.

    Parameters
    ----------
    conditions : mapping of str to Condition
        What the header of each says, by rootname.
    """
    spelled = {name: _spelled(one.bunit) for name, one in conditions.items()}
    by_unit = {
        unit: tuple(sorted(name for name in spelled if spelled[name] == unit))
        for unit in sorted(set(spelled.values()))
    }
    if len(by_unit) < 2:
        return CommonUnit(by_unit, {})
    target = _target([unit_of(one.bunit) for one in conditions.values()])
    found: dict[str, Conversion] = {}
    obstacles = []
    for name, condition in sorted(conditions.items()):
        before = unit_of(condition.bunit)
        if before is None or target is None:
            obstacles.append(f"{name} is in {spelled[name]}")
        elif before is not target:
            conversion = _conversion(condition, before, target)
            if isinstance(conversion, str):
                obstacles.append(f"{name} has {conversion}")
            else:
                found[name] = conversion
    return CommonUnit(by_unit, {} if obstacles else found, tuple(obstacles))


def _target(units: list[SkyUnit | None]) -> SkyUnit | None:
    known = [unit for unit in units if unit is not None]
    electrons = [unit for unit in known if unit in _ELECTRONS]
    numbers = Counter(electrons or known)
    return max(sorted(numbers), key=lambda unit: numbers[unit], default=None)


def _conversion(condition: Condition, before: SkyUnit, unit: SkyUnit) -> Conversion | str:
    """Make the conversion, or name what it lacks."""
    gain = time_factor = 1.0
    if before not in _ELECTRONS and unit in _ELECTRONS:
        if not condition.gain or not condition.gain > 0:
            return "no gain in its header (ATODGNA..D, ATODGAIN, ADCGAIN, CCDGAIN, GAIN)"
        gain = condition.gain
    if (before in _RATES) is not (unit in _RATES):
        if not condition.exptime_s or not condition.exptime_s > 0:
            return "no exposure time in its header"
        time_factor = 1.0 / condition.exptime_s if unit in _RATES else condition.exptime_s
    return Conversion(before, unit, gain, time_factor)


def _spelled(bunit: str | None) -> str:
    unit = unit_of(bunit)
    if unit is not None:
        return _BUNITS[unit].lower()
    return f"BUNIT {bunit.strip()}" if bunit and bunit.strip() else "no unit (no BUNIT)"
