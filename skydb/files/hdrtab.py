"""MDRIZSKY of every chip that a drizzled product was made of, from its HDRTAB.

HDRTAB has one row for each chip, with the cards of its header as columns
(DrizzlePac Handbook, section 3.4).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.instruments import sky_unit_of
from skydb.files.odd import rejecting
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import FitsSkeleton, HduRecord, open_skeleton


@dataclass(frozen=True, slots=True)
class TabledSky:
    """Sky of one chip; None is no value."""

    rootname: str
    extver: int
    mdrizsky: float | None
    unit: SkyUnit | None


@dataclass(frozen=True, slots=True)
class DrizzledProduct:
    """Facts of the run that made a drizzled product, from the product.

    ``identity`` is a checksum of its primary header and its HDRTAB, the same for a gzipped
    copy. ``tool`` and ``written_on`` are PROD_VER and DATE, verbatim.
    """

    path: Path
    identity: str
    tool: str | None
    written_on: str | None
    skies: tuple[TabledSky, ...]


def read_drizzled_product(path: Path) -> DrizzledProduct | None:
    """MDRIZSKY of the chips in a product, or None when a FITS file has no such table.

    Raises
    ------
    FileRejectedError
        When the file is damaged, or its table is.
    """
    with rejecting(path), quiet_astropy(), open_skeleton(path) as skeleton:
        table = next(iter(skeleton.named("HDRTAB")), None)
        return None if table is None else _product(skeleton, table)


def _product(skeleton: FitsSkeleton, table: HduRecord) -> DrizzledProduct:
    cards = Cards(skeleton.path, (skeleton.primary.scanned,))
    data = skeleton.data_of(table)
    digest = hashlib.sha256(skeleton.primary.header_bytes + table.header_bytes + data)
    return DrizzledProduct(
        skeleton.path,
        digest.hexdigest(),
        cards.text("PROD_VER"),
        cards.text("DATE"),
        _skies(skeleton.path, table, data),
    )


def _skies(path: Path, table: HduRecord, data: bytes) -> tuple[TabledSky, ...]:
    try:
        padded = table.header_bytes + data.ljust(table.padded_bytes, b"\0")
        rows = fits.BinTableHDU.fromstring(padded).data
        columns = _columns(rows)
    except (OSError, ValueError, KeyError, TypeError, fits.VerifyError) as error:
        raise UnreadableFileError(path, f"HDRTAB cannot be read ({error})") from error
    return tuple(
        TabledSky(str(name).strip().lower(), int(extver), _number(sky), sky_unit_of(_text(unit)))
        for name, extver, sky, unit in zip(*columns, strict=True)
    )


def _columns(rows: Any) -> tuple[Any, Any, Any, Any]:  # noqa: ANN401 - FITS_rec is untyped
    names = set(rows.columns.names)
    if "MDRIZSKY" not in names:
        return (), (), (), ()
    sky = np.asarray(rows["MDRIZSKY"])
    if sky.dtype.kind not in "fiu":
        raise TypeError("MDRIZSKY is not a column of numbers")
    # A file with one chip may have no EXTVER, which then is 1 (FITS standard 4.0, section 4.4.2.6).
    extver = rows["EXTVER"] if "EXTVER" in names else np.ones(len(rows), int)
    unit = rows["BUNIT"] if "BUNIT" in names else [""] * len(rows)
    return rows["ROOTNAME"], extver, sky, unit


def _number(value: Any) -> float | None:  # noqa: ANN401 - numpy scalar
    return float(value) if math.isfinite(value) else None


def _text(value: object) -> str:
    return str(value).strip()
