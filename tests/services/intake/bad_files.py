"""Files with something wrong, by the hundred: each a small change of one sound exposure.

A case says how the file is made, and a word of what is said of it. Bytes are changed in memory,
so that a case costs no more than the writing of its file.
"""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from tests.services.tools import write_exposure

BLOCK, CARD = 2880, 80
#: Where the HDUs of the template begin.
STARTS = {"PRIMARY": 0, "SCI": BLOCK, "ERR": 4 * BLOCK, "DQ": 7 * BLOCK}
PLACEHOLDER = "ibxlzzzzq"

#: A gigabyte of zeros, packed; a stream may have several parts.
ZEROS = gzip.compress(b"\0" * (1 << 24), 1) * 64

Make = Callable[[Path, bytes], None]


def template(directory: Path) -> bytes:
    """A sound exposure whose rootname is :data:`PLACEHOLDER`."""
    path = write_exposure(directory, PLACEHOLDER, **{"DATE-OBS": "2012-11-13"})
    with fits.open(path) as found:
        assert [hdu.fileinfo()["hdrLoc"] for hdu in found] == list(STARTS.values())
    return path.read_bytes()


def named(content: bytes, rootname: str) -> bytes:
    """The content under another rootname of nine characters."""
    return content.replace(PLACEHOLDER.encode(), rootname.encode())


def card(key: str, value: object) -> bytes:
    """One card, or several with CONTINUE; bytes are the value as it is to stand."""
    if isinstance(value, bytes):
        return f"{key:8}= ".encode().ljust(10) + value.ljust(70)[:70]
    return str(fits.Card(key, value)).encode("ascii", "replace")


