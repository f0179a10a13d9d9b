"""Files with something wrong, by the hundred: each a small change of one sound exposure.

A case says how the file is made, what is to become of it, and a word of the reason. Bytes are
changed in memory, so that a case costs no more than the writing of its file.
"""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.domain.vocabulary import IngestStatus
from tests.services.tools import write_exposure

BLOCK, CARD = 2880, 80
NEW, REJECTED, KNOWN = IngestStatus.NEW, IngestStatus.REJECTED, IngestStatus.KNOWN
#: Where the HDUs of the template begin: primary, SCI, ERR, DQ.
NAMES = ("PRIMARY", "SCI", "ERR", "DQ")
PLACEHOLDER = "ibxlzzzzq"

Make = Callable[[Path, bytes], None]


@dataclass(frozen=True)
class Case:
    """One file; ``words`` are part of the reason, None when nothing is to be said."""

    make: Make
    status: IngestStatus
    words: str | None


def template(directory: Path) -> bytes:
    """A sound exposure whose rootname is :data:`PLACEHOLDER`."""
    return write_exposure(directory, PLACEHOLDER, **{"DATE-OBS": "2012-11-13"}).read_bytes()


def named(content: bytes, rootname: str) -> bytes:
    """The content under another rootname of nine characters."""
    return content.replace(PLACEHOLDER.encode(), rootname.encode())


def card(key: str, value: object) -> bytes:
    """One card, or several with CONTINUE; bytes are the value as it is to stand."""
    if isinstance(value, bytes):
        return f"{key:8}= ".encode().ljust(10) + value.ljust(70)[:70]
    return str(fits.Card(key, value)).encode("ascii", "replace")


def starts(content: bytes) -> dict[str, int]:
    """Where the HDUs begin."""
    with fits.open(BytesIO(content)) as hdus:
        return {name: hdus[name].fileinfo()["hdrLoc"] for name in NAMES}


def with_cards(content: bytes, hdu: str, cards: Mapping[str, object]) -> bytes:
    """The content with cards changed or added; None takes a card out."""
    start = starts(content)[hdu]
    end = start + BLOCK
    while b"END".ljust(CARD) not in content[start:end]:
        end += BLOCK
    lines = [content[at : at + CARD] for at in range(start, end, CARD)]
    lines = lines[: lines.index(b"END".ljust(CARD))]
    for key, value in cards.items():
        at = next((i for i, one in enumerate(lines) if one[:8].rstrip() == key.encode()), len(lines))
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


def _special(make: Callable[[Path], object]) -> Make:
    return lambda path, _: make(path) and None  # type: ignore[func-returns-value]


def _listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # The name of a socket may have 108 characters, so that it is made beside and moved.
        short = Path(f"/tmp/skydb-{os.getpid()}-{path.stem[:9]}")
        listener.bind(str(short))
        short.rename(path)


def _before(path: Path, content: bytes) -> None:
    _write(path, b"\n" + content)


def _many_extensions(content: bytes, count: int) -> bytes:
    empty = b"".join(
        [
            card("XTENSION", "IMAGE"),
            *(card(key, number) for key, number in (("BITPIX", 8), ("NAXIS", 0))),
            *(card(key, number) for key, number in (("PCOUNT", 0), ("GCOUNT", 1))),
            b"END".ljust(CARD),
        ]
    ).ljust(BLOCK)
    return content + empty * count


