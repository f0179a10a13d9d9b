"""Messages in the words of Python: options of the command line become words of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from types import ModuleType

from skydb.domain.calls import ARGUMENTS, call_of
from skydb.errors import SkydbError, disk_errors

#: What stands for an option that no argument does.
_INSTEAD = {"explain-inputs": "inputs()"}

#: Options without a value.
FLAGS = {
    *("all", "as-is", "force", "history", "into-foreign", "overwrite"),
    *("per-chip", "refresh", "relative", "write-headers"),
}

#: Commands that functions of the package do, which have no ledger yet.
_FUNCTIONS = {"skydb init": "skydb.init()", "skydb simulate DIR": "skydb.simulate('DIR')"}

#: Values of one word, one after another, as a command line has them.
_REPEATED = re.compile(r"\b(\w+)=('[^']*')(?: \1='[^']*')+")

#: Between two words of one call, whose values end so.
_BETWEEN = re.compile(r"(=(?:True|'[^']*'|\"[^\"]*\"|\[[^]]*\])) (?=\w+=)")

#: A command to type.
_COMMAND = re.compile(r"`([^`]*)`")


@contextmanager
def own_errors(*, is_for_python: bool) -> Iterator[None]:
    """Raise errors of skydb only, in the words of Python where a program is to read them.

    Parameters
    ----------
    is_for_python : bool
        Whether messages name words of a call, and not options of commands.

    Raises
    ------
    SkydbError
        When the block cannot be done; a :class:`DiskError` of the operating system's errors.
    """
    try:
        with disk_errors():
            yield
    except SkydbError as error:
        if is_for_python:
            put_into_python(error)
        raise


def put_into_python(error: SkydbError) -> None:
    """Put the message of an error into the words of Python."""
    for name in ("what", "advice", "reason"):
        said = getattr(error, name, None)
        if isinstance(said, str):
            setattr(error, name, in_python(said))
    if hasattr(error, "__notes__"):
        error.__notes__ = [in_python(note) for note in error.__notes__]
    error.args = tuple(in_python(one) if isinstance(one, str) else one for one in error.args)


def in_python(message: str) -> str:
    """A sentence with commands as calls, and options as the words of a call.

    Examples
    --------
    >>> in_python("To run nevertheless: --allow mixed-alignment.")
    "To run nevertheless: allow='mixed-alignment'."
    >>> in_python("--visit bxl50 --visit bxl51; --visit bxl52")
    "visit=['bxl50', 'bxl51']; visit='bxl52'"
    >>> in_python("Leave out --mag-min, or use --no-mosaic; see `skydb fsck --repair`.")
    'Leave out mag_min, or use mosaic=False; see `db.fsck(repair=True)`.'
    """
    # Between sentences stand the commands that are in them.
    parts = _COMMAND.split(message)
    parts[1::2] = [f"`{_call(command)}`" for command in parts[1::2]]
    parts[::2] = map(_in_words, parts[::2])
    return "".join(parts)


def _in_words(sentence: str) -> str:
    words = _REPEATED.sub(_list, _option().sub(_word, sentence))
    return words if words == sentence else _BETWEEN.sub(r"\1, ", words)


def _call(command: str) -> str:
    return call_of(command) or _FUNCTIONS.get(command, command)


def _list(found: re.Match[str]) -> str:
    values = re.findall("'[^']*'", found[0])
    return f"{found[1]}=[{', '.join(values)}]"


def _word(found: re.Match[str]) -> str:
    negated, option, value = found["negated"], found["option"], found["value"]
    word = _INSTEAD.get(option) or ARGUMENTS.get(option, option.replace("-", "_"))
    if negated or option in FLAGS:
        return f"{word}={not negated}"
    if value is None:
        return word
    if " " in value and value.isupper():
        return f"{word}=({', '.join(value.split())})"
    is_as_it_is = value.isupper() or value.startswith(("'", '"'))
    return f"{word}={value if is_as_it_is else repr(value)}"


@cache
def _option() -> re.Pattern[str]:
    """An option, with its value where that is a placeholder, a quoted text, a word or a name.

    Names are those of visits and exposures, which have letters and digits.
    """
    values = "|".join(sorted(map(re.escape, _vocabulary()), key=len, reverse=True))
    name = r"[a-z]\w*\d\w*\b"
    placeholder = r"[A-Z]{2,}(?: [A-Z]{2,})*\b"
    value = rf"{placeholder}|'[^']*'|\"[^\"]*\"|(?:{values})(?![\w-])|{name}"
    return re.compile(
        rf"(?<![\w-])--(?P<negated>no-)?(?P<option>[a-z][a-z-]*[a-z])(?: (?P<value>{value}))?"
    )


def _vocabulary() -> Iterator[str]:
    """Words of closed vocabularies, which are values of options."""
    from skydb.domain import cataloguse, grouping, guards, vocabulary

    for module in (cataloguse, grouping, guards, vocabulary):
        yield from _words_of(module)


def _words_of(module: ModuleType) -> Iterator[str]:
    for name in dir(module):
        kind = getattr(module, name)
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
            yield from (str(one) for one in kind)
