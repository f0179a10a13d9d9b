"""Checks of one TweakReg fit by its shift file, its match file and the header of the copy.

The first contradiction is the reason for which the fit is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.drizzle.applied import applied_offsets_pix
from skydb.drizzle.wcskeys import Geometry, alternates, geometry, key_of_geometry
from skydb.drizzle.workspace import opened, science_hdus
from skydb.errors import FileRejectedError, ParseError
from skydb.files.matchfile import MatchFile, read_matches
from skydb.files.shiftfile import ShiftRow, read_shift_file

if TYPE_CHECKING:
    from astropy.io.fits import Header

#: File times are only as fine as the clock of the file system.
_CLOCK_TOLERANCE_S = 2.0
#: Match files give the shift with four decimals and the RMS with two digits.
_SHIFT_TOLERANCE_PIX = 2e-4
_RMS_TOLERANCE_PIX = 2e-4
_MAS_PER_DEG = 3.6e6
#: Error of TweakReg's treatment of the linear terms of a distorted chip.
_APPLIED_TOLERANCE_PIX = 0.1


@dataclass(frozen=True)
class FitEvidence:
    """Paths of the files of one fit, and the WCS before it.

    ``geometry_before`` has the linear WCS of every chip, by EXTVER.
    """

    product: Path
    shift_file: Path
    reference_wcs: Path
    match_file: Path
    started_s: float
    geometry_before: Mapping[int, Geometry]
    wcs_name_before: str
    wcs_name_wanted: str


@dataclass(frozen=True)
class SoundFit:
    """A fit that passed all checks."""

    row: ShiftRow
    matches: MatchFile
    rms_mas: tuple[float | None, float | None]
    original_wcs_name: str


class _ContradictionError(Exception):
    """Contradiction of the files, in words fit for a table cell."""


def examine(evidence: FitEvidence) -> SoundFit | str:
    """The fit when the evidence is sound, else the reason why it is not."""
    try:
        row = _shift_row(evidence)
        matches = _matches(evidence, row)
        original = _header_story(evidence, len(matches))
        _require_applied(evidence.product, matches)
        return SoundFit(row, matches, _rms_mas(evidence.reference_wcs, matches), original)
    except _ContradictionError as contradiction:
        return str(contradiction)
    except (ParseError, FileRejectedError) as error:
        return f"TweakReg left a file that cannot be used: {error}"


def _require(fact: bool, reason: str) -> None:
    if not fact:
        raise _ContradictionError(reason)


def _require_new(path: Path, started_s: float, what: str) -> None:
    _require(path.exists(), f"TweakReg wrote no {what}")
    age_s = started_s - path.stat().st_mtime
    _require(age_s < _CLOCK_TOLERANCE_S, f"the {what} is {age_s:.0f} s older than the fit")


def _shift_row(evidence: FitEvidence) -> ShiftRow:
    _require_new(evidence.shift_file, evidence.started_s, "shift file")
    row = read_shift_file(evidence.shift_file).row_of(evidence.product.name)
    if row is None:
        raise _ContradictionError("the shift file does not name the product")
    _require(row.is_finite, "TweakReg found no fit: its shift is not a number")
    _require(not row.is_identity, "nothing was fitted: shift, rotation and RMS are all zero")
    return row


def _matches(evidence: FitEvidence, row: ShiftRow) -> MatchFile:
    _require_new(evidence.match_file, evidence.started_s, "match file")
    matches = read_matches(evidence.match_file)
    _require(len(matches) > 0, "no source matches the catalogue")
    _require(matches.image == evidence.product.name, f"the match file is that of {matches.image!r}")
    _compare("shift", matches.shift_pix, (row.dx_pix, row.dy_pix), _SHIFT_TOLERANCE_PIX)
    rms = (row.x_rms_pix, row.y_rms_pix)
    _compare("RMS", matches.residual_std_pix, rms, _RMS_TOLERANCE_PIX)
    return matches


def _compare(
    what: str, one: tuple[float, float], other: tuple[float, float], tolerance: float
) -> None:
    agree = all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))
    _require(agree, f"match file and shift file disagree on the {what}: {one} and {other} pixels")


def _header_story(evidence: FitEvidence, matches: int) -> str:
    """Check every chip of the copy; return the name under which it keeps the earlier WCS."""
    names = []
    with opened(evidence.product) as hdus:
        images = science_hdus(hdus)
        for image in images:
            chip = f" of SCI,{image.ver}" if len(images) > 1 else ""
            before = evidence.geometry_before.get(image.ver)
            if before is None:
                raise _ContradictionError(f"SCI,{image.ver} was not there before the fit")
            _require_fitted(image.header, before, evidence, matches, chip)
            names.append(_archived_name(image.header, before, evidence, chip))
    return names[0]


def _require_fitted(
    header: Header, before: Geometry, evidence: FitEvidence, matches: int, chip: str
) -> None:
    name, kind = _text(header, "WCSNAME"), _text(header, "WCSTYPE")
    _require(name == evidence.wcs_name_wanted, f"the header{chip} has WCSNAME {name!r}")
    _require(not kind.startswith("not aligned"), f"the header{chip} has WCSTYPE {kind!r}")
    _require(geometry(header) != before, f"the WCS{chip} of the product is unchanged")
    stated = header.get("NMATCH")
    _require(stated == matches, f"the header{chip} has {stated} matches, the match file {matches}")


def _archived_name(header: Header, before: Geometry, evidence: FitEvidence, chip: str) -> str:
    key = key_of_geometry(header, before)
    if key is None:
        raise _ContradictionError(
            f"the original WCS {evidence.wcs_name_before!r}{chip} is not among the alternates"
        )
    return alternates(header)[key]


def _require_applied(product: Path, matches: MatchFile) -> None:
    """Check that the header's WCS puts the matched sources of every chip where the fit does."""
    found = applied_offsets_pix(product, matches)
    for extver, offset in found.items():
        reason = (
            f"the header of SCI,{extver} puts its matched sources {offset:.2f} pixels off the "
            "places in the match file"
        )
        _require(offset < _APPLIED_TOLERANCE_PIX, reason)


def _text(header: Header, card: str) -> str:
    return str(header.get(card, "")).strip()


def _rms_mas(reference_wcs: Path, matches: MatchFile) -> tuple[float | None, float | None]:
    """Scatter of the residuals towards east and north, by the reference frame's CD."""
    with opened(reference_wcs) as hdus:
        header = hdus["WCS"].header
        cd_deg = np.array([[_cd(header, i, j) for j in (1, 2)] for i in (1, 2)])
    residuals = np.vstack((matches.x_residual_pix, matches.y_residual_pix))
    east, north = (cd_deg @ residuals).std(axis=1) * _MAS_PER_DEG
    return _known(float(east)), _known(float(north))


def _cd(header: Header, i: int, j: int) -> float:
    """CDi_j, or PCi_j times CDELTi as wcslib may write it."""
    if f"CD{i}_{j}" in header:
        return float(header[f"CD{i}_{j}"])
    return float(header.get(f"PC{i}_{j}", float(i == j)) * header.get(f"CDELT{i}", 1.0))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
