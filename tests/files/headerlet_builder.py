"""Small headerlets, as files and as HDRLET extensions."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

from tests.files.builders import chip_cards

NAME = "IDC_w3m18525i-FIT_REL_GAIADR2"


def headerlet_bytes(
    chips: list[dict[str, object]] | None = None,
    *,
    name: str = NAME,
    destination: str | None = "ibxl50ivq",
    primary: Mapping[str, object] = {},
) -> bytes:
    """A headerlet file with one SIPWCS extension a chip."""
    header = fits.Header()
    header["HDRNAME"], header["WCSNAME"] = f"{destination}_{name}", name
    header["IDCTAB"], header["UPWCSVER"] = "iref$w3m18525i_idc.fits", "1.4.0"
    header["DATE"] = "2021-01-05T05:23:11"
    if destination is not None:
        header["DESTIM"] = destination
    header.update(primary)
    hdus = [fits.PrimaryHDU(header=header)]
    for extver, cards in enumerate(chips or [chip_cards((85.2501, -2.4502), name=name)], 1):
        sip = fits.ImageHDU(header=fits.Header(list(cards.items())), name="SIPWCS", ver=extver)
        sip.header["TG_ENAME"], sip.header["TG_EVER"] = "SCI", extver
        hdus.append(sip)
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    return stream.getvalue()


def append_hdrlet(
    path: Path, payload: bytes, *, extver: int = 1, name: str = NAME, compress: bool = False
) -> Path:
    """Append a HDRLET extension, which is no type of the FITS standard, to a file."""
    data = gzip.compress(payload) if compress else payload
    cards = [
        ("XTENSION", "HDRLET"), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", len(data)),
        ("PCOUNT", 0), ("GCOUNT", 1), ("COMPRESS", compress), ("HDRNAME", f"of {name}"),
        ("WCSNAME", name), ("EXTNAME", "HDRLET"), ("EXTVER", extver),
    ]  # fmt: skip
    header = "".join(str(fits.Card(*card)) for card in cards) + "END".ljust(80)
    header = header.ljust(-(-len(header) // 2880) * 2880)
    with path.open("ab") as stream:
        stream.write(header.encode() + data.ljust(-(-len(data) // 2880) * 2880, b"\0"))
    return path
