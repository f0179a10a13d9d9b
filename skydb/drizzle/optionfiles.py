"""Files that options name: found from the user's directory, hashed, copied to the tool.

A tool runs in a scratch directory, where a relative name does not work, and a name does not
identify a file. So every file is resolved and hashed when it is named, lists with
the files that they list, and copied beside the inputs when the tool runs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from skydb.drizzle.optionspec import Tool
from skydb.errors import (
    FileRejectedError,
    NotFoundError,
    ParseError,
    UnreadableFileError,
    UsageError,
)
from skydb.files.checksum import sha256_of


class FileRole(StrEnum):
    """Role of a file for the option that names it."""

    WHOLE = "whole"
    """Read as it is; an image may have an extension: ``ref.fits[1]``."""
    MARKED = "marked"
    """Only a value that begins with ``@`` is a file."""
    LIST = "list"
    """Lines of an image and files that belong to it."""


#: Options that name files which are read. Files that are written stay in the scratch directory.
FILE_OPTIONS: Mapping[Tool, Mapping[str, FileRole]] = MappingProxyType(
    {
        Tool.ASTRODRIZZLE: {
            "final_refimage": FileRole.WHOLE,
            "driz_sep_refimage": FileRole.WHOLE,
            "rules_file": FileRole.WHOLE,
            "skyfile": FileRole.WHOLE,
            "skyuser": FileRole.MARKED,
            "skymask_cat": FileRole.LIST,
        },
        Tool.TWEAKREG: {
            "refimage": FileRole.WHOLE,
            "history": FileRole.WHOLE,
            "exclusions": FileRole.LIST,
            "catfile": FileRole.LIST,
        },
    }
)

#: Key under which recorded parameters keep the facts of their files.
RECORD = "option_files"

_EXTENSION = re.compile(r"(?P<path>.+?)(?P<extension>[\[{].*[\]}])?$", re.DOTALL)
_SEPARATORS = re.compile(r"[\s,]+")
#: Lists whose files are looked for beside the list, not in the current directory.
_BESIDE_THE_LIST = frozenset({"exclusions"})


@dataclass(frozen=True)
class OptionFile:
    """One file that an option names, or that a list names which an option names.

    Parameters
    ----------
    option : str
        The option.
    path : Path
        Where it is.
    sha256 : str
        Checksum when it was named.
    token : str
        How a list names it; empty for the file of the option itself.
    """

    option: str
    path: Path
    sha256: str
    token: str = ""

    def as_record(self) -> dict[str, str]:
        """Give a JSON document with path, name and checksum."""
        return {**self.as_content(), "path": str(self.path)}

    def as_content(self) -> dict[str, str]:
        """Name for the tool, and checksum: the parts that change a result."""
        return {"name": self.token or self.path.name, "sha256": self.sha256}

    @classmethod
    def recalled(cls, option: str, record: Mapping[str, str], *, is_member: bool) -> Self:
        """The file of which :meth:`as_record` gave this."""
        token = record["name"] if is_member else ""
        return cls(option, Path(record["path"]), record["sha256"], token)


Files = tuple[OptionFile, ...]


def resolve_files(
    tool: Tool, options: Mapping[str, object], known: Files = ()
) -> tuple[dict[str, object], Files]:
    """Find the files that options name.

    Parameters
    ----------
    tool : Tool
    options : mapping
        With paths as the user wrote them.
    known : tuple of OptionFile
        Files that were resolved before, whose options have plain names already.

    Returns
    -------
    options : dict
        With the plain names of the files.
    files : tuple of OptionFile

    Raises
    ------
    NotFoundError
        When a file is not there.
    UsageError
        When the file is missing, or its contents or extension are of no use to the option.
    """
    plain, found = dict(options), list[OptionFile]()
    for option, role in FILE_OPTIONS[tool].items():
        value = options.get(option)
        if not isinstance(value, str) or not value:
            continue
        if role is FileRole.MARKED and not value.startswith("@"):
            continue
        name, extension = _split(value.removeprefix("@"))
        held = [one for one in known if one.option == option]
        if not held or held[0].path.name != name:
            held = list(_resolved(option, role, name, extension, Path.cwd().resolve()))
        mark = "@" if role is FileRole.MARKED else ""
        plain[option] = f"{mark}{held[0].path.name}{extension}"
        found += held
    return plain, tuple(found)


def _resolved(
    option: str, role: FileRole, name: str, extension: str, base: Path
) -> Iterator[OptionFile]:
    # Imported here because astropy, which reads the files, takes a second to import.
    from skydb.drizzle.filecontent import require_content

    path = _existing(option, name, [base])
    require_content(option, path, extension)
    yield OptionFile(option, path, sha256_of(path))
    if role is not FileRole.LIST:
        return
    places = [base, path.parent]
    if option in _BESIDE_THE_LIST:
        places.reverse()
    tokens = (token for words in _lines(path) for token in words[1:])
    for token in dict.fromkeys(tokens):
        plain, within = _split(token)
        member = _existing(f"{option} {path.name}", plain, places)
        require_content(option, member, within, is_member=True)
        yield OptionFile(option, member, sha256_of(member), token)


def _existing(whose: str, name: str, places: Sequence[Path]) -> Path:
    for place in places:
        path = (place / Path(name).expanduser()).resolve()
        if path.is_file():
            return path
        if path.exists():
            kind = "a directory" if path.is_dir() else "no plain file"
            raise UsageError(f"{whose}: {name} is {kind}.", advice="Name a file.")
    raise NotFoundError(
        f"{whose}: there is no file {name}.",
        advice=f"Relative paths begin at {places[0]}.",
    )


def _split(value: str) -> tuple[str, str]:
    """Path and extension of ``ref.fits[1]``; brackets within a path are its own."""
    found = _EXTENSION.fullmatch(value)
    if found is None or not found["extension"] or Path(value).expanduser().is_file():
        return value, ""
    return found["path"], found["extension"]


def _lines(path: Path) -> list[list[str]]:
    """Words of every line of a list that says something; ``None`` stands for no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, "cannot be read as a list") from error
    lines = (line.strip() for line in text.splitlines())
    worded = ([w for w in _SEPARATORS.split(line) if w] for line in lines if line[:1] != "#")
    return [[w for w in words if w.lower() not in ("none", "indef")] for words in worded if words]


