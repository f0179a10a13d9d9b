"""A WCS that was changed under its name: the pipeline gives every new solution a new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import cos, hypot, radians

from skydb.domain.values import ChipGeometry, WcsFacts
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import WcsKind

#: Headers that are written again are rounded to less.
LEAST_MAS = 0.1
_MAS_PER_DEG = 3_600_000.0
#: What the pipeline calls its solutions. skydb, TweakReg and TweakBack give other names.
_OF_PIPELINE = (WcsKind.PIPELINE, WcsKind.DISTORTION, WcsKind.A_PRIORI, WcsKind.FIT)


def edited_wcs(version: ProductVersion, earlier: Iterable[ProductVersion]) -> str | None:
    """Reason why the WCS of a file from outside contradicts its name, or None.

    Parameters
    ----------
    version : ProductVersion
        With the WCS that its header states.
    earlier : iterable of ProductVersion
        Others of the product; those of the same pipeline run are compared with.
    """
    ours = _in_force(version)
    if ours is None or None in _identity(version)[:2]:
        return None
    for other in earlier:
        theirs = _in_force(other)
        if theirs is None or _identity(other) != _identity(version):
            continue
        if theirs.name.text != ours.name.text:
            continue
        moved = moved_mas(theirs, ours)
        if moved > LEAST_MAS:
            return (
                f"WCSNAME {ours.name}, DATE {version.date_written} and CAL_VER {version.cal_ver} "
                f"are those of version {other.number}, but its WCS moved by {moved:.1f} mas: it "
                "was changed under its name, by hand or by a program."
            )
    return None


def moved_mas(before: WcsFacts, after: WcsFacts) -> float:
    """Largest movement of a corner of any chip, by the linear terms of both; 0 without any."""
    chips = {chip.extver: chip for chip in before.chips}
    return max(
        (step for chip in after.chips if chip.extver in chips
         for step in _steps_mas(chips[chip.extver], chip)),
        default=0.0,
    )  # fmt: skip


def _identity(version: ProductVersion) -> tuple[str | None, ...]:
    """Keywords that only files of one pipeline run share."""
    return version.date_written, version.cal_ver, version.opus_ver, version.idctab


def _in_force(version: ProductVersion) -> WcsFacts | None:
    """The WCS of a file from outside, when its name is one of the pipeline."""
    if version.derived_from is not None:
        return None
    found = (one for one in version.solutions if one.wcs_key == " " and one.chips)
    facts = next((one.as_facts() for one in found), None)
    if facts is None or facts.name.is_of_skydb or facts.name.kind not in _OF_PIPELINE:
        return None
    return facts


def _steps_mas(before: ChipGeometry, after: ChipGeometry) -> Iterator[float]:
    """Movements of the corners; the distortion, which is the same, is left out."""
    nx, ny = after.naxis_pix
    cos_dec = cos(radians(after.crval_deg[1]))
    turn = (after.crval_deg[0] - before.crval_deg[0] + 180.0) % 360.0 - 180.0
    crval = (turn * cos_dec, after.crval_deg[1] - before.crval_deg[1])
    for corner in ((1.0, 1.0), (nx, 1.0), (1.0, ny), (nx, ny)):
        old, new = _plane_deg(before, corner), _plane_deg(after, corner)
        east, north = crval[0] + new[0] - old[0], crval[1] + new[1] - old[1]
        yield hypot(east, north) * _MAS_PER_DEG


def _plane_deg(chip: ChipGeometry, pixel: tuple[float, float]) -> tuple[float, float]:
    x, y = pixel[0] - chip.crpix_pix[0], pixel[1] - chip.crpix_pix[1]
    cd = chip.cd_deg
    return cd[0] * x + cd[1] * y, cd[2] * x + cd[3] * y
