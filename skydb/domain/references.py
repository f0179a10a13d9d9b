"""References: names of the things of the ledger, in one grammar for all commands.

========================  =================================================
``ibxl50clq``             an exposure, in any case
``ibxl50clq@2``           the second file version of an exposure
``ibxl50clq[1]@7``        the sky value of chip 1 in run 7
``ibxl50030_drz.fits``    a product by its file name; ``*`` and ``?`` match several
``ibxl50030_drz.fits@2``  its second file version
``bxl50`` or ``50``       a visit
``product:12``            a product; also ``version:``, ``run:``, ``solution:``, ``mosaic:``
``catalog:gaia``          a reference catalogue
========================  =================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from skydb.errors import UsageError

#: For messages and help.
SYNTAX = (
    "ROOTNAME, ROOTNAME@VERSION, ROOTNAME[CHIP]@RUN, FILE, FILE@VERSION, a visit (bxl50), "
    "product:N, version:N, run:N, solution:N, mosaic:N or catalog:NAME"
)

#: Most digits of a number; numbers of databases have fewer.
_DIGITS = r"[0-9]{1,40}"
_NUMBER = re.compile(_DIGITS)
_VALUE = re.compile(rf"([A-Za-z][A-Za-z0-9]{{8}})\[({_DIGITS})\]@({_DIGITS})")
#: Prefixes of the nodes of a lineage.
_VALUE_NODE = re.compile(rf"sky:({_DIGITS}):([A-Za-z][A-Za-z0-9]{{8}}):({_DIGITS})")
_EXPOSURE = re.compile(rf"([A-Za-z][A-Za-z0-9]{{8}})(?:@({_DIGITS}))?")
_VISIT = re.compile(r"([A-Za-z0-9]{3})?([A-Za-z0-9]{2})")
_FILE = re.compile(rf"([^:@/\\\s]*[.*?][^:@/\\\s]*)(?:@({_DIGITS}))?")
_NUMBERED = re.compile(rf"([a-z]+):({_DIGITS})", re.IGNORECASE)
_CATALOG = re.compile(r"catalog(?:ue)?:(\S(?:.*\S)?)", re.IGNORECASE)


class ReferenceKind(StrEnum):
    """Things that are named by a number."""

    PRODUCT = "product"
    VERSION = "version"
    RUN = "run"
    SOLUTION = "solution"
    MOSAIC = "mosaic"


@dataclass(frozen=True, slots=True)
class ExposureReference:
    """An exposure, or one file version of it.

    Parameters
    ----------
    rootname : str
        In lower case.
    version : int, optional
        Number of a file version.
    """

    rootname: str
    version: int | None = None

    def __str__(self) -> str:
        return _with_version(self.rootname, self.version)


@dataclass(frozen=True, slots=True)
class ValueReference:
    """The sky value of one chip in one run.

    Parameters
    ----------
    rootname : str
        In lower case.
    extver : int
        EXTVER of the chip.
    run : int
        Number of the sky run.
    """

    rootname: str
    extver: int
    run: int

    def __str__(self) -> str:
        return f"{self.rootname}[{self.extver}]@{self.run}"


@dataclass(frozen=True, slots=True)
class FileReference:
    """A product by the name of its file, or one file version of it.

    Parameters
    ----------
    filename : str
        As written; ``*`` stands for any characters and ``?`` for one.
    version : int, optional
        Number of a file version.
    """

    filename: str
    version: int | None = None

    def __str__(self) -> str:
        return _with_version(self.filename, self.version)

    @property
    def is_pattern(self) -> bool:
        """Whether several names can match."""
        return "*" in self.filename or "?" in self.filename


@dataclass(frozen=True, slots=True)
class VisitReference:
    """A visit.

    Parameters
    ----------
    number : str
        Two characters, in lower case.
    program : str, optional
        Three characters, in lower case; may be left out where one program has the visit.
    """

    number: str
    program: str | None = None

    def __str__(self) -> str:
        return f"{self.program or ''}{self.number}"


@dataclass(frozen=True, slots=True)
class NumberedReference:
    """A product, file version, run, solution or mosaic by its number."""

    kind: ReferenceKind
    number: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}"


@dataclass(frozen=True, slots=True)
class CatalogReference:
    """A reference catalogue by its name."""

    name: str

    def __str__(self) -> str:
        return f"catalog:{self.name}"


Reference: TypeAlias = (
    ExposureReference
    | ValueReference
    | FileReference
    | VisitReference
    | NumberedReference
    | CatalogReference
)

_WORDS: dict[type, str] = {
    ExposureReference: "an exposure",
    ValueReference: "a sky value",
    FileReference: "a file",
    VisitReference: "a visit",
    CatalogReference: "a reference catalogue",
}

_ARTICLED = {
    ReferenceKind.PRODUCT: "a product",
    ReferenceKind.VERSION: "a file version",
    ReferenceKind.RUN: "a run",
    ReferenceKind.SOLUTION: "a solution",
    ReferenceKind.MOSAIC: "a mosaic",
}

#: Commands that show the numbers of each kind.
_SHOWN_BY = {
    ReferenceKind.SOLUTION: "`skydb align history` shows the numbers of solutions",
    ReferenceKind.RUN: '`skydb sql "SELECT run_id, kind FROM v_activities"` lists the runs',
}


def parse(text: str) -> Reference:
    """Parse a reference.

    Parameters
    ----------
    text : str
        In the grammar of this module; spaces around it do not count.

    Raises
    ------
    UsageError
        When it follows none of the forms.
    """
    stripped = text.strip()
    for pattern, make in _FORMS:
        match = pattern.fullmatch(stripped)
        reference = make(*match.groups()) if match else None
        if reference is not None:
            return reference
    raise UsageError(f"{text!r} is not a reference.", advice=f"Write {SYNTAX}.")


def number_of(text: str | int, kind: ReferenceKind) -> int:
    """The number in a reference of one kind, ``12`` or ``run:12``.

    Parameters
    ----------
    text : str or int
        A number, with or without its kind.
    kind : ReferenceKind
        What is wanted.

    Raises
    ------
    UsageError
        When it is something else; the message says what.
    """
    stripped = str(text).strip()
    if _NUMBER.fullmatch(stripped):
        return int(stripped)
    try:
        reference = parse(stripped)
    except UsageError:
        what = f"is not {_ARTICLED[kind]}"
    else:
        if isinstance(reference, NumberedReference) and reference.kind is kind:
            return reference.number
        what = f"is {in_words(reference)}, not {_ARTICLED[kind]}"
    shown = f"; {_SHOWN_BY[kind]}" if kind in _SHOWN_BY else ""
    raise UsageError(f"{stripped!r} {what}.", advice=f"Write 12 or {kind}:12{shown}.")


def exposure_version(text: str) -> tuple[str, int]:
    """Rootname and number of a file version of an exposure, ``ibxl50clq@2``.

    Raises
    ------
    UsageError
        When it is something else.
    """
    match parse(text):
        case ExposureReference(rootname=rootname, version=int(number)):
            return rootname, number
        case other:
            raise UsageError(
                f"{text!r} is {in_words(other)} and not one file version of an exposure.",
                advice="Write ROOTNAME@VERSION, e.g. ibxl50clq@2.",
            )


def exposure_versions(texts: Iterable[str]) -> dict[str, int]:
    """Numbers of the file versions that are named, by rootname.

    Raises
    ------
    UsageError
        When one is something else, or two are versions of one exposure.
    """
    numbers: dict[str, int] = {}
    for rootname, number in map(exposure_version, texts):
        if numbers.setdefault(rootname, number) != number:
            raise UsageError(
                f"{rootname}@{numbers[rootname]} and {rootname}@{number} are two versions of one "
                "exposure.",
                advice="A run uses one of each exposure: name one.",
            )
    return numbers


def is_subject(reference: Reference) -> bool:
    """Whether a reference can be the subject of notes and flags."""
    match reference:
        case NumberedReference(kind=kind):
            return kind in (ReferenceKind.PRODUCT, ReferenceKind.RUN, ReferenceKind.SOLUTION)
        case ExposureReference(version=None) | FileReference(version=None) | VisitReference():
            return True
        case _:
            return False


def in_words(reference: Reference) -> str:
    """The kind of thing that a reference names, with its article."""
    if isinstance(reference, NumberedReference):
        return _ARTICLED[reference.kind]
    if getattr(reference, "version", None) is not None:
        return "a file version"
    return _WORDS[type(reference)]


def _with_version(name: str, version: int | None) -> str:
    return name if version is None else f"{name}@{version}"


def _value(rootname: str, extver: str, run: str) -> ValueReference:
    return ValueReference(rootname.lower(), int(extver), int(run))


def _value_node(run: str, rootname: str, extver: str) -> ValueReference:
    return _value(rootname, extver, run)


def _exposure(rootname: str, version: str | None) -> ExposureReference:
    return ExposureReference(rootname.lower(), None if version is None else int(version))


def _file(filename: str, version: str | None) -> FileReference:
    return FileReference(filename, None if version is None else int(version))


def _visit(program: str | None, number: str) -> VisitReference:
    return VisitReference(number.lower(), program.lower() if program else None)


def _numbered(word: str, number: str) -> NumberedReference | None:
    # Lineages name the node of a run `activity:`.
    kind = "run" if word.lower() == "activity" else word.lower()
    return NumberedReference(ReferenceKind(kind), int(number)) if kind in _KINDS else None


_KINDS = {kind.value for kind in ReferenceKind}

_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Reference | None]], ...] = (
    (_VALUE, _value),
    (_VALUE_NODE, _value_node),
    (_NUMBERED, _numbered),
    (_CATALOG, CatalogReference),
    (_EXPOSURE, _exposure),
    (_VISIT, _visit),
    (_FILE, _file),
)
