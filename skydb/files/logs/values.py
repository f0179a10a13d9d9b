"""Values that drizzlepac prints: numbers and times."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
#: drizzlepac cuts the fraction out of a text, which for microseconds is ``4.5e-05``.
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d*)(e?))?\.?")
_DECIMALS = 3
_CAPITALS = re.compile(r"[A-Z0-9]{9}_[A-Z0-9]{3}\.FITS")
_ON, _OFF = ("true", "yes", "1"), ("false", "no", "0", "none", "")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def number_in(text: str) -> float:
    """A finite number, printed with digits.

    Raises
    ------
    ValueError
        When it is none, such as ``nan`` or ``****``.
    """
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def moment(clock: str | None, day: str | None) -> datetime | None:
    """Time of a line such as ``14:15:16.999 (30/04/2019)``; None when it is no time."""
    time, date = _CLOCK.fullmatch(clock or ""), _DAY.fullmatch(day or "")
    if time is None or date is None:
        return None
    hour, minute, second, fraction, exponent = time.groups("")
    microseconds = 0 if exponent else int(fraction[:6].ljust(6, "0"))
    this_day, month, year = map(int, date.groups())
    try:
        return datetime(year, month, this_day, int(hour), int(minute), int(second), microseconds)
    except ValueError:
        return None


def latest_moment(clock: str, day: str) -> datetime | None:
    """Latest time that a printed one may stand for.

    drizzlepac cuts the last three characters from the microseconds, whose zeros at the end are
    left out before: a tenth of all times have less than three digits, and 9.37 may be 9.379.
    """
    when, found = moment(clock, day), _CLOCK.fullmatch(clock)
    if when is None or found is None:
        return None
    digits = _DECIMALS if found[5] else len((found[4] or "")[:_DECIMALS])
    return when + timedelta(microseconds=10 ** (6 - digits) - 1)


def base_name(path: str) -> str:
    """File name at the end of a path."""
    name = _of_windows(path) if "\\" in path else path.rstrip("/").rpartition("/")[2]
    # The pipeline gives names in small letters, and file systems that ignore case change them.
    return name.lower() if _CAPITALS.fullmatch(name) else name


def _of_windows(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def half_digit(printed: str) -> float:
    """Half of the last digit that was printed, which is how exact a printed number is."""
    mantissa, _, power = printed.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (int(power or 0) - decimals))


def switch_in(printed: str) -> bool | None:
    """Whether a printed parameter is on, in any spelling of it; None when it is neither."""
    word = printed.strip().lower()
    return True if word in _ON else False if word in _OFF else None
