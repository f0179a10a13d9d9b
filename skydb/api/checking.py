"""Checks of values as programs give them, before a database is opened.

The command line has a type for each option; a program may give anything. What cannot be meant
is a :class:`~skydb.errors.UsageError` that names the argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from skydb.errors import UsageError

#: Ends of names that files of pictures have.
_PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg", ".gif")


def text(value: Any, what: str) -> str:  # noqa: ANN401 - whatever was given
    """Return a text; whole numbers become one.

    Raises
    ------
    UsageError
        When it is neither.

    Examples
    --------
    >>> text(50, "visit")
    '50'
    """
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise UsageError(f"{what}={value!r} is not a text.", advice=f"Give one {what}.")
    return str(value)


def texts(values: Any, what: str) -> tuple[str, ...]:  # noqa: ANN401 - whatever was given
    """Return one name or several as a tuple; None is none.

    Raises
    ------
    UsageError
        When one is not a text, or a list is empty: that would mean everything.

    Examples
    --------
    >>> texts("bxl50", "visit"), texts(["bxl50", 51], "visit"), texts(None, "visit")
    (('bxl50',), ('bxl50', '51'), ())
    """
    if values is None:
        return ()
    if isinstance(values, (str, int, Path)):
        return (text(values, what),)
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise UsageError(f"{what}={values!r} is not a name.", advice="Give a text, or several.")
    names = tuple(text(value, what) for value in values)
    if not names:
        raise UsageError(
            f"The list of {what} is empty.", advice="Leave it out (or None) to mean all of them."
        )
    return names


def require_any(what: str, given: Sequence[object]) -> None:
    """Check that at least one of what a method works on was given.

    Raises
    ------
    UsageError
        When nothing was.

    Examples
    --------
    >>> require_any("sky run", [6])
    """
    if not given:
        raise UsageError(f"No {what} was named.", advice="Give one or more.")


def counts(*, least: int = 1, **values: Any) -> None:  # noqa: ANN401 - whatever was given
    """Check that values are whole numbers, and not below the least.

    Raises
    ------
    UsageError
        When one is not.

    Examples
    --------
    >>> counts(jobs=2)
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(
                f"{name}={value!r} is not a number of {least} or more.",
                advice=f"Give {least}, {least + 1} ...",
            )


def options(given: Any) -> dict[str, object]:  # noqa: ANN401 - whatever was given
    """Return options by name; None is none.

    Raises
    ------
    UsageError
        When they are not a mapping of names to values.

    Examples
    --------
    >>> options({"final_scale": 0.06})
    {'final_scale': 0.06}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(
            f"options={given!r} are not options by name.", advice='Write {"skywidth": 0.1}.'
        )
    return dict(given)


def path(value: Any, what: str = "path") -> Path:  # noqa: ANN401 - whatever was given
    """Return a path.

    Raises
    ------
    UsageError
        When it is not a text or a path, or empty.

    Examples
    --------
    >>> path("field").name
    'field'
    """
    if not isinstance(value, (str, Path)) or not str(value):
        raise UsageError(f"{what}={value!r} is not a path.", advice="Give the name of a file.")
    return Path(value)


def directory(value: Any) -> Path:  # noqa: ANN401 - whatever was given
    """Return a directory for pictures.

    Raises
    ------
    UsageError
        When it is no path or a file, or has the name of a picture and is not there: a mistake.

    Examples
    --------
    >>> directory("figures").name
    'figures'
    """
    out = path(value, "out")
    if out.suffix.lower() in _PICTURES and not out.is_dir():
        advice = f"Give a directory for them, such as {out.with_suffix('')}/."
        raise UsageError(f"{out.name} is the name of one picture.", advice=advice)
    if out.is_file():
        raise UsageError(f"{out} is a file.", advice="Give a directory for the pictures.")
    return out


def day(value: Any, what: str) -> str:  # noqa: ANN401 - whatever was given
    """Return a date as text, YYYY-MM-DD.

    Raises
    ------
    UsageError
        When it is neither a text nor a date.

    Examples
    --------
    >>> day(date(2024, 5, 1), "began")
    '2024-05-01'
    """
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise UsageError(f"{what}={value!r} is not a date.", advice="Use YYYY-MM-DD.")
    return value
