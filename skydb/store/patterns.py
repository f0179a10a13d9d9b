"""Name patterns in selections: in any case, with ``*`` for any characters and ``?`` for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select

from skydb import domain
from skydb.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_WILD = {re.escape("*"): ".*", re.escape("?"): "."}
#: Largest INTEGER of a database.
_LARGEST = 2**31 - 1
_LIKE = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"}


def lowered(names: Iterable[str]) -> list[str]:
    """Rootnames as the ledger has them."""
    return [name.strip().lower() for name in names]


def is_pattern(name: str) -> bool:
    """Whether a name has a wildcard."""
    return "*" in name or "?" in name


def named(column: Any, names: Iterable[str]) -> ColumnElement[bool]:  # noqa: ANN401
    """The condition that a column of lower-case names has one of some, or fits one.

    Parameters
    ----------
    column : mapped column or SQL expression
    names : iterable of str
        In any case, with wildcards or without.
    """
    wanted = lowered(names)
    exact = [name for name in wanted if not is_pattern(name)]
    like = [column.like(_as_like(name), escape="\\") for name in wanted if is_pattern(name)]
    return or_(*([column.in_(exact)] if exact or not like else []), *like)


def unmatched(names: Iterable[str], found: Collection[str]) -> list[str]:
    """List names, in lower case, that are not found, and wildcards that fit nothing."""
    there = set(found)
    return [
        name
        for name in lowered(names)
        if not (any(map(_expression(name).fullmatch, there)) if is_pattern(name) else name in there)
    ]


def visits_named(session: Session, pattern: str) -> list[domain.Visit]:
    """Visits whose label or number fits a pattern, such as ``bxl*`` or ``5?``."""
    text = _as_like(pattern.strip().lower())
    visit = domain.Visit
    number, label = func.lower(visit.number), func.lower(visit.program + visit.number)
    fits = or_(*(one.like(text, escape="\\") for one in (number, label)))
    return list(session.scalars(select(visit).where(fits).order_by(visit.program, visit.number)))


def proposals_named(session: Session, name: int | str) -> list[int]:
    """Expand proposal numbers; one that is written out need not exist.

    Raises
    ------
    UsageError
        When it is neither a number nor one with wildcards.
    """
    text = str(name).strip()
    if text.isdecimal():
        return [int(text)] if int(text) <= _LARGEST else []
    if not re.fullmatch(r"[0-9*?]+", text):
        raise UsageError(f"Invalid proposal {name!r}.", advice="Write 12812, or 128* for several.")
    known = session.scalars(select(domain.Visit.proposal_id).distinct())
    return sorted(one for one in known if one is not None and _expression(text).fullmatch(str(one)))


def matching(session: Session, column: Any, pattern: str) -> list[str]:  # noqa: ANN401
    """Values of a column that fit a pattern; none when there are none.

    Parameters
    ----------
    session : Session
    column : mapped column
        Of texts; several filters in the beam are joined by semicolons.
    pattern : str
        In any case. The value itself comes first, then one that has it as a part, then the
        wildcards ``*`` and ``?``.
    """
    known = _values_of(session, column)
    wanted = pattern.strip().casefold()
    wild = _expression(wanted)
    ways: Sequence[Callable[[str], bool]] = (
        lambda value: value == wanted,
        lambda value: wanted in value.split(";"),
        lambda value: wild.fullmatch(value) is not None,
    )
    for matches in ways:
        found = [value for value in known if matches(value.strip().casefold())]
        if found:
            return found
    return []


def _expression(pattern: str) -> re.Pattern[str]:
    parts = map(re.escape, pattern)
    return re.compile("".join(_WILD.get(part, part) for part in parts), re.DOTALL)


def _as_like(pattern: str) -> str:
    return "".join(_LIKE.get(letter, letter) for letter in pattern)


def _values_of(session: Session, column: Any) -> list[str]:  # noqa: ANN401 - a mapped column
    """The distinct values of a column, sorted."""
    found = select(column).where(column.is_not(None)).distinct().order_by(column)
    return [str(value) for value in session.scalars(found)]
