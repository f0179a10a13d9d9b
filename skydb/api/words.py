"""Words that a method does not take, and those that may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

from skydb.domain.arguments import words_of
from skydb.errors import UsageError


def require_words(method: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Check the words that are given to a method that takes ``**chosen`` or the like.

    Raises
    ------
    UsageError
        When it does not take one; the message has the nearest, and options of drizzlepac as
        they are given to methods with ``options``.
    """
    parameters = signature(method).parameters.values()
    rest = [one for one in parameters if one.kind is Parameter.VAR_KEYWORD]
    if not rest:
        return
    known = {one.name for one in parameters if one.kind is not Parameter.VAR_POSITIONAL}
    known = known - {"self", rest[0].name} | {*words_of(method, str(rest[0].annotation))}
    for name, value in given.items():
        if name not in known:
            near = list(_near(name, value, known))
            advice = f"Is it {' or '.join(near or sorted(known))}?"
            raise UsageError(f"There is no option {name!r} here.", advice=advice)


def _near(name: str, value: object, known: Collection[str]) -> Iterator[str]:
    options = _tool_options() if "options" in known else frozenset()
    found = [name] if name in options else get_close_matches(name, {*known, *options})
    for one in sorted(found, key=lambda word: word not in known):
        yield one if one in known else f"options={{{one!r}: {value!r}}}"


def _tool_options() -> frozenset[str]:
    from skydb.drizzle.optionspec import Tool, specification

    return frozenset(name for tool in Tool for name in specification(tool))
