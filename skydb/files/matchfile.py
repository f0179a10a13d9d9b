"""Match files of TweakReg (``*_catalog_fit.match``): the sources behind a fit.

The columns are listed in the comments of the file, and are read from there
because they differ between versions. Columns 1 to 4 count from the reference
pixel of the reference frame; columns 5 and 6 do so only in old versions, so
residuals (7 and 8, "fit minus input") are the ones to compute with. After
clipping, TweakReg 3.11 pairs column 18 with the wrong rows: it is kept as text
and nothing is derived from it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.errors import ParseError
from skydb.files.textfile import read_text_lines

Array = NDArray[np.float64]

_COLUMN = re.compile(r"#\s*Column\s+(\d+)\s*:\s*(.*?)\s*$")
_PARAMETER = re.compile(r"#\s*(.+?):\s+(.*?)\s*$")

#: Column titles of TweakReg and the attributes that hold them.
_ATTRIBUTES = {
    "X (reference)": "x_ref_pix",
    "Y (reference)": "y_ref_pix",
    "X (input)": "x_in_pix",
    "Y (input)": "y_in_pix",
    "X (fit)": "x_fit_pix",
    "Y (fit)": "y_fit_pix",
    "X (residual)": "x_residual_pix",
    "Y (residual)": "y_residual_pix",
    "Original X (reference)": "x_ref_original",
    "Original Y (reference)": "y_ref_original",
    "Original X (input)": "x_in_original_pix",
    "Original Y (input)": "y_in_original_pix",
    "RA (fit)": "ra_fit_deg",
    "Dec (fit)": "dec_fit_deg",
    "Input EXTVER ID": "extver",
}
_SOURCE = "Ref source"
_REQUIRED = ("X (reference)", "Y (reference)", "X (residual)", "Y (residual)")


def _nothing() -> Array:
    return np.empty(0, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class MatchFile:
    """The matched sources of one product; every array has one entry a source.

    Positions are in pixels of the reference frame, except the ``original``
    ones: those of the input are pixels of the product, those of the reference
    are as the catalogue has them (degrees for a catalogue of positions). A
    column that the file lacks is an array of NaN.
    """

    image: str
    x_ref_pix: Array
    y_ref_pix: Array
    x_in_pix: Array
    y_in_pix: Array
    x_fit_pix: Array
    y_fit_pix: Array
    x_residual_pix: Array
    y_residual_pix: Array
    x_ref_original: Array
    y_ref_original: Array
    x_in_original_pix: Array
    y_in_original_pix: Array
    ra_fit_deg: Array
    dec_fit_deg: Array
    extver: Array = field(default_factory=_nothing)
    columns: tuple[str, ...] = ()
    shift_pix: tuple[float, float] = (math.nan, math.nan)
    scale: tuple[float, float] = (math.nan, math.nan)
    rotation_deg: tuple[float, float] = (math.nan, math.nan)
    rms_pix: tuple[float, float] = (math.nan, math.nan)
    parameters: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.x_residual_pix.size)

    @property
    def residual_std_pix(self) -> tuple[float, float]:
        """Standard deviation of the residuals, what TweakReg calls their RMS."""
        if len(self) == 0:
            return math.nan, math.nan
        return float(np.std(self.x_residual_pix)), float(np.std(self.y_residual_pix))


def read_matches(path: Path) -> MatchFile:
    """Read a ``*_catalog_fit.match`` file of any version.

    Raises
    ------
    ParseError
        With the line at fault: a row with another number of fields than the
        comments announce, or a field that is no number; line 0 when the
        comments do not list the columns or these lack the residuals.
    """
    titles, parameters, lines = _split(path)
    _require_columns(path, titles)
    rows = [_fields(path, number, line, titles) for number, line in lines]
    return MatchFile(
        image=parameters.get("Input image", ""),
        columns=titles,
        shift_pix=_pair(path, parameters, "X and Y shift"),
        scale=_pair(path, parameters, "X and Y scale"),
        rotation_deg=_pair(path, parameters, "X and Y rotation"),
        rms_pix=_pair(path, parameters, "X and Y rms"),
        parameters=parameters,
        **_arrays(titles, rows),
    )


def _split(path: Path) -> tuple[tuple[str, ...], dict[str, str], list[tuple[int, str]]]:
    """Column titles, fit parameters and numbered rows of a match file."""
    titles: dict[int, str] = {}
    parameters: dict[str, str] = {}
    rows: list[tuple[int, str]] = []
    for number, line in enumerate(read_text_lines(path), start=1):
        text = line.strip()
        if not text.startswith("#"):
            rows.extend([(number, text)] if text else [])
        elif found := _COLUMN.match(text):
            titles[int(found[1])] = found[2]
        elif found := _PARAMETER.match(text):
            parameters[found[1]] = found[2]
    if sorted(titles) != list(range(1, len(titles) + 1)):
        raise ParseError(path, 0, f"lists columns {sorted(titles)}, which leaves gaps")
    return tuple(titles[index] for index in sorted(titles)), parameters, rows


def _require_columns(path: Path, titles: tuple[str, ...]) -> None:
    missing = [title for title in _REQUIRED if title not in titles]
    if missing:
        raise ParseError(path, 0, f"its comments list no column {', '.join(missing)}")


def _fields(path: Path, number: int, line: str, titles: tuple[str, ...]) -> list[str]:
    """Texts of one row; only the last column, when it is text, may hold blanks."""
    splits = len(titles) - 1 if titles[-1].startswith(_SOURCE) else -1
    fields = line.split(maxsplit=splits)
    if len(fields) != len(titles):
        raise ParseError(path, number, f"has {len(fields)} of {len(titles)} fields")
    for title, text in zip(titles, fields, strict=True):
        if not title.startswith(_SOURCE):
            _number(path, number, text)
    return fields


def _number(path: Path, number: int, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ParseError(path, number, f"{text!r} is not a number") from error


def _arrays(titles: tuple[str, ...], rows: list[list[str]]) -> dict[str, Array]:
    arrays = {attribute: np.full(len(rows), np.nan) for attribute in _ATTRIBUTES.values()}
    for index, title in enumerate(titles):
        if title in _ATTRIBUTES:
            values = [float(row[index]) for row in rows]
            arrays[_ATTRIBUTES[title]] = np.array(values, dtype=np.float64)
    return arrays


def _pair(path: Path, parameters: dict[str, str], title: str) -> tuple[float, float]:
    """Two numbers of the comments, NaN where the file does not give them."""
    texts = parameters.get(title, "nan nan").split()
    if len(texts) != 2:
        raise ParseError(path, 0, f"{title} should be two numbers")
    return _number(path, 0, texts[0]), _number(path, 0, texts[1])
