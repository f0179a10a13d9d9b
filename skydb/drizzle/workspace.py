"""Copies of FITS files in scratch directories, and their science headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.errors import UnreadableFileError, UsageError
from skydb.files.dqfile import flags_beside
from skydb.files.toolnames import tool_copy, tool_name

if TYPE_CHECKING:
    from astropy.io.fits import HDUList


def copies_in(directory: Path, paths: Sequence[Path]) -> list[Path]:
    """Copy files into a new directory, in order, and return the copies.

    A copy is unpacked, and has a name that drizzlepac can take; see :mod:`.toolnames`. The
    flags of a file that has them in another one are copied beside it.

    Raises
    ------
    UnreadableFileError
        When a gzipped file is damaged.
    UsageError
        When two files have the same name, for one would replace the other.
    """
    _refuse_twins(paths)
    directory.mkdir(parents=True)
    for flags in filter(None, map(flags_beside, paths)):
        tool_copy(flags, directory / tool_name(flags))
    return [tool_copy(path, directory / tool_name(path)) for path in paths]


def links_in(directory: Path, paths: Sequence[Path]) -> list[Path]:
    """Links to files in a new directory, in order, for a tool that only reads.

    Raises
    ------
    UsageError
        When two files have the same name, for one would replace the other.
    """
    _refuse_twins(paths)
    directory.mkdir(parents=True)
    for flags in filter(None, map(flags_beside, paths)):
        (directory / flags.name).symlink_to(flags.resolve())
    links = [directory / path.name for path in paths]
    for link, path in zip(links, paths, strict=True):
        link.symlink_to(path.resolve())
    return links


def _refuse_twins(paths: Sequence[Path]) -> None:
    names = [tool_name(path) for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"Several inputs are called {', '.join(twice)}.", advice="Give each exposure once."
        )


@contextmanager
def opened(path: Path, mode: str = "readonly") -> Iterator[Any]:
    """An open HDU list without memory mapping.

    Raises
    ------
    UnreadableFileError
        When astropy cannot open the file.
    """
    from astropy.io import fits

    try:
        hdus = fits.open(path, mode=mode, memmap=False)
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be opened ({error})") from error
    with hdus:
        yield hdus


def science_hdus(hdus: HDUList) -> list[Any]:
    """SCI extensions, or the primary HDU of a file that is one image."""
    return [hdu for hdu in hdus if hdu.name == "SCI"] or [hdus[0]]


def fresh_directory(scratch: Path, stem: str) -> str:
    """Name of a directory below scratch that does not exist yet."""
    for number in range(10_000):
        if not (scratch / f"{stem}{number:03d}").exists():
            return f"{stem}{number:03d}"
    raise UsageError(f"{scratch} is full of old runs.", advice="Give a new scratch directory.")
