"""drizzlepac's own description of its options, read from the installed files.

Each task has a ``.cfgspc`` file with the name, type and default of every option. The files
are found without importing drizzlepac, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from skydb.errors import NotFoundError

_PACKAGE = "drizzlepac"


class Tool(StrEnum):
    """A task of drizzlepac whose options can be given."""

    ASTRODRIZZLE = "AstroDrizzle"
    TWEAKREG = "TweakReg"


class OptionKind(StrEnum):
    """Type of an option, by the first word of its check in the specification."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    FLAGS = "flags"
    """Text that is a sum or a list of DQ flags."""
    NUMBERS = "numbers"
    """Text that is several numbers, such as ``3.5 3.0``."""
    MAPPING = "mapping"
    """A set of options of its own: ``imagefindcfg`` of TweakReg."""


@dataclass(frozen=True)
class OptionSpec:
    """One option as drizzlepac specifies it.

    Parameters
    ----------
    name : str
    kind : OptionKind
    check : str
        The whole specification, for the validator that drizzlepac uses.
    section : str
        Step of the task, empty for what concerns all steps.
    default : str
        As it is written there; empty for none.
    allows_none : bool
        Whether a number may be left open.
    choices : tuple of str
        Words that are allowed, where only some are.
    comment : str
        What it is for.
    """

    name: str
    kind: OptionKind
    check: str
    section: str = ""
    default: str = ""
    allows_none: bool = False
    choices: tuple[str, ...] = ()
    comment: str = ""


#: Kinds by the names of the checks; buttons of a window are no options.
_KINDS: Mapping[str, OptionKind] = {
    "boolean_kw": OptionKind.BOOLEAN,
    "option_kw": OptionKind.CHOICE,
    "integer_kw": OptionKind.INTEGER,
    "integer_or_none_kw": OptionKind.INTEGER,
    "float_kw": OptionKind.FLOAT,
    "float_or_none_kw": OptionKind.FLOAT,
    "string_kw": OptionKind.TEXT,
}

#: Arguments of the Python functions that no file specifies, and sets of options in one.
_OF_PYTHON: Mapping[Tool, Mapping[str, OptionKind]] = {
    Tool.ASTRODRIZZLE: {"updatewcs": OptionKind.BOOLEAN, "mdriztab": OptionKind.BOOLEAN},
    Tool.TWEAKREG: {
        "updatewcs": OptionKind.BOOLEAN,
        "imagefindcfg": OptionKind.MAPPING,
        "refimagefindcfg": OptionKind.MAPPING,
    },
}

#: Specification of a set of options.
SETS: Mapping[str, str] = {
    "imagefindcfg": "imagefindpars",
    "refimagefindcfg": "refimagefindpars",
}


def drizzlepac_directory() -> Path:
    """Find the directory of drizzlepac.

    Raises
    ------
    NotFoundError
        When it is not.
    """
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotFoundError("drizzlepac is not installed.", advice="See `skydb doctor`.")
    return Path(next(iter(found.submodule_search_locations)))


@cache
def specification(tool: Tool) -> Mapping[str, OptionSpec]:
    """Every option of a tool by its name.

    Raises
    ------
    NotFoundError
        When drizzlepac, or its specification, is not installed.
    """
    found = dict(specification_of(tool.value.lower()))
    for name, kind in _OF_PYTHON[tool].items():
        found[name] = OptionSpec(name, kind, "boolean", default="False")
    return found


@cache
def specification_of(task: str) -> Mapping[str, OptionSpec]:
    """Every option of the specification of a task, such as ``imagefindpars``."""
    from stsci.tools.configobj import ConfigObj

    path = drizzlepac_directory() / "pars" / f"{task}.cfgspc"
    if not path.is_file():
        raise NotFoundError(f"drizzlepac has no {path.name}.", advice="See `skydb doctor`.")
    read = ConfigObj(str(path), list_values=False, interpolation=False, _inspec=True)
    specs = (_spec(name, check, section) for section, name, check in _checks(read))
    return {spec.name: spec for spec in specs if spec is not None}


def _checks(read: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Section, name and check of everything in a specification, in its order."""
    for key, value in read.items():
        if isinstance(value, Mapping):
            yield from ((key.strip(), name, str(check)) for name, check in value.items())
        else:
            yield "", key, str(value)


def _spec(name: str, check: str, section: str) -> OptionSpec | None:
    from stsci.tools.vtor_checks import sigStrToKwArgsDict

    kind = _KINDS.get(check.partition("(")[0].strip())
    if kind is None or name.startswith("_"):
        return None
    arguments = sigStrToKwArgsDict(check)
    default = str(arguments.get("default") or "")
    return OptionSpec(
        name=name,
        kind=_finer(name, kind, default),
        check=check,
        section=section,
        default="" if default == "None" else default,
        allows_none="_or_none_" in check.partition("(")[0],
        choices=tuple(word.strip("\"' ") for word, value in arguments.items() if value is None),
        comment=str(arguments.get("comment") or "").strip(),
    )


def _finer(name: str, kind: OptionKind, default: str) -> OptionKind:
    """Kinds that drizzlepac has as text, though not every text will do."""
    if kind is not OptionKind.TEXT:
        return kind
    if name.endswith("bits"):
        return OptionKind.FLAGS
    return OptionKind.NUMBERS if len(default.split()) > 1 and _are_numbers(default) else kind


def _are_numbers(text: str) -> bool:
    try:
        return bool([float(word) for word in text.split()])
    except ValueError:
        return False