def listed_images(files: Files) -> Iterator[tuple[OptionFile, int, str]]:
    """Images that lists name, without directory and extension, each with its list and line.

    Raises
    ------
    ParseError
        When a list names an image twice: one of the lines would not count.
    """
    for file in files:
        roles = (roles.get(file.option) for roles in FILE_OPTIONS.values())
        # One that is gone is refused when it is copied.
        if file.token or FileRole.LIST not in roles or not file.path.is_file():
            continue
        seen: dict[str, int] = {}
        for number, line in enumerate(file.path.read_text(encoding="utf-8").splitlines(), start=1):
            words = [word for word in _SEPARATORS.split(line.strip()) if word]
            if not words or words[0].startswith("#"):
                continue
            name = Path(_split(words[0])[0]).name
            if words[0] in seen:
                first = seen[words[0]]
                problem = f"{words[0]} is there twice (first in line {first})"
                raise ParseError(file.path, number, problem)
            seen[words[0]] = number
            yield file, number, name


def record_of(files: Files) -> dict[str, list[dict[str, str]]]:
    """Files by option, as parameters of a run keep them; the one that is named comes first."""
    record: dict[str, list[dict[str, str]]] = {}
    for one in files:
        record.setdefault(one.option, []).append(one.as_record())
    return record


def recalled_files(record: object) -> Files:
    """The files of which :func:`record_of` gave this."""
    if not isinstance(record, Mapping):
        return ()
    return tuple(
        OptionFile.recalled(option, one, is_member=place > 0)
        for option, several in record.items()
        for place, one in enumerate(several)
    )


def named_files(parameters: object) -> Files:
    """All files that the options of a run name, wherever its parameters keep them."""
    if not isinstance(parameters, Mapping):
        return ()
    found = list(recalled_files(parameters.get(RECORD)))
    for key, value in parameters.items():
        found += named_files(value) if key != RECORD else ()
    return tuple(found)


def content_only(parameters: Any) -> Any:  # noqa: ANN401 - any JSON
    """Replace the files in parameters by name and checksum, without paths.

    Parameters
    ----------
    parameters : JSON
        As runs keep them, at any depth.
    """
    if not isinstance(parameters, Mapping):
        return parameters
    return {
        key: record_content(value) if key == RECORD else content_only(value)
        for key, value in parameters.items()
    }


def record_content(record: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, object]:
    """Give the result of :func:`record_of` without paths."""
    return {
        option: [{key: text for key, text in one.items() if key != "path"} for one in several]
        for option, several in record.items()
    }


