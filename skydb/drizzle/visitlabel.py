"""Header cards of a visit-level product that describe its maker."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from skydb.drizzle.workspace import opened
from skydb.files.flavour import MAKER_CARD


def label_visit_product(path: Path, maker: str, written: datetime) -> None:
    """Give a product its own name, the day it was made, and who made it, in place.

    AstroDrizzle leaves DATE and FILENAME of the first exposure. By DATE products of one
    calibration are ordered, so that it has milliseconds.

    Parameters
    ----------
    path : Path
        A drizzled product under its final name.
    maker : str
        Such as ``skydb 1.0``.
    written : datetime
        UTC.
    """
    with opened(path, "update") as hdus:
        header = hdus[0].header
        header["FILENAME"] = (path.name, "name of file")
        header["DATE"] = (
            written.strftime("%Y-%m-%dT%H:%M:%S.") + f"{written.microsecond // 1000:03d}"
        )
        header[MAKER_CARD] = (maker, "which skydb has drizzled this")
