"""Facts from the name of a file, when its header cannot be read."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import PurePath

from skydb.domain.values import FileFacts, Rootname
from skydb.domain.vocabulary import ProductKind

_NAME = re.compile(r"([a-z0-9]{9})_([a-z0-9]{3})\.fits(?:\.gz)?")
#: First letters of rootnames: WFC3, ACS, NICMOS, STIS, WFPC2.
_CAMERAS = "ijnou"
_KINDS = {
    **{kind.value: kind for kind in ProductKind},
    # drizzlepac calls the waivered form of a c0m so, with an underscore for the point.
    "c0h": ProductKind.C0M,
}
#: A headerlet is named after the file that it is for, with the WCS or without.
_HEADERLET = re.compile(r"(?:.*?[^a-z0-9])??([ijnou][a-z0-9]{7,8})_(?:.*[_-])?hlet\.fits(?:\.gz)?")
#: A rootname before the kind, with any prefix; HAP leaves its last letter out.
_NAMED = re.compile(r"(?:.*[^a-z0-9])?([ijnou][a-z0-9]{7,8})_[a-z0-9]{3}\.fits(?:\.gz)?")


def shown_path(path: PurePath) -> str:
    """Escape a path for a database: bytes that are not UTF-8, and NUL."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def is_utf8(path: PurePath) -> bool:
    """Whether a path can be recorded as it is, byte for byte."""
    return shown_path(path) == str(path)


@lru_cache(maxsize=4096)
def product_named(filename: str) -> tuple[Rootname, ProductKind]:
    """Rootname and kind of a product with the name that its pipeline gave it.

    Raises
    ------
    ValueError
        When the name does not show them.
    """
    name = PurePath(filename).name
    found = _NAME.fullmatch(name.lower())
    if found is None or found[1][0] not in _CAMERAS or found[2] not in _KINDS:
        raise ValueError(f"{name} is not named as the pipeline names its products")
    return Rootname(found[1]), _KINDS[found[2]]


def exposure_named(filename: str) -> Rootname:
    """Rootname of the exposure in a file with the name that its pipeline gave it.

    The last letter of an exposure's rootname is the way it was sent to the ground; the
    rootname of an association ends in a digit (HST data handbooks, "HST file names").

    Raises
    ------
    ValueError
        When the name does not show it, or the file combines exposures.
    """
    rootname, kind = product_named(filename)
    if kind.is_combined or not rootname.text[-1].isalpha():
        raise ValueError(f"{PurePath(filename).name} combines several exposures")
    return rootname


def name_contradiction(file: FileFacts) -> str | None:
    """Describe how the name of a file contradicts its header; None when they agree.

    The header is right: it came with the pixels, and a name is easily given to another file.
    A name without a rootname contradicts nothing.
    """
    pattern = _HEADERLET if file.kind is ProductKind.HLET else _NAMED
    found = pattern.fullmatch(file.path.name.lower())
    # A word that begins like a rootname is not one without a digit.
    if (
        found is None
        or found[1].isalpha()
        or any(_same(found[1], name) for name in _own_names(file))
    ):
        return None
    said = file.header_rootname or str(file.facts.rootname)
    return f"it is named {found[1]}, and is {said} by its header, which is used."


def _own_names(file: FileFacts) -> tuple[str, ...]:
    """Every rootname that the header may have."""
    names: tuple[str | None, ...] = (str(file.facts.rootname), file.header_rootname)
    if file.kind.is_combined:
        names = (*names, file.header_filename, file.facts.asn_id, *file.members)
    return tuple(name.lower() for name in names if name)


def _same(named: str, own: str) -> bool:
    """Whether a name begins with a rootname, of which the last letter may be missing."""
    return own.startswith(named) or named == own[:9]