def staged_options(tool: Tool, options: Mapping[str, object], files: Files) -> dict[str, object]:
    """Options with the names that files have below the directory of a tool."""
    named = {one.option for one in files}
    staged = dict(options)
    for option, role in FILE_OPTIONS[tool].items():
        if option in named:
            value = str(options[option])
            mark = "@" if role is FileRole.MARKED else ""
            staged[option] = f"{mark}{option}/{value.removeprefix('@')}"
    return staged


def stage_files(tool: Tool, files: Files, directory: Path) -> None:
    """Copy files below the directory in which a tool runs, and lists with what they list.

    Raises
    ------
    FileRejectedError
        When a file is gone, or has changed since it was named.
    """
    for option in dict.fromkeys(one.option for one in files):
        home = directory / option
        home.mkdir()
        main, *members = (one for one in files if one.option == option)
        copies = {one.token: _copied(one, home, f"{n}_") for n, one in enumerate(members)}
        copy = _copied(main, home)
        if FILE_OPTIONS[tool][option] is FileRole.LIST:
            place = "" if option in _BESIDE_THE_LIST else f"{option}/"
            names = {t: f"{place}{path.name}{_split(t)[1]}" for t, path in copies.items()}
            _rewrite(copy, names)


def _copied(file: OptionFile, home: Path, prefix: str = "") -> Path:
    _require_there(file)
    copy = Path(shutil.copyfile(file.path, home / f"{prefix}{file.path.name}"))
    _require_same(file, copy)
    return copy


def require_as_named(file: OptionFile) -> None:
    """Refuse a file that is not what it was when an option named it.

    Raises
    ------
    FileRejectedError
        When it is gone, or has changed.
    """
    _require_there(file)
    _require_same(file, file.path)


def _require_there(file: OptionFile) -> None:
    if not file.path.is_file():
        raise FileRejectedError(file.path, f"is gone, and {file.option} named it")


def _require_same(file: OptionFile, path: Path) -> None:
    if sha256_of(path) != file.sha256:
        raise FileRejectedError(file.path, f"has changed since {file.option} named it")


def _rewrite(copy: Path, names: Mapping[str, str]) -> None:
    """Let a list name its images and files as they are called below the directory of a tool."""

    def renamed(line: str) -> str:
        parts = re.split(r"([\s,]+)", line.strip())
        first = Path(parts[0]).name
        return "".join([first, *(names.get(part, part) for part in parts[1:])])

    lines = copy.read_text(encoding="utf-8").splitlines()
    said = (line if line.lstrip()[:1] in ("", "#") else renamed(line) for line in lines)
    copy.write_text("\n".join(said) + "\n", encoding="utf-8")


def require_one_grid(options: Mapping[str, object]) -> None:
    """Refuse options of an output WCS that contradict each other.

    Raises
    ------
    UsageError
        When numbers stand beside a reference image, over which AstroDrizzle would let them
        win; when one of two numbers is missing; or when a grid is given that is not to be
        used, which AstroDrizzle would do.
    """
    for prefix in ("final_", "driz_sep_"):
        image = f"{prefix}refimage"
        numbers = [name for name in grid_options(prefix) if options.get(name) is not None]
        if options.get(image) and numbers:
            raise UsageError(
                f"{image} is a grid of its own, which {', '.join(numbers)} would change.",
                advice="Give the image, or the numbers.",
            )
        for first, second in _PAIRS:
            one, other = f"{prefix}{first}", f"{prefix}{second}"
            if (one in numbers) != (other in numbers):
                raise UsageError(f"{one} and {other} go together.", advice="Give both, or none.")
        said = [*numbers, *([image] if options.get(image) else [])]
        if said and options.get(f"{prefix}wcs") is False:
            raise UsageError(
                f"{prefix}wcs=False asks for no grid, and {', '.join(said)} defines one.",
                advice=f"Leave {prefix}wcs out, or the others.",
            )


#: Options of a grid that AstroDrizzle takes together only.
_PAIRS = (("ra", "dec"), ("outnx", "outny"), ("crpix1", "crpix2"))


def grid_options(prefix: str) -> list[str]:
    """Options that define an output WCS by numbers."""
    names = ("rot", "scale", "ra", "dec", "outnx", "outny", "crpix1", "crpix2")
    return [f"{prefix}{name}" for name in names]
