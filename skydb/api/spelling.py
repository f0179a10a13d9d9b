"""Messages in the words of Python: options of the command line become words of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from types import ModuleType

from skydb.errors import SkydbError

#: Options whose word in Python is another one; both of a negation are below.
_WORDS = {
    "all": "everything",
    "force-why": "force_why",
    "from": "path",
    "timeout": "timeout_s",
    "explain-inputs": "inputs()",
    "o": "options",
}

#: A command to type stays as it is.
_COMMAND = re.compile(r"(`[^`]*`)")


def for_python(error: SkydbError) -> None:
    """Put the message of an error into the words of Python."""
    for name in ("what", "advice", "reason"):
        said = getattr(error, name, None)
        if isinstance(said, str):
            setattr(error, name, in_python(said))
    error.args = tuple(in_python(one) if isinstance(one, str) else one for one in error.args)


def in_python(message: str) -> str:
    """A sentence with options as the words of a call.

    Examples
    --------
    >>> in_python("To run nevertheless: --allow mixed-alignment.")
    "To run nevertheless: allow='mixed-alignment'."
    >>> in_python("Leave out --mag-min, or use --no-mosaic; see `skydb fetch --refresh`.")
    'Leave out mag_min, or use mosaic=False; see `skydb fetch --refresh`.'
    """
    parts = _COMMAND.split(message)
    return "".join(part if part.startswith("`") else _option().sub(_word, part) for part in parts)


def _word(found: re.Match[str]) -> str:
    negated, option, value = found["negated"], found["option"], found["value"]
    word = _WORDS.get(option, option.replace("-", "_"))
    if negated:
        return f"{word}=False"
    if value is None:
        return word
    is_as_it_is = value.isupper() or value.startswith(("'", '"'))
    return f"{word}={value if is_as_it_is else repr(value)}"


@cache
def _option() -> re.Pattern[str]:
    """An option, with its value where that is a placeholder, a quoted text or a known word."""
    values = "|".join(sorted(map(re.escape, _vocabulary()), key=len, reverse=True))
    value = rf"[A-Z]{{2,}}\b|'[^']*'|\"[^\"]*\"|(?:{values})(?![\w-])"
    return re.compile(
        rf"(?<![\w-])--(?P<negated>no-)?(?P<option>[a-z][a-z-]*[a-z])(?: (?P<value>{value}))?"
    )


def _vocabulary() -> Iterator[str]:
    """Words of closed vocabularies, which are values of options."""
    from skydb.domain import grouping, guards, vocabulary
    from skydb.services import intake

    for module in (grouping, guards, vocabulary, intake):
        yield from _words_of(module)


def _words_of(module: ModuleType) -> Iterator[str]:
    for name in dir(module):
        kind = getattr(module, name)
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum:
            yield from (str(one) for one in kind)
