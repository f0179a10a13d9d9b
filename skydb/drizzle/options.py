"""Options of AstroDrizzle and TweakReg with the types that drizzlepac gives them.

AstroDrizzle takes whatever it is passed: the text ``False`` for a flag is true, and so is
``no``. Here every value becomes what the specification says (:mod:`.optionspec`), in the
spellings of Python and of IRAF, or is refused before anything starts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from skydb.drizzle.optionranges import allowed_text, outside, require_order
from skydb.drizzle.optionspec import (
    SETS,
    OptionKind,
    OptionSpec,
    Tool,
    specification,
    specification_of,
)
from skydb.errors import UsageError

#: Options that skydb sets itself, and those for a window or a program.
OWNED: Mapping[Tool, frozenset[str]] = {
    Tool.ASTRODRIZZLE: frozenset(
        {"input", "output", "skymethod", "runfile", "configobj", "editpars", "wcsmap"}
    ),
    Tool.TWEAKREG: frozenset(
        {
            *("files", "input", "refcat", "refxcol", "refycol", "refxyunits", "updatehdr"),
            *("wcsname", "reusename", "shiftfile", "outshifts", "outwcs", "writecat", "clean"),
            *("interactive", "runfile", "configobj", "editpars"),
        }
    ),
}

_NOTHING = frozenset({"", "none", "indef"})
_YES = frozenset({"true", "yes", "on", "y", "t", "1"})
_NO = frozenset({"false", "no", "off", "n", "f", "0"})

#: Numbers that need not be finite: what stands in pixels that nothing fell on.
_FILLINGS = ("fillval", "maskval")

#: Words of the specification that drizzlepac refuses all the same.
_REMOVED = frozenset({"tophat"})

#: Words that skydb adds: see :data:`skydb.drizzle.tweakinputs.HELD_SCALE`.
_ADDED: Mapping[str, tuple[str, ...]] = {"fitgeometry": ("rshift",)}

#: No flag is good or bad: the data quality is not looked at.
ALL_FLAGS = "None"


def typed_options(tool: Tool, options: Mapping[str, object]) -> dict[str, object]:
    """Options with their names checked and their values in the type that is specified.

    Parameters
    ----------
    tool : Tool
        Whose options they are.
    options : mapping of str to object
        Values as Python has them, or as text in the spelling of Python (``True``,
        ``None``) or of IRAF (``yes``, ``INDEF``).

    Returns
    -------
    dict of str to object
        JSON-able values; DQ flags are text, and numbers that are left open None. Options
        that look for sources are within ``imagefindcfg``.

    Raises
    ------
    UsageError
        When a name is not one of the tool's, with the nearest that are; when skydb sets
        the option itself; when a value is of another type or outside its range, with what is
        allowed.
    """
    refuse_owned(tool, options)
    known = specification(tool)
    found: dict[str, object] = {}
    for given, value in options.items():
        name = given.strip()
        spec = known.get(name)
        if spec is None and tool is Tool.TWEAKREG and name in specification_of("imagefindpars"):
            _merge_set(found, "imagefindcfg", {name: value})
        elif spec is None:
            raise _unknown(tool, name, known)
        elif spec.kind is OptionKind.MAPPING:
            _merge_set(found, name, _mapping(name, value))
        else:
            found[name] = typed(spec, value)
    for options_of_one in (found, _mapping("imagefindcfg", found.get("imagefindcfg", {}))):
        require_order(options_of_one)
    return found


def refuse_owned(tool: Tool, names: Iterable[str]) -> None:
    """Refuse options that skydb sets itself.

    Raises
    ------
    UsageError
        When there are some.
    """
    clash = sorted(OWNED[tool].intersection(name.strip() for name in names))
    if clash:
        raise UsageError(
            f"{tool} parameters that skydb sets itself: {', '.join(clash)}.",
            advice="The sky method is --method." if "skymethod" in clash else "Leave them out.",
        )


def typed(spec: OptionSpec, value: object) -> object:
    """One value in the type that is specified.

    Raises
    ------
    UsageError
        When it is of another type.
    """
    plain = _unquoted(value)
    checks = {
        OptionKind.BOOLEAN: _boolean,
        OptionKind.CHOICE: _choice,
        OptionKind.INTEGER: _number,
        OptionKind.FLOAT: _number,
        OptionKind.FLAGS: _flags,
        OptionKind.NUMBERS: _numbers,
    }
    return checks.get(spec.kind, _text)(spec, plain)


def _unquoted(value: object) -> object:
    """Text without white space and quotes around it; other values as they are."""
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, str):
        return value
    text = value.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if is_quoted else text


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def _boolean(spec: OptionSpec, value: object) -> bool:
    if isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1)):
        return bool(value)
    word = str(value).lower()
    if word not in _YES | _NO:
        raise _refusal(spec, value, "True or False (yes or no, 1 or 0)")
    return word in _YES


def _choice(spec: OptionSpec, value: object) -> str:
    allowed = [word for word in spec.choices if word not in _REMOVED]
    allowed += _ADDED.get(spec.name, ())
    if value not in allowed:
        raise _refusal(spec, value, f"one of {', '.join(allowed)}")
    return str(value)


def _number(spec: OptionSpec, value: object) -> object:
    if spec.allows_none and _is_nothing(value):
        return None
    is_integer = spec.kind is OptionKind.INTEGER
    wanted = "an integer" if is_integer else "a number"
    wanted += " or None" if spec.allows_none else ""
    if isinstance(value, bool) or value is None:
        raise _refusal(spec, value, wanted)
    try:
        number = float(str(value))
    except ValueError as error:
        raise _refusal(spec, value, wanted) from error
    if not math.isfinite(number):
        if spec.name.endswith(_FILLINGS):
            return str(number)  # JSON has no such number
        raise _refusal(spec, value, wanted)
    if is_integer and number != int(number):
        raise _refusal(spec, value, wanted)
    limits = outside(spec.name, [number])
    if limits:
        raise _refusal(spec, value, f"{wanted} {limits}")
    return int(number) if is_integer else number


def _numbers(spec: OptionSpec, value: object) -> str:
    listed = value if isinstance(value, (list, tuple)) else re.split(r"[\s,]+", str(value))
    count = len(spec.default.split())
    try:
        numbers = [float(str(word)) for word in listed]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise _refusal(spec, value, f"{count} numbers, such as '{spec.default}'")
    limits = outside(spec.name, numbers)
    if limits:
        raise _refusal(spec, value, f"{count} numbers {limits}, such as '{spec.default}'")
    return " ".join(str(word).strip() for word in listed)


def _flags(spec: OptionSpec, value: object) -> str:
    """A sum of DQ flags, as drizzlepac's ``interpret_bit_flags`` reads them."""
    if _is_nothing(value):
        # Source finding takes no flags at all for none, the steps of a mosaic all of them.
        return "" if spec.name == "dqbits" else ALL_FLAGS
    text = str(value).replace(" ", "")
    is_flipped = text.startswith("~")
    inner = text.removeprefix("~").removeprefix("(").removesuffix(")") if is_flipped else text
    try:
        parts = [int(part) for part in re.split(r"[,+]", inner)]
    except ValueError as error:
        raise _refusal(spec, value, "DQ flags, such as 64,32 or 96") from error
    if any(part < 0 for part in parts):
        raise _refusal(spec, value, "DQ flags, such as 64,32, or ~96 for all others")
    if len(parts) > 1 and any(part == 0 or part & (part - 1) for part in parts):
        raise _refusal(spec, value, "DQ flags, each a power of two, such as 64,32 or 96")
    total = sum(set(parts))
    return f"~{total}" if is_flipped else str(total)


