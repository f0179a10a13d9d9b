"""Sky methods by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from skydb.api.checking import texts
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.api.selecting import Names


def methods_to_run(text: str | Iterable[str]) -> list[SkyMethod]:
    """Sky methods of a name, of several, or of a list as one text.

    Raises
    ------
    UsageError
        When one is not computed by skydb or AstroDrizzle.
    """
    names = _names(text)
    if not names:
        raise UsageError(
            "No sky method is given.", advice=f"Methods: {', '.join(COMPUTED_METHODS)}, all."
        )
    if names == ["all"]:
        return list(COMPUTED_METHODS)
    known = ", ".join(COMPUTED_METHODS)
    methods = [_method(name, COMPUTED_METHODS) for name in names]
    foreign = [method.value for method in methods if not method.is_computed]
    if foreign:
        raise UsageError(
            f"No method computes {', '.join(foreign)}.",
            advice=f"Methods: {known}, all. Skies are given by -o skysub, skyuser or skyfile.",
        )
    return methods


def method_to_drizzle(text: str) -> SkyMethod:
    """Return the one sky method of a product.

    Raises
    ------
    UsageError
        When there is no such method, or there are several.
    """
    methods = methods_to_run(text)
    if len(methods) != 1:
        raise UsageError("A product has one sky.", advice="Name one method.")
    return methods[0]


def methods_to_show(names: Names) -> tuple[SkyMethod, ...] | None:
    """Sky methods by name, each once; None for all of them.

    Raises
    ------
    UsageError
        When there is no such method.
    """
    wanted = _names(names or ())
    if "all" in wanted:
        return None
    return tuple(dict.fromkeys(_method(name, SkyMethod) for name in wanted))


def _method(name: str, known: Iterable[SkyMethod]) -> SkyMethod:
    """Return the method of a name."""
    try:
        return SkyMethod(name)
    except ValueError as error:
        raise UsageError(
            f"Unknown sky method {name!r}.", advice=f"Methods: {', '.join(known)}, all."
        ) from error


def _names(text: str | Iterable[str]) -> list[str]:
    several = () if text == () else texts(text, "method")
    return [name.strip().lower() for one in several for name in one.split(",")]