def _huge_header(content: bytes, count: int) -> bytes:
    comments = card("COMMENT", "x").ljust(CARD) * count
    start = content.index(b"END".ljust(CARD))
    header = content[:start] + comments + b"END".ljust(CARD)
    return header.ljust(-(-len(header) // BLOCK) * BLOCK) + content[starts(content)["SCI"] :]


def _twice_packed(content: bytes) -> bytes:
    return gzip.compress(gzip.compress(content))


def _bomb(content: bytes) -> bytes:
    return gzip.compress(content + b"\0" * (300 << 20), 1)


def _table(content: bytes, form: str) -> bytes:
    """The content with a table HDRTAB whose column has a strange format."""
    header = [
        *(("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 9), ("NAXIS2", 1)),
        *(("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", 1), ("TTYPE1", "ROOTNAME")),
        *(("TFORM1", form), ("EXTNAME", "HDRTAB")),
    ]
    text = b"".join(card(key, value) for key, value in header) + b"END".ljust(CARD)
    drizzled = with_cards(content, "PRIMARY", {"NDRIZIM": 1})
    return drizzled + text.ljust(BLOCK) + b"ibxl50iaq".ljust(BLOCK, b"\0")


def _embedded(content: bytes, payload: bytes) -> bytes:
    """The content with a headerlet inside that is nonsense."""
    header = [
        *(("XTENSION", "HDRLET"), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", len(payload))),
        *(("PCOUNT", 0), ("GCOUNT", 1), ("EXTNAME", "HDRLET"), ("HDRNAME", "x")),
    ]
    text = b"".join(card(key, value) for key, value in header) + b"END".ljust(CARD)
    padded = payload.ljust(-(-len(payload) // BLOCK) * BLOCK, b"\0")
    return content + text.ljust(BLOCK) + padded


def _all(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda data: np.full_like(data, value)


#: What cannot be used, by what is wrong: how it is made, and a word of the reason.
_REJECTED: dict[str, tuple[Make, str]] = {
    **{
        f"{hdu}: {key} is {number}": (cards(hdu, **{key: number}), words)
        for hdu, key in (("SCI", "NAXIS1"), ("ERR", "NAXIS2"), ("PRIMARY", "NAXIS"))
        for number, words in ((-1, "size"), (2**31, ""), (2**62, ""), (10**30, ""))
    },
    **{
        f"{key} is {value!r}": (cards("SCI", **{key: value}), "")
        for key, values in {
            "BITPIX": (0, 7, -128, "x"),
            "NAXIS": (0, 1, 999, -2, "two"),
            "PCOUNT": (-5, 10**20),
            "GCOUNT": (-1, 10**20),
            "XTENSION": ("", "IMAG"),
            "EXTVER": (0, -1, 2**31, 10**25),
            "EXTNAME": ("", "PIXELS"),
        }.items()
        for value in values
    },
    **{
        f"{key} is {value!r}": (cards("SCI", **{key: value}), key.rstrip("12_"))
        for key, values in {
            "CRVAL1": (None, "x", b"nan", b"1e999", 1e6, True),
            "CRVAL2": (None, 91.0, -1e30, b"inf"),
            "CRPIX1": (None, 1e30, b"-inf"),
            "CD1_1": (0.0, 1.0, b"1e400", b"nan", 1e-30),
            "CTYPE1": ("GLON-TAN", "RA---XYZ", ""),
            "CUNIT1": ("rad", "furlong"),
            "A_ORDER": (-1, 10, 10**20, "x", b"nan"),
            "A_2_0": (1e10, b"nan", "x"),
            "EQUINOX": (1950.0, 1e300),
            "LONPOLE": (0.0, 1e300),
            "RADESYS": ("GALACTIC", "FK4"),
        }.items()
        for value in values
    },
    **{
        f"{key} is {value!r}": (cards("PRIMARY", **{key: value}), key.rstrip("12_"))
        for key, values in {
            "TELESCOP": (None, "JWST", "", 7),
            "INSTRUME": (None, "WFC9", "", b"T"),
            "DETECTOR": (None, "NIR", 10**30),
            "ROOTNAME": (None, "", "../../etc", "a/b/c/d/e", "ibxl", "i" * 60, 123456789, b"T"),
            "FILTER": (None, "", "F" * 41),
            "PROPOSID": (None, "x", -7, 2**31, 10**25, b"1e400", b"nan", 1.5),
            "EXPTIME": (None, "x", b"nan", b"1e999", True),
            "NGOODPIX": (2**31, 2**70, 10**400 // 10**340),
            "CCDCHIP": (2**31, -(2**63)),
            "OBSTYPE": ("SPECTROSCOPIC",),
            "SIMPLE": (None, "T"),
            "GROUPS": (b"T",) * 0,
        }.items()
        for value in values
    },
    **{
        f"{key} has {room + 1} characters": (cards(hdu, **{key: "L" * (room + 1)}), str(room))
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
        f"cut after {blocks} blocks": (changed(lambda content, n=blocks: content[: n * BLOCK]), "")
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
        for at in (0, 6, 10, 29, BLOCK, BLOCK + 8)
    },
    "empty": (changed(lambda _: b""), "empty"),
    "text": (changed(lambda _: b"not FITS"), "not a FITS file"),
    "zeros": (changed(lambda content: b"\0" * len(content)), "not a FITS file"),
    "a web page": (changed(lambda _: b"<!DOCTYPE html><title>404</title>"), "not a FITS file"),
    "a line before it": (changed(lambda content: b"\n" + content), "not a FITS file"),
    "without END": (changed(lambda content: content[:BLOCK].replace(b"END ", b"EDN ")), "END"),
    "a named pipe": (_special(os.mkfifo), "named pipe"),
    "a socket": (_special(_listen), "socket"),
    "an endless device": (_special(lambda path: path.symlink_to("/dev/zero")), "device"),
    "a device of noise": (_special(lambda path: path.symlink_to("/dev/urandom")), "device"),
    "a terminal": (_special(lambda path: path.symlink_to("/dev/tty")), ""),
    "nothing": (_special(lambda path: path.symlink_to("/dev/null")), "device"),
    "a link to itself": (_special(lambda path: path.symlink_to(path)), "symbolic links"),
    "a link to nothing": (_special(lambda path: path.symlink_to("gone")), "No such file"),
    "a process's memory": (_special(lambda path: path.symlink_to("/proc/self/mem")), ""),
    "packed twice": (changed(_twice_packed), "not a FITS file"),
    "packed and cut": (changed(lambda content: gzip.compress(content)[:-9]), "gzip"),
    "packed garbage": (changed(lambda _: b"\x1f\x8b" + b"x" * 999), "gzip"),
    "packed nothing": (changed(lambda _: gzip.compress(b"")), "empty"),
    "packed zeros": (changed(_bomb), "unpacks"),
    "a million headers": (changed(lambda content: _many_extensions(content, 12_000)), "HDUs"),
    "a table of format 1PX": (changed(lambda content: _table(content, "1PX(99)")), ""),
    **{
        f"a table of format {form}": (changed(lambda content, form=form: _table(content, form)), "")
        for form in ("", "9Z", "99999999999A", "-9A", "9", "PA", "1QD(2147483648)", "9" * 60 + "A")
    },
    "two chips of one number": (hdus(lambda found: found.append(found["SCI"].copy())), "EXTVER"),
    "no chip": (hdus(lambda found: found.pop(1)), "SCI"),
    "chips of two sizes": (
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
