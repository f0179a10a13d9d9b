"""Small but real files that an archive has beside those that anyone wants."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from skydb.simulate.truth import VisitTruth

if TYPE_CHECKING:
    from astropy.io import fits

#: Side of the raw images, in pixels.
_RAW_SIZE = 16


def raw_image(rootname: str) -> bytes:
    """A RAW file: one small, empty science extension."""
    import numpy as np
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    primary.header["ROOTNAME"] = rootname
    primary.header["FILENAME"] = f"{rootname}_raw.fits"
    science = fits.ImageHDU(np.zeros((_RAW_SIZE, _RAW_SIZE), np.int16), name="SCI", ver=1)
    return _bytes(fits.HDUList([primary, science]))


def association_table(visit: VisitTruth) -> bytes:
    """An ASN file: the exposures and the product of a visit."""
    import numpy as np
    from astropy.io import fits

    names = [*(rootname.upper() for rootname in visit.members), visit.asn_id.upper()]
    kinds = [*["EXP-DTH"] * len(visit.members), "PROD-DTH"]
    primary = fits.PrimaryHDU()
    primary.header["ASN_ID"] = visit.asn_id.upper()
    columns = [
        fits.Column("MEMNAME", "14A", array=np.array(names)),
        fits.Column("MEMTYPE", "14A", array=np.array(kinds)),
        fits.Column("MEMPRSNT", "L", array=np.ones(len(names), bool)),
    ]
    return _bytes(fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="ASN")]))


def log_text(visit: VisitTruth) -> bytes:
    """A processing log."""
    lines = [f"SVM processing of visit {visit.visit}", *visit.members, "Return exit code: 0"]
    return "\n".join(lines).encode() + b"\n"


def preview(asn_id: str) -> bytes:
    """A JPEG without pixels: start, comment, end."""
    comment = asn_id.encode()
    length = (len(comment) + 2).to_bytes(2, "big")
    return b"\xff\xd8\xff\xfe" + length + comment + b"\xff\xd9"


def _bytes(hdus: fits.HDUList) -> bytes:
    stream = io.BytesIO()
    hdus.writeto(stream, checksum=False)
    return stream.getvalue()
