"""Drizzled products with nothing but their HDRTAB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits


def write_mosaic(
    path: Path,
    skies: Mapping[tuple[str, int], object],
    *,
    unit: str = "ELECTRONS/S",
    form: str = "D",
) -> Path:
    """A product that was made of exposures with these skies."""
    primary = fits.PrimaryHDU()
    primary.header["PROD_VER"], primary.header["DATE"] = "DrizzlePac 3.2.0", "2021-05-06"
    columns = [
        fits.Column("ROOTNAME", "9A", array=[name for name, _ in skies]),
        fits.Column("EXTVER", "K", array=[extver for _, extver in skies]),
        fits.Column("MDRIZSKY", form, array=list(skies.values())),
        fits.Column("BUNIT", "12A", array=[unit for _ in skies]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="HDRTAB")
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([primary, table]).writeto(path)
    return path
