"""Put changed code into functions that are there already, where a change is of functions alone."""

from __future__ import annotations

import functools
import gc
import inspect
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType

#: What makes code another one, beside its constants; where its lines stand does not.
_PARTS = (
    *("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_exceptiontable"),
)
#: Qualified name and first line, as they are without a change.
Place = tuple[str, int]


class NotInFunctionsError(Exception):
    """A change that is seen only when the module is imported anew."""


def changed_functions(old: CodeType, new: CodeType) -> dict[Place, CodeType]:
    """Code of the functions that differ between a module and a change of it.

    Raises
    ------
    NotInFunctionsError
        What differs runs while the module is imported: a constant, a default, a field.
    """
    is_function = bool(old.co_flags & inspect.CO_NEWLOCALS)
    is_alike = _own(old) == _own(new) and len(_inner(old)) == len(_inner(new))
    if not is_alike and not is_function:
        raise NotInFunctionsError
    found: dict[Place, CodeType] = {}
    for before, after in zip(_inner(old), _inner(new), strict=False):
        if before.co_name == after.co_name:
            found |= changed_functions(before, after)
    if is_function and (found or not is_alike):
        if old.co_freevars != new.co_freevars:
            raise NotInFunctionsError
        found[old.co_qualname, old.co_firstlineno] = new
    return found


def _inner(code: CodeType) -> list[CodeType]:
    return [value for value in code.co_consts if isinstance(value, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    values = (value for value in code.co_consts if not isinstance(value, CodeType))
    return (*(getattr(code, part) for part in _PARTS), [(type(one), repr(one)) for one in values])


def caches() -> list[functools._lru_cache_wrapper]:  # type: ignore[type-arg]
    """Functions of skydb that remember their answers."""
    found = (one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper))
    return [one for one in found if str(one.__module__).startswith("skydb")]


class Functions:
    """Functions and caches of what has been imported from below a directory."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
        gc.unfreeze()
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename.startswith(f"{home}/skydb"):
                code = one.__code__
                key = (code.co_filename, code.co_qualname, code.co_firstlineno)
                self._known[key].append(one)
        self._caches = caches()
        gc.freeze()

    def swaps(self, path: Path, source: str, changed: str) -> dict[FunctionType, CodeType]:
        """The functions that a change of a module is of, and their new code.

        Raises
        ------
        NotInFunctionsError
            It is of more than functions, or of one that ran while it was imported.
        """
        file = str(self._home / path)
        old, new = (compile(one, file, "exec", dont_inherit=True) for one in (source, changed))
        swaps = {}
        for (name, line), code in changed_functions(old, new).items():
            there = self._known.get((file, name, line), [])
            if not there and "<locals>" not in name:
                raise NotInFunctionsError
            swaps |= dict.fromkeys(there, code)
        return swaps

    def swap(self, swaps: Mapping[FunctionType, CodeType]) -> None:
        """Put the new code in, and forget what the old one has answered."""
        for function, code in swaps.items():
            function.__code__ = code
        for cache in self._caches:
            cache.cache_clear()
