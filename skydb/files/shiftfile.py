"""Shift files of TweakReg: one row of shift, rotation, scale and RMS a product.

The format is that of IRAF ``tweakshifts``: comments with the frame, the
reference image, the form and the units, then seven columns. A fit that failed
is a row of ``nan`` with an RMS of 0.0, so a row is only worth its
:attr:`ShiftRow.is_finite`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from skydb.errors import ParseError
from skydb.files.textfile import read_text_lines

_HEADER = re.compile(r"#\s*(frame|refimage|form|units)\s*:\s*(.*?)\s*$")
_NUMBERS = 6

#: Digits after the point that an angle near 360 has in double precision.
_DECIMALS = 12


def signed_angle_deg(angle_deg: float) -> float:
    """The same angle between -180 (excluded) and 180 degrees; NaN stays NaN."""
    if not math.isfinite(angle_deg):
        return math.nan
    signed = -math.remainder(-angle_deg, 360.0) if angle_deg % 360.0 != 180.0 else 180.0
    # What is left of 359.99 has the last bits of a number near 360, which were never printed.
    return signed if signed == angle_deg else round(signed, _DECIMALS)


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """Result of TweakReg for one product, in pixels of the reference frame.

    Parameters
    ----------
    filename : str
        The product, as TweakReg was given it.
    dx_pix, dy_pix : float
        Shift; NaN when no fit was made.
    rotation_deg : float
        Rotation between -180 and 180; the file counts from 0 to 360.
    scale : float
        Scale ratio.
    x_rms_pix, y_rms_pix : float
        Standard deviation of the residuals; 0.0 also stands for "no fit".
    line_number : int
        Where it stands in its file, counted from 1.
    """

    filename: str
    dx_pix: float
    dy_pix: float
    rotation_deg: float
    scale: float
    x_rms_pix: float
    y_rms_pix: float
    line_number: int = field(default=0, compare=False)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The six numbers, in the order of the file."""
        return (
            self.dx_pix,
            self.dy_pix,
            self.rotation_deg,
            self.scale,
            self.x_rms_pix,
            self.y_rms_pix,
        )

    @property
    def is_finite(self) -> bool:
        """Whether every number is one: False for a fit that failed."""
        return all(math.isfinite(number) for number in self.numbers)

    @property
    def is_identity(self) -> bool:
        """Whether nothing was fitted: no shift, no rotation, no residual."""
        return self.numbers == (0.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ShiftFile:
    """A whole shift file; the four texts are None where the file has none."""

    rows: tuple[ShiftRow, ...]
    frame: str | None = None
    refimage: str | None = None
    form: str | None = None
    units: str | None = None

    def row_of(self, filename: str) -> ShiftRow | None:
        """The row of one product, or None when the file does not have it."""
        return next((row for row in self.rows if row.filename == filename), None)


def read_shift_file(path: Path) -> ShiftFile:
    """Rows and header of a shift file.

    Raises
    ------
    ParseError
        With the number of the first line that is wrong; line 0 when the file
        has no row, is no text or names a product twice.
    """
    header: dict[str, str] = {}
    rows: list[ShiftRow] = []
    for number, line in enumerate(read_text_lines(path), start=1):
        if line.lstrip().startswith("#"):
            if found := _HEADER.match(line.strip()):
                header[found[1]] = found[2]
        elif line.strip():
            rows.append(_row(path, number, line))
    _require_usable(path, rows)
    return ShiftFile(tuple(rows), **header)


def _row(path: Path, number: int, line: str) -> ShiftRow:
    *names, dx, dy, rotation, scale, x_rms, y_rms = _fields(path, number, line)
    try:
        shift = [float(text) for text in (dx, dy, rotation, scale, x_rms, y_rms)]
    except ValueError as error:
        raise ParseError(path, number, f"not a number: {error}") from error
    shift[2] = signed_angle_deg(shift[2])
    dx_pix, dy_pix, angle_deg, ratio, x_rms_pix, y_rms_pix = shift
    return ShiftRow(" ".join(names), dx_pix, dy_pix, angle_deg, ratio, x_rms_pix, y_rms_pix, number)


def _fields(path: Path, number: int, line: str) -> list[str]:
    fields = line.split()
    if len(fields) <= _NUMBERS:
        raise ParseError(
            path, number, f"expected a file name and six numbers, found {len(fields)} fields"
        )
    return fields


def _require_usable(path: Path, rows: list[ShiftRow]) -> None:
    if not rows:
        raise ParseError(path, 0, "has no row")
    names = [row.filename for row in rows]
    if len(set(names)) != len(names):
        raise ParseError(path, 0, "names the same product twice")
