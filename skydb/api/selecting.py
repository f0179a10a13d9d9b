"""Words by which exposures and their files are selected, alike in every method and command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from skydb.api.checking import text, texts
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.domain.guards import GuardPolicy
    from skydb.domain.vocabulary import Flavour
    from skydb.services.intake import Selection
    from skydb.store.scope import Scope

Word = TypeVar("Word", bound=StrEnum)
#: One name or several.
Names = str | Sequence[str] | None


class Selecting(TypedDict, total=False):
    """Exposures, and which of their files; what is left out does not restrict.

    Names match in any case, with wildcards (``bxl5*``); a visit is ``bxl50``, or ``50`` where
    that is unambiguous.
    """

    visit: Names
    target: str | None
    filter: str | None
    detector: str | None
    proposal: int | str | None
    exposure: Names
    exclude: Names
    flavour: str | None
    as_of: str | date | None


class ChoosingFiles(Selecting, total=False):
    """Exposures, and which version or file of them a run takes.

    ``version`` has references such as ``ibxl50clq@2``, ``file`` the names of files.
    """

    version: Names
    file: Names


class Guarding(ChoosingFiles, total=False):
    """Exposures of a run, and what is said of the guards of its inputs.

    ``strict`` refuses whatever a guard would flag; ``allow`` names guards to leave out.
    """

    strict: bool
    allow: Names


def scope_of(words: Mapping[str, Any]) -> Scope:
    """Exposures that words select.

    Raises
    ------
    UsageError
        When a flavour or a date cannot be understood.
    """
    from skydb.store.scope import Scope

    return Scope(**_fields(words))


def selection_of(words: Mapping[str, Any]) -> Selection:
    """Exposures of a run, and which versions and files of them.

    Raises
    ------
    UsageError
        When a flavour, a version or a date cannot be understood, or two versions are of one
        exposure.
    """
    from skydb.domain.references import exposure_versions
    from skydb.services.intake import Selection

    versions = exposure_versions(texts(words.get("version"), "version"))
    return Selection(**_fields(words), versions=versions, files=texts(words.get("file"), "file"))


def policy_of(words: Mapping[str, Any]) -> GuardPolicy:
    """Return the policy of the guards of inputs.

    Raises
    ------
    UsageError
        When there is no such guard.
    """
    from skydb.domain.guards import GuardPolicy

    allow = texts(words.get("allow"), "allow")
    return GuardPolicy.of(strict=words.get("strict", False), allow=allow)


def several(names: Names) -> tuple[str, ...]:
    """One name, several or none as a tuple."""
    return () if names == () else texts(names, "names")


def member(vocabulary: type[Word], word: str | None, what: str) -> Word | None:
    """Member of a vocabulary by its value; None for None.

    Raises
    ------
    UsageError
        When there is none; the message has those that there are.
    """
    return None if word is None else require_member(vocabulary, word, what)


def require_member(vocabulary: type[Word], word: str, what: str) -> Word:
    """Member of a vocabulary by its value, in any case.

    Raises
    ------
    UsageError
        When there is none; the message has those that there are.
    """
    try:
        return vocabulary(str(word).strip().lower())
    except ValueError as error:
        known = ", ".join(vocabulary)
        raise UsageError(f"Unknown {what} {word!r}.", advice=f"Use one of {known}.") from error


def day_of(day: str | date | None) -> date | None:
    """Date of a text.

    Raises
    ------
    UsageError
        When it is not YYYY-MM-DD.
    """
    if day is None or isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except (TypeError, ValueError) as error:
        raise UsageError(f"Invalid date {day!r}.", advice="Use YYYY-MM-DD.") from error


def _fields(words: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rootnames": _lowered(words.get("exposure"), "exposure"),
        "visits": texts(words.get("visit"), "visit"),
        "proposal_id": _proposal(words.get("proposal")),
        **{name: _one(words.get(name), name) for name in ("filter", "detector", "target")},
        "exclude": _lowered(words.get("exclude"), "exclude"),
        "flavour": _flavour(words.get("flavour")),
        "as_of": day_of(words.get("as_of")),
    }


def _lowered(names: Names, what: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in texts(names, what))


def _one(name: str | None, what: str) -> str | None:
    return None if name is None else text(name, what)


def _proposal(number: int | str | None) -> int | str | None:
    """Number of a proposal, or a pattern of several."""
    if number is None:
        return None
    typed = text(number, "proposal").strip()
    return int(typed) if typed.isdecimal() else typed


def _flavour(word: str | None) -> Flavour | None:
    from skydb.domain.vocabulary import Flavour

    return member(Flavour, word, "flavour")
