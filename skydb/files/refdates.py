"""Date of a reference file, from its name.

CDBS named its files by the clock: a letter or digit each for year, month and day, then the
time, and a letter for the instrument: ``w3m18525i`` is of 2012 March 22. Years count a to z
from 1990, then 0 to 9 from 2016, and then begin again.
"""

from __future__ import annotations

import re
from datetime import date

_NAME = re.compile(
    r"([a-z0-9])([1-9abc])([1-9a-v])[0-2]\d[0-5]\d[a-z0-9][a-z](_.*)?", re.IGNORECASE
)
_YEARS = "abcdefghijklmnopqrstuvwxyz0123456789"
_FIRST_YEAR = 1990
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def delivery_date(name: str | None, used_on: str | None = None) -> str | None:
    """ISO date in the name of a reference file, or None when it follows no such rule.

    Parameters
    ----------
    name : str or None
        ``w3m18525i_idc.fits``.
    used_on : str, optional
        ISO date on which a file that was made with it was written: of two years that one
        letter stands for, it is the last one that is not later.
    """
    match = _NAME.fullmatch(name or "")
    if match is None:
        return None
    letter, month, day = (part.lower() for part in match.groups()[:3])
    year = _FIRST_YEAR + _YEARS.index(letter)
    found = [
        one
        for cycle in (year, year + len(_YEARS))
        if (one := _date(cycle, _DIGITS.index(month), _DIGITS.index(day)))
    ]
    later = [one for one in found[1:] if used_on is not None and one <= used_on[:10]]
    return next(iter(later or found), None)


def _date(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
