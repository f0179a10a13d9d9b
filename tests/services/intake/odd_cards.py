"""More files with something wrong: cards that tools read differently, and packed ones."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
from astropy.io import fits

from tests.services.intake.bad_files import (
    BLOCK,
    CARD,
    STARTS,
    Make,
    card,
    cards,
    changed,
    hdus,
    many_extensions,
)


def added(hdu: str, *lines: bytes) -> Make:
    """Add cards at the end of a header, as they are given."""

    def change(content: bytes) -> bytes:
        at = content.index(b"END".ljust(CARD), STARTS[hdu])
        end = STARTS[hdu] + -(-(at + CARD - STARTS[hdu]) // BLOCK) * BLOCK
        text = content[STARTS[hdu] : at] + b"".join(one.ljust(CARD) for one in lines)
        text += b"END".ljust(CARD)
        return content[: STARTS[hdu]] + text.ljust(-(-len(text) // BLOCK) * BLOCK) + content[end:]

    return changed(change)


def ordered(*places: int) -> Make:
    """Put the HDUs in another order."""
    return hdus(lambda found: list.__setitem__(found, slice(None), [found[at] for at in places]))


def _parts(image: fits.ImageHDU) -> tuple[np.ndarray, fits.Header]:
    return image.data, image.header


#: What cannot be used, with a word of the reason.
REJECTED: dict[str, tuple[Make, str]] = {
    **{
        f"{key} twice": (added("SCI", card(key, value)), f"{key} of SCI,1 stands twice")
        for key, value in (
            *(("CRVAL1", 185.0), ("CRVAL2", 0.0), ("CD1_1", -1e-5), ("CRPIX1", 1.0)),
            *(("NAXIS1", 64), ("CTYPE1", "RA---SIN"), ("WCSNAME", "another"), ("A_ORDER", 4)),
        )
    },
    **{
        f"{key} is {number!r}": (cards("SCI", **{key: number}), f"{key} of SCI,1 is a text")
        for key, number in (("CRVAL1", "85.25"), ("CD1_1", "-3.56E-5"), ("CRPIX2", "12.5"))
    },
    "packed by bzip2": (changed(bz2.compress), "not a FITS file"),
    "packed by xz": (changed(lzma.compress), "not a FITS file"),
    "packed and half": (changed(lambda one: gzip.compress(one)[:300]), "gzip"),
    "packed with junk behind": (changed(lambda one: gzip.compress(one) + b"junk"), "gzip"),
    "packed with a wrong sum": (
        changed(lambda one: gzip.compress(one)[:-8] + bytes(4) + gzip.compress(one)[-4:]),
        "gzip",
    ),
    "tiles of fpack": (
        hdus(lambda found: found.__setitem__(1, fits.CompImageHDU(*_parts(found[1])))),
        "tile-compressed",
    ),
    "CONTINUE after a number": (added("PRIMARY", b"CONTINUE  'orphan'"), "cannot be parsed"),
    "a quote that does not end": (cards("PRIMARY", FILTER=b"'F160W"), "FILTER cannot be parsed"),
    "a tab in a text": (cards("PRIMARY", TARGNAME=b"'HORSE\tHEAD'"), "TARGNAME"),
    "no width": (cards("SCI", NAXIS1=0), "truncated"),
    "without a matrix": (
        cards("SCI", CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None),
        "scale of SCI,1",
    ),
    "tables of distortion that are not there": (
        cards("SCI", CPDIS1="LOOKUP"),
        "SCI,1 names WCSDVARR,1, which is not in the file",
    ),
}

#: What is recorded, with a word of what is said of it; None for nothing.
RECORDED: dict[str, tuple[Make, str | None]] = {
    **{
        f"{key} twice": (added(hdu, card(key, value)), f"{key} of ")
        for hdu, key, value in (
            *(("PRIMARY", "FILTER", "F814W"), ("PRIMARY", "EXPTIME", 1.0)),
            *(("PRIMARY", "ROOTNAME", "ibxl50zzq"), ("SCI", "BUNIT", "COUNTS")),
        )
    },
    "the same card twice": (added("SCI", card("BUNIT", "ELECTRONS/S")), None),
    "two of another task": (added("SCI", card("MINE", 1), card("MINE", 2)), None),
    "a filter without blank": (
        changed(lambda one: one.replace(b"FILTER  = 'F160W", b"FILTER  ='F160W ")),
        "filter",
    ),
    "a filter outside ASCII": (
        changed(lambda one: one.replace(b"'F160W", b"'F160\xc4")),
        "filter",
    ),
    "a text for the exposure time": (cards("PRIMARY", EXPTIME="502.9"), "EXPTIME"),
    "SIMPLE is F": (cards("PRIMARY", SIMPLE=False), "SIMPLE"),
    "BSCALE is 0": (cards("SCI", BSCALE=0.0), "BSCALE"),
    "BSCALE is a text": (cards("SCI", BSCALE="x"), "BSCALE"),
    "pixels to be scaled": (cards("SCI", BSCALE=2.0, BZERO=5.0), None),
    "an exponent of Fortran": (cards("SCI", CRVAL1=b"8.525D1"), None),
    "keywords in small letters": (
        changed(lambda one: one.replace(b"CRVAL1  =", b"crval1  =")),
        None,
    ),
    "five thousand HDUs": (changed(lambda one: many_extensions(one, 5000)), None),
    "a long history": (added("PRIMARY", *[b"HISTORY x"] * 100_000), None),
    "bytes in a comment": (added("PRIMARY", b"COMMENT " + bytes(range(128, 200))), None),
    "CONTINUE that is missing": (cards("PRIMARY", TARGNAME="HORSE&"), None),
    "CONTINUE without a text": (added("PRIMARY", card("LONG", "abc&"), b"CONTINUE  x"), None),
    "CONTINUE three thousand times": (
        added("PRIMARY", card("LONG", "abc&"), *[b"CONTINUE  'x&'"] * 3000),
        None,
    ),
    "flags before pixels": (ordered(0, 3, 2, 1), None),
    "packed in two members": (
        changed(lambda one: gzip.compress(one[:5000]) + gzip.compress(one[5000:])),
        None,
    ),
}