def with_cards(content: bytes, hdu: str, cards: Mapping[str, object]) -> bytes:
    """The content with cards changed or added; None takes a card out."""
    start = STARTS[hdu]
    end = start + BLOCK
    while b"END".ljust(CARD) not in content[start:end]:
        end += BLOCK
    lines = [content[at : at + CARD] for at in range(start, end, CARD)]
    lines = lines[: lines.index(b"END".ljust(CARD))]
    for key, value in cards.items():
        at = next(
            (i for i, one in enumerate(lines) if one[:8].rstrip() == key.encode()), len(lines)
        )
        lines[at : at + 1] = [] if value is None else [card(key, value)]
    header = b"".join(lines) + b"END".ljust(CARD)
    header = header.ljust(-(-len(header) // BLOCK) * BLOCK)
    return content[:start] + header + content[end:]


def cards(hdu: str, /, **values: object) -> Make:
    """Change some cards; ``__`` stands for a hyphen."""
    wanted = {key.replace("__", "-"): value for key, value in values.items()}
    return lambda path, content: _write(path, with_cards(content, hdu, wanted))


def changed(change: Callable[[bytes], bytes]) -> Make:
    """Change the bytes."""
    return lambda path, content: _write(path, change(content))


def pixels(change: Callable[[np.ndarray], np.ndarray], name: str = "SCI") -> Make:
    """Change the pixels of one extension."""

    def make(path: Path, content: bytes) -> None:
        with fits.open(BytesIO(content)) as hdus:
            hdus[name].data = change(hdus[name].data)
            hdus.writeto(path)

    return make


def hdus(change: Callable[[fits.HDUList], object]) -> Make:
    """Change the list of HDUs."""

    def make(path: Path, content: bytes) -> None:
        with fits.open(BytesIO(content)) as found:
            change(found)
            found.writeto(path, output_verify="ignore")

    return make


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def special(make: Callable[[Path], object]) -> Make:
    return lambda path, _: make(path) and None  # type: ignore[func-returns-value]


def _listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # The name of a socket may have 108 characters, so that it is made beside and moved.
        short = Path(f"/tmp/skydb-{os.getpid()}-{path.stem[:9]}")
        listener.bind(str(short))
        short.rename(path)


def many_extensions(content: bytes, count: int) -> bytes:
    empty = b"".join(
        [
            card("XTENSION", "IMAGE"),
            *(card(key, number) for key, number in (("BITPIX", 8), ("NAXIS", 0))),
            *(card(key, number) for key, number in (("PCOUNT", 0), ("GCOUNT", 1))),
            b"END".ljust(CARD),
        ]
    ).ljust(BLOCK)
    return content + empty * count


def _huge_header(content: bytes) -> bytes:
    start = content.index(b"END".ljust(CARD))
    header = content[:start] + card("COMMENT", "x").ljust(CARD) * 210_000 + b"END".ljust(CARD)
    return header.ljust(-(-len(header) // BLOCK) * BLOCK) + content[STARTS["SCI"] :]


def _table(content: bytes, *, form: str, rows: int) -> bytes:
    """A product whose table of members has one column of a strange format."""
    header = [
        *(("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2)),
        *(("NAXIS1", 9 if rows == 1 else 0), ("NAXIS2", rows)),
        *(("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", 1), ("TTYPE1", "ROOTNAME")),
        *(("TFORM1", form), ("EXTNAME", "HDRTAB")),
    ]
    text = b"".join(card(key, value) for key, value in header) + b"END".ljust(CARD)
    drizzled = with_cards(content, "PRIMARY", {"NDRIZIM": 1})
    return drizzled + text.ljust(BLOCK) + b"ibxl50iaq".ljust(BLOCK if rows == 1 else 0, b"\0")


def _embedded(content: bytes, payload: bytes) -> bytes:
    """The content with a headerlet inside that is nonsense."""
    header = [
        *(("XTENSION", "HDRLET"), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", len(payload))),
        *(("PCOUNT", 0), ("GCOUNT", 1), ("EXTNAME", "HDRLET"), ("HDRNAME", "x")),
    ]
    text = b"".join(card(key, value) for key, value in header) + b"END".ljust(CARD)
    padded = payload.ljust(-(-len(payload) // BLOCK) * BLOCK, b"\0")
    return content + text.ljust(BLOCK) + padded


def _all_but_one(data: np.ndarray) -> np.ndarray:
    found = np.full_like(data, np.nan)
    found[0, 0] = 1.0
    return found


def _all(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda data: np.full_like(data, value)


def _too_long(hdu: str, key: str, room: int) -> tuple[Make, str]:
    return cards(hdu, **{key: "L" * (room + 1)}), f"there is room for {room}"


#: What cannot be used, by what is wrong: how it is made, and a word of the reason.
REJECTED: dict[str, tuple[Make, str]] = {
    **{
        f"{hdu}: {key} is {number}": (cards(hdu, **{key: number}), words)
        for hdu, key, words in (
            *(("SCI", "NAXIS1", "truncated"), ("ERR", "NAXIS2", "truncated")),
            ("PRIMARY", "NAXIS", "does not describe its data"),
        )
        for number in (2**31, 2**62, 10**30)
    },
    **{
        f"{key} is {value!r}": (cards("SCI", **{key.rstrip(): value}), words)
        for key, words, *values in (
            ("NAXIS1", "negative size", -1),
            ("NAXIS", "does not describe its data", -1, 999, "two"),
            ("NAXIS ", "NEXTEND", 0, 1),
            ("BITPIX", "truncated", 0),
            ("BITPIX ", "truncated", -12800),
            ("BITPIX  ", "does not describe its data", "x"),
            ("PCOUNT", "negative size", -5),
            ("PCOUNT ", "truncated", 10**20),
            ("GCOUNT", "negative size", -1),
            ("GCOUNT ", "truncated", 10**20),
            ("XTENSION", "SCI", "", "IMAG"),
            ("EXTVER", "EXTVER", 0, -1, 2**31, 10**25),
            ("EXTNAME", "SCI", "", "PIXELS"),
            ("CRVAL1", "CRVAL1", None, "x", b"nan", b"1e999", True),
            ("CRVAL1 ", "CRVAL", 1e6),
            ("CRVAL2", "CRVAL2", None, b"inf"),
            ("CRVAL2 ", "cannot be built", 91.0, -1e30),
            ("CRPIX1", "CRPIX", None),
            ("CRPIX1 ", "SCI,1", 1e30, b"-inf"),
            ("CD1_1", "CD1_1", b"nan"),
            ("CD1_1 ", "SCI,1", 0.0, 1.0, b"1e400", 1e-30),
            ("CTYPE1", "axes", "GLON-TAN", ""),
            ("CUNIT1", "CUNIT1", "rad", "furlong"),
            ("A_ORDER", "A_ORDER", -1, 10, 10**20, "x", b"nan"),
            ("A_2_0", "A_2_0", b"nan", "x"),
            ("A_2_0 ", "moves a pixel", 1e10),
            ("EQUINOX", "EQUINOX", 1950.0, 1e300),
            ("LONPOLE", "LONPOLE", 0.0, 1e300),
            ("RADESYS", "RADESYS", "GALACTIC", "FK4"),
            ("NGOODPIX", "is out of range", 2**70, 10**60),
            ("CCDCHIP", "is out of range", 2**31),
        )
        for value in values
    },
    **{
        f"{key} is {value!r}": (cards("PRIMARY", **{key.rstrip(): value}), words)
        for key, words, *values in (
            ("TELESCOP", "TELESCOP", None, "JWST", "", 7),
            ("INSTRUME", "", None, "WFC9", "", b"T"),
            ("DETECTOR", "DETECTOR", None, "NIR", 10**30),
            ("ROOTNAME", "ROOTNAME", None, "", "../../etc", "a/b/c/d/e", "i" * 60, b"T"),
            ("FILTER", "FILTER", None, ""),
            ("FILTER ", "there is room for 40", "F" * 41, "F" * 300),
            ("PROPOSID", "PROPOSID", None, "x", -7, 2**31, 10**25, b"1e400", b"nan", 1.5),
            ("EXPTIME", "EXPTIME", None, "x", b"nan", b"1e999", True),
            ("OBSTYPE", "a spectrum", "SPECTROSCOPIC"),
            ("SIMPLE", "SIMPLE", None),
        )
        for value in values
    },
    **{
        f"{key} has {room + 1} characters": _too_long(hdu, key, room)
        for hdu, key, room in (
            *(("PRIMARY", "TARGNAME", 64), ("PRIMARY", "APERTURE", 24), ("PRIMARY", "CAL_VER", 64)),
            *(("PRIMARY", "IDCTAB", 64), ("PRIMARY", "DATE", 32), ("PRIMARY", "ASN_ID", 12)),
            *(("PRIMARY", "DATE-OBS", 10), ("PRIMARY", "EXPFLAG", 32), ("PRIMARY", "FGSLOCK", 32)),
            *(("PRIMARY", "GUIDEACT", 32), ("PRIMARY", "MTFLAG", 8), ("PRIMARY", "SCAN_TYP", 8)),
            *(("PRIMARY", "OPUS_VER", 64), ("PRIMARY", "PROD_VER", 64), ("SCI", "BUNIT", 32)),
            *(("SCI", "WCSNAME", 80), ("SCI", "WCSTYPE", 120), ("SCI", "HDRNAME", 120)),
        )
    },
    **{
        f"cut after {blocks} blocks": (
            changed(lambda content, n=blocks: content[: n * BLOCK]),
            "truncated" if blocks else "empty",
        )
        for blocks in range(9)
    },
    **{
        f"cut in block {blocks}": (
            changed(lambda content, n=blocks: content[: n * BLOCK + 1234]),
            "truncated",
        )
        for blocks in range(9)
    },
    **{
        f"garbage in byte {at}": (
            changed(lambda content, at=at: content[:at] + b"\xff\0\x1b" + content[at + 3 :]),
            "",
        )
        for at in (0, 6, BLOCK, BLOCK + 8)
    },
    "text": (changed(lambda _: b"not FITS"), "not a FITS file"),
    "zeros": (changed(lambda content: b"\0" * len(content)), "not a FITS file"),
    "a web page": (changed(lambda _: b"<!DOCTYPE html><title>404</title>"), "not a FITS file"),
    "a line before it": (changed(lambda content: b"\n" + content), "not a FITS file"),
    "without END": (changed(lambda content: content[:BLOCK].replace(b"END ", b"EDN ")), "END"),
    "a named pipe": (special(os.mkfifo), "named pipe"),
    "a socket": (special(_listen), "socket"),
    "an endless device": (special(lambda path: path.symlink_to("/dev/zero")), "device"),
    "a device of noise": (special(lambda path: path.symlink_to("/dev/urandom")), "device"),
    "nothing": (special(lambda path: path.symlink_to("/dev/null")), "device"),
    "a link to itself": (special(lambda path: path.symlink_to(path)), "symbolic links"),
    "a link to nothing": (special(lambda path: path.symlink_to("gone")), "No such file"),
    "packed twice": (changed(lambda one: gzip.compress(gzip.compress(one))), "not a FITS file"),
    "packed and cut": (changed(lambda content: gzip.compress(content)[:-9]), "gzip"),
    "packed garbage": (changed(lambda _: b"\x1f\x8b" + b"x" * 999), "gzip"),
    "packed nothing": (changed(lambda _: gzip.compress(b"")), "empty"),
    "packed zeros": (changed(lambda content: gzip.compress(content) + ZEROS), "unpacks"),
    "ten thousand HDUs": (changed(lambda content: many_extensions(content, 10_000)), "HDUs"),
    "a header of many cards": (changed(_huge_header), "cards"),
    "a header without an end": (changed(lambda _: card("SIMPLE", b"T") * 210_000), "cards"),
    "two chips of one number": (hdus(lambda found: found.append(found["SCI"].copy())), "EXTVER"),
    "no chip": (hdus(lambda found: found.pop(1)), "truncated"),
    "flags of another size": (
        hdus(lambda found: setattr(found["DQ"], "data", np.zeros((3, 4), np.int16))),
        "another shape",
    ),
    "a cube": (hdus(lambda found: setattr(found["SCI"], "data", np.zeros((2, 24, 32)))), "3 dim"),
    "without pixels": (hdus(lambda found: setattr(found["SCI"], "data", None)), "no pixels"),
    "NUL in a text": (
        changed(lambda content: content.replace(b"'HORSEHEAD", b"'HORSE\0EAD")),
        "TARGNAME",
    ),
}

#: Products whose table of members is strange, with a word of the reason.
TABLES: dict[str, tuple[Make, str]] = {
    f"TFORM {form!r}, {rows} rows": (changed(partial(_table, form=form, rows=rows)), "HDRTAB")
    for form, rows in (
        *(("", 1), ("9Z", 1), ("99999999999A", 1), ("-9A", 1), ("9" * 60 + "A", 1)),
        *(("1QD(2147483648)", 1), ("9A", 10**9)),
    )
}

#: What is recorded, with a word of what is said of it; None for nothing.
RECORDED: dict[str, tuple[Make, str | None]] = {
    "nothing wrong": (changed(lambda content: content), None),
    "packed": (changed(gzip.compress), None),
    "outside ASCII": (changed(lambda content: content.replace(b"/ ", b"/\xe9")), None),
    "records after the last HDU": (changed(lambda content: content + b"x" * BLOCK), None),
    "a headerlet that is none": (changed(lambda one: _embedded(one, b"nonsense")), "HDRLET,1"),
    "a headerlet that is a bomb": (changed(lambda one: _embedded(one, ZEROS)), "unpacks"),
    **{
        f"{key} has {room} characters": (cards(hdu, **{key: "L" * room}), words)
        for hdu, key, room, words in (
            *(("PRIMARY", "TARGNAME", 64, None), ("SCI", "WCSNAME", 80, None)),
            *(("SCI", "HDRNAME", 120, None), ("PRIMARY", "DATE-OBS", 10, "DATE-OBS")),
        )
    },
    "no pixel is a number": (pixels(_all(np.nan)), "no pixel that is a number"),
    "no pixel is finite": (pixels(_all(np.inf)), "no pixel that is a number"),
    "one pixel is a number": (pixels(_all_but_one), None),
    **{
        f"{key} is {value!r}": (cards(hdu, **{key: value}), key if is_doubted else None)
        for hdu, key, is_doubted, *values in (
            ("SCI", "MDRIZSKY", True, 1e30, -1e9, "x"),
            ("SCI", "MDRIZSKY", False, 0.0, 0.7, -0.1, 5e4),
            ("SCI", "NGOODPIX", True, -5),
            ("PRIMARY", "CCDGAIN", True, 0, 0.0, -1.5, "x"),
            ("PRIMARY", "CCDGAIN", False, 2.5, 1),
            ("PRIMARY", "EXPTIME", True, -1.0, 1e12),
            ("PRIMARY", "EXPSTART", True, None, 0.0, 1e9, 57000.0),
            ("PRIMARY", "DATE-OBS", True, "2019-13-45", "yesterday", "1066-10-14", "2012-11-19"),
            ("PRIMARY", "DATE-OBS", False, None, "13/11/12", "2012-11-12"),
            ("PRIMARY", "RA_TARG", True, 1e5),
            ("PRIMARY", "NEXTEND", True, -3, 99),
            ("SCI", "BUNIT", True, None, "BANANAS"),
        )
        for value in values
    },
}
