"""The border between programs and methods of a ledger: types of arguments, words of messages.

Messages of the command line name options; those of a program have the words of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import isfunction
from typing import Any, ParamSpec, TypeVar, cast

from skydb.api.results import Result, put_into_python
from skydb.api.words import require_words
from skydb.domain import spelling
from skydb.domain.arguments import bound_arguments
from skydb.domain.spelling import own_errors
from skydb.errors import SkydbError

P = ParamSpec("P")
T = TypeVar("T")


def guard_methods(owner: type) -> None:
    """Guard the public methods that a class defines itself."""
    for name, method in list(vars(owner).items()):
        if isfunction(method) and (not name.startswith("_") or name == "__call__"):
            setattr(owner, name, guarded(method))


def guarded(method: Callable[P, T]) -> Callable[P, T]:
    """Check arguments of a method by their annotations, and put messages into Python's words.

    Raises
    ------
    UsageError
        When an argument is of another kind than its annotation.
    """

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        owner = args[0] if args else None
        ledger = getattr(owner, "_ledger", owner)
        is_for_python = bool(getattr(ledger, "is_for_python", False))
        with own_errors(is_for_python=is_for_python):
            require_words(method, kwargs)
            bound = bound_arguments(method, args, kwargs)
            found = method(*bound.args, **bound.kwargs)
        if is_for_python and isinstance(found, Result):
            put_into_python(found)
        if is_for_python and isinstance(found, AbstractContextManager):
            return cast("T", _Block(found))
        return found

    return call


class _Block(AbstractContextManager[Any]):
    """A block of a program whose errors of skydb have the words of Python; others are its own."""

    def __init__(self, block: AbstractContextManager[Any]) -> None:
        self._block = block

    def __enter__(self) -> Any:  # noqa: ANN401 - whatever the block gives
        with own_errors(is_for_python=True):
            return self._block.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool | None:  # noqa: ANN401
        if isinstance(error, SkydbError):
            spelling.put_into_python(error)
        return self._block.__exit__(kind, error, trace)
