"""Cosmic rays of an exposure, kept beside it as part of the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UnreadableFileError
from skydb.simulate.cosmic_rays import Hits

#: Directory of the masks, inside the field's own.
_HOME = "truth"


def hits_name(rootname: str) -> str:
    """Path of the mask of an exposure, relative to the directory of its field."""
    return f"{_HOME}/{rootname}_crmask.fits"


def write_hits(directory: Path, rootname: str, hits: Mapping[int, Hits]) -> Path:
    """Write the hits of all chips (EXTVER) of an exposure.

    Each chip has an extension CRMASK (1: more charge was left than the noise of the pixel,
    2: the ramp fit removed it and flagged the pixel) and one CRCHARGE (whole electrons that
    are in the image), both compressed without loss.
    """
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["ROOTNAME"] = rootname
    for extver, one in sorted(hits.items()):
        charge = np.rint(one.charge).astype(np.int32)
        for name, data in (("CRMASK", one.mask), ("CRCHARGE", charge)):
            # Not gzip, which would note the time: the same plan gives the same bytes.
            packed = fits.CompImageHDU(data, name=name, compression_type="RICE_1")
            packed.header["EXTVER"] = extver
            hdus.append(packed)
    path = directory / hits_name(rootname)
    path.parent.mkdir(exist_ok=True)
    hdus.writeto(path, overwrite=True)
    return path


@dataclass(frozen=True, slots=True)
class TrueHits:
    """Hits of one chip as they were written: see :func:`write_hits`."""

    mask: NDArray[np.uint8]
    charge: NDArray[np.int32]


def read_hits(path: Path) -> dict[int, TrueHits]:
    """Hits of every chip (EXTVER) of an exposure.

    Raises
    ------
    UnreadableFileError
        When the file cannot be read.
    """
    from astropy.io import fits

    try:
        with fits.open(path) as hdus:
            return {
                hdu.ver: TrueHits(hdu.data, hdus["CRCHARGE", hdu.ver].data)
                for hdu in hdus
                if hdu.name == "CRMASK"
            }
    except (OSError, KeyError) as error:
        raise UnreadableFileError(path, f"is not a mask of cosmic rays ({error})") from error
