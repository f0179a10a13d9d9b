"""Commands as calls of the methods that do the same: ``skydb runs show 3``, ``db.runs.show(3)``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from inspect import Parameter, isclass, isfunction, signature, unwrap
from typing import Any, TypeVar

from skydb.domain.arguments import words_of

L = TypeVar("L")

#: Arguments of methods whose option has another name.
ARGUMENTS = {
    "all": "everything",
    "force-why": "force_why",
    "from": "path",
    "timeout": "timeout_s",
}
#: Groups and methods whose command has another name.
_METHODS = {"db": "database", "import": "import_"}

#: Class of the ledger, once that is loaded.
_ROOT: list[type] = []


def answering_commands(ledger: type[L]) -> type[L]:
    """Enter the class whose methods, and those of its groups, do what commands do."""
    _ROOT.append(ledger)
    return ledger


def call_of(command: str) -> str | None:
    """A command line as a call of a method of a ledger; None where no method does the same.

    Arguments that the command leaves out, and the method needs, are named.

    Examples
    --------
    >>> call_of("skydb fsck --repair --gone HOST")
    'db.fsck(repair=True, gone=HOST)'
    >>> call_of("skydb runs unpin 12"), call_of("skydb init")
    ('db.runs.unpin(12, why)', None)
    """
    words = _words(command)
    found = _method(words[1:]) if words[:1] == ["skydb"] else None
    if found is None:
        return None
    name, method, rest = found
    arguments = _arguments(method, rest)
    return None if arguments is None else f"db.{name}({', '.join(arguments)})"


def _words(command: str) -> list[str]:
    """Words of a command line; none where it has a quotation mark too many."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _method(words: Sequence[str]) -> tuple[str, Callable[..., Any], Sequence[str]] | None:
    """Name of a method with its groups, the method, and the words that follow the command."""
    owner = _ROOT[-1] if _ROOT else object
    names: list[str] = []
    found: object = None
    rest = words
    for place, word in enumerate(words):
        name = _METHODS.get(word, word).replace("-", "_")
        found = getattr(owner, name, None)
        group = _group(found)
        if group is None:
            rest = words[place + isfunction(found) :]
            names += [name] if isfunction(found) else []
            break
        owner, rest = group, words[place + 1 :]
        names.append(name)
    method = found if isfunction(found) else vars(owner).get("__call__")
    return (".".join(names), unwrap(method), rest) if names and isfunction(method) else None


def _group(found: object) -> type | None:
    """Class of the group that a property of a ledger, or of another group, gives."""
    made_by = getattr(found, "func", None) or getattr(found, "fget", None)
    if not isinstance(found, (cached_property, property)) or made_by is None:
        return None
    # A module may import a group when it is asked for.
    kind = getattr(sys.modules[made_by.__module__], made_by.__annotations__["return"], None)
    return kind if isclass(kind) else None


def _arguments(method: Callable[..., Any], words: Sequence[str]) -> list[str] | None:
    """Arguments as a call has them; None where the method has no such one."""
    takes = dict(signature(method).parameters)
    takes.pop("self")
    options = {name for name, one in takes.items() if one.kind is not Parameter.VAR_KEYWORD}
    for one in takes.values():
        options |= {*words_of(method, str(one.annotation))}
    given, named = [], []
    for option, values in _by_option(words):
        if option is None:
            given += [_written(value) for value in values]
            continue
        name = ARGUMENTS.get(option, option.replace("-", "_"))
        if name not in options:
            return None
        named.append(f"{name}={', '.join(map(_written, values)) or True}")
    needed = [name for name, one in takes.items() if _is_needed(one)]
    lacking = [name for name in needed[len(given) :] if f"{name}=" not in "".join(named)]
    return [*given, *lacking, *named]


def _is_needed(parameter: Parameter) -> bool:
    return (
        parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and parameter.default is Parameter.empty
    )


def _by_option(words: Sequence[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Words by the option before them; None for those that none is before."""
    option: str | None = None
    values: list[str] = []
    for word in words:
        if word.startswith("--"):
            yield option, values
            option, values = word.removeprefix("--"), []
        else:
            values.append(word)
    yield option, values


def _written(value: str) -> str:
    """A value as Python has it: placeholders, which are in capitals, and numbers stay."""
    return value if value.isupper() or value.isdecimal() else repr(value)