def _text(spec: OptionSpec, value: object) -> str:
    if isinstance(value, (bool, Mapping, list, tuple)):
        raise _refusal(spec, value, "a text")
    text = "" if _is_nothing(value) else str(value)
    allowed = allowed_text(spec.name, text)
    if allowed:
        raise _refusal(spec, value, allowed)
    return text


def _merge_set(found: dict[str, object], name: str, options: Mapping[str, object]) -> None:
    """Add options to a set of options, each once."""
    known = specification_of(SETS[name])
    merged = dict(_mapping(name, found.get(name, {})))
    for key, value in options.items():
        if key not in known:
            raise _unknown(name, key, known)
        # Drizzlepac leaves widths and limits open with None; skydb fills one in by detector.
        new = typed(known[key], value)
        if key in merged and merged[key] != new:
            raise UsageError(f"{key} is given twice: {merged[key]} and {new}.")
        merged[key] = new
    found[name] = merged


def _mapping(name: str, value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise UsageError(f'{name} is a mapping, such as {{"peakmin": 2}}.') from error
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} must be a mapping, not {value!r}.")
    return value


def _refusal(spec: OptionSpec, value: object, allowed: str) -> UsageError:
    return UsageError(f"{spec.name} cannot be {value!r}.", advice=f"It is {allowed}.")


def _unknown(tool: str, name: str, known: Mapping[str, OptionSpec]) -> UsageError:
    """The refusal of a name, with those that are nearest; sections are no part of names."""
    last = re.split(r"[./:\]]", name)[-1].strip()
    if last in known:
        return UsageError(f"{tool} has no option {name}.", advice=f"Write {last}.")
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.3) or sorted(known)[:3]
    return UsageError(
        f"{tool} has no option {name}.",
        advice=f"The nearest are {', '.join(near)}; all are in docs/options.md.",
    )
