"""Types of arguments of functions that programs call, checked by their annotations.

The command line has a type for each option; a program may give anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache, wraps
from inspect import BoundArguments, Parameter, get_annotations, signature
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from skydb.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")

#: Kinds of values by their annotation, and what a value of none of them is not.
_KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "bool": (bool, "True or False"),
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "date": (date, "a date (YYYY-MM-DD)"),
    "Path": ((str, Path), "a path"),
    "str": (str, "a text"),
    "TweakRegSettings": ((), "TweakRegSettings"),
    "AstroDrizzleSettings": ((), "AstroDrizzleSettings"),
}
#: Units of numbers that may come as quantities of astropy.
_UNITS = {
    **{"epoch": "yr", "radius": "arcmin", "ra": "deg", "dec": "deg", "min_mas": "mas"},
    **{"mag_min": "mag", "mag_max": "mag", "timeout_s": "s", "first_wait_s": "s"},
}


def checked_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function that checks its arguments first; see :func:`bound_arguments`."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = bound_arguments(function, args, kwargs)
        return function(*bound.args, **bound.kwargs)

    return call


def bound_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> BoundArguments:
    """Bind arguments, each as its annotation wants it: scalars of numpy and quantities as numbers.

    Annotations with anything but plain values are left to the function itself.

    Raises
    ------
    UsageError
        When an argument is of another kind than its annotation.
    TypeError
        When one is missing, or there is none of its name or place.
    """
    try:
        bound = signature(function).bind(*args, **kwargs)
    except TypeError as error:
        names = [str(one).partition(":")[0] for one in signature(function).parameters.values()]
        takes = ", ".join(name.partition("=")[0] for name in names if name != "self")
        raise TypeError(f"{function.__name__}: {error}. It takes ({takes}).") from None
    for name, given in bound.arguments.items():
        bound.arguments[name] = _checked(function, name, given)
    return bound


def _checked(method: Callable[..., Any], name: str, given: Any) -> Any:  # noqa: ANN401
    kind = signature(method).parameters[name].kind
    annotation = get_annotations(method).get(name, "")
    if kind is Parameter.VAR_POSITIONAL:
        return tuple(_value(name, one, annotation) for one in given)
    if kind is Parameter.VAR_KEYWORD:
        words = words_of(method, annotation)
        return {word: _value(word, one, words.get(word, "")) for word, one in given.items()}
    return _value(name, given, annotation)


def words_of(method: Callable[..., Any], annotation: str) -> dict[str, str]:
    """Annotations of the words that ``**chosen`` stands for."""
    kind = method.__globals__.get(annotation.removeprefix("Unpack[").removesuffix("]"))
    found = getattr(kind, "__annotations__", {})
    return {word: getattr(one, "__forward_arg__", str(one)) for word, one in found.items()}


@cache
def _tokens(annotation: str) -> tuple[str, ...]:
    """Kinds of an annotation; none where one of them is checked by the method itself."""
    tokens = tuple(token.strip() for token in annotation.split("|"))
    return tokens if all(token in _KINDS or token == "None" for token in tokens) else ()


def _value(name: str, given: Any, annotation: str) -> Any:  # noqa: ANN401 - whatever was given
    tokens = _tokens(annotation)
    if not tokens or (given is None and "None" in tokens):
        return given
    value = _in_unit(name, given) if "float" in tokens else given
    # A scalar of numpy; a moment of astropy has a shape, too.
    value = (
        value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    )
    if "str" in tokens and not {"Path", "date", "int"} & {*tokens}:
        value = str(value) if isinstance(value, (int, Path)) and value is not True else value
    if any(_is_of(value, token) for token in tokens):
        return value
    if tokens == ("bool",):
        raise UsageError(f"{name}={given!r} is neither True nor False.", advice="Give one.")
    what = " or ".join(dict.fromkeys(_named(tokens)))
    raise UsageError(f"{name}={given!r} is not {what}.", advice=f"Give {what} as {name}.")


def _named(tokens: tuple[str, ...]) -> Iterator[str]:
    """Names of kinds; a text is not worth a word where it stands for something else."""
    stands = "str" in tokens and {"Path", "date"} & {*tokens}
    return (
        _KINDS[token][1] for token in tokens if token in _KINDS and not (stands and token == "str")
    )


def _is_of(value: Any, token: str) -> bool:  # noqa: ANN401 - whatever was given
    if token.endswith("Settings"):
        return any(kind.__name__ == token for kind in type(value).__mro__)
    if token == "None" or (isinstance(value, bool) and token != "bool"):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, _KINDS[token][0]) and (token != "Path" or bool(str(value)))


def _in_unit(name: str, value: Any) -> Any:  # noqa: ANN401 - a number, or a quantity of astropy
    """A quantity as a number in the unit of its argument, a moment as a Julian year."""
    if name == "epoch" and hasattr(value, "jyear"):
        return value.jyear
    unit = _UNITS.get(name)
    if unit is None or not hasattr(value, "to_value"):
        return value
    try:
        return cast("float", value.to_value(unit))
    except ValueError as error:
        raise UsageError(
            f"{name}={value} has another unit.", advice=f"Give it in {unit}."
        ) from error
