"""The flags of a WFPC2 exposure, which are a file of their own.

The archive serves ``u2eb0101t_c0m.fits`` with the pixels and ``u2eb0101t_c1m.fits`` with
their flags, one extension a chip in both. drizzlepac looks for the second beside the first,
and continues without flags when it does not exist. Source: WFPC2 Data Handbook, section 2.1;
``drizzlepac.wfpc2Data``.
"""

from __future__ import annotations

import re
from pathlib import Path

from skydb.errors import FileRejectedError, NotFoundError
from skydb.files.structure import FitsSkeleton, HduRecord, open_skeleton
from skydb.files.wcs import image_size_pix

_PIXELS = re.compile(r"(.+_c)0(m\.fits)(?:\.gz)?", re.IGNORECASE)
_FLAGS = re.compile(r"(.+_c)1(m\.fits)(?:\.gz)?", re.IGNORECASE)


def has_flags_apart(path: Path) -> bool:
    """Whether a file is named as one whose flags are in another file."""
    return _PIXELS.fullmatch(path.name) is not None


def flags_beside(path: Path) -> Path | None:
    """The file with the flags of this one, when it lies beside it."""
    return _beside(path, _PIXELS, "1")


def pixels_beside(path: Path) -> Path | None:
    """The file whose flags this one holds, when it lies beside it; None of any other file."""
    return _beside(path, _FLAGS, "0")


def require_flags(path: Path) -> None:
    """Refuse a file whose flags are in another file that is not there.

    Raises
    ------
    NotFoundError
        With the name that is missing.
    """
    if has_flags_apart(path) and flags_beside(path) is None:
        raise NotFoundError(
            f"{_name(path, _PIXELS, '1')}, the flags of {path.name}, is not beside it.",
            advice="Fetch it too, or put it there.",
        )


def flags_by_chip(skeleton: FitsSkeleton, beside: FitsSkeleton | None) -> dict[int, HduRecord]:
    """Flags of the chips by EXTVER: extensions of the file, or of the one beside it.

    Parameters
    ----------
    skeleton : FitsSkeleton
        The open file with the pixels.
    beside : FitsSkeleton or None
        The open file with its flags, if it has one.

    Raises
    ------
    FileRejectedError
        When the file beside it does not belong to it.
    """
    own = {hdu.version: hdu for hdu in skeleton.named("DQ")}
    if own or beside is None:
        return own
    _check_rootname(skeleton, beside)
    images = [hdu for hdu in beside.hdus[1:] if hdu.is_image]
    found = {hdu.version: hdu for hdu in images if hdu.name == images[0].name}
    for chip in skeleton.named("SCI"):
        flags = found.get(chip.version)
        if flags is None or image_size_pix(flags) != image_size_pix(chip):
            reason = f"it has no flags for SCI,{chip.version} of {skeleton.path.name}"
            raise FileRejectedError(beside.path, reason, advice="Fetch both files again.")
    return found


def check_flags(skeleton: FitsSkeleton) -> str | None:
    """Check the flags of an open file; return the problem as a sentence, or None.

    Raises
    ------
    FileRejectedError
        When the flags beside it cannot be read, or belong to another file.
    """
    if skeleton.named("DQ"):
        return None
    flags = flags_beside(skeleton.path)
    if flags is None:
        wanted = _name(skeleton.path, _PIXELS, "1") or "a file named as it, with _c1m"
        return f"its flags are in {wanted}, which is not beside it: no bad pixel is known."
    with open_skeleton(flags) as beside:
        flags_by_chip(skeleton, beside)
    return None


def _check_rootname(skeleton: FitsSkeleton, beside: FitsSkeleton) -> None:
    names = [
        str(one.primary.scanned.get("ROOTNAME", "")).strip().lower() for one in (skeleton, beside)
    ]
    if all(names) and names[0] != names[1]:
        reason = f"it is of {names[1]} by its header, and lies beside {skeleton.path.name}"
        raise FileRejectedError(beside.path, reason, advice="Fetch both files again.")


def _name(path: Path, pattern: re.Pattern[str], digit: str) -> str:
    found = pattern.fullmatch(path.name)
    return f"{found[1]}{digit}{found[2]}" if found else ""


def _beside(path: Path, pattern: re.Pattern[str], digit: str) -> Path | None:
    name = _name(path, pattern, digit)
    candidates = (path.with_name(one) for one in (name, f"{name}.gz") if name)
    return next((one for one in candidates if one.is_file()), None)
