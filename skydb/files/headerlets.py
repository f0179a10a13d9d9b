"""Headerlets: a WCS without pixels, in a file of its own or in a HDRLET extension.

A headerlet is a FITS file with one SIPWCS extension a chip and the lookup tables that it
needs. A HDRLET extension holds such a file, bytes as they are or gzipped, and is no
extension type of the FITS standard. Source: stwcs, "Definition of a headerlet" (TSR
2010-01), and ``stwcs.wcsutil.headerlet``.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astropy.io import fits

from skydb.domain.values import (
    ChipGeometry,
    ExposureFacts,
    FileFacts,
    FitQuality,
    Rootname,
    WcsFacts,
    WcsName,
)
from skydb.domain.vocabulary import ProductKind
from skydb.errors import FileRejectedError, NotFoundError, NotHstImageError, UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.cardscan import ScannedHeader
from skydb.files.doubts import sum_doubts
from skydb.files.flavour import flavour_of_headerlet
from skydb.files.quality import (
    DEG_TO_MAS,
    LARGEST_PLAUSIBLE_DEG,
    SMALLEST_PLAUSIBLE_MAS,
    is_fitted,
)
from skydb.files.quiet import quiet_astropy
from skydb.files.refdates import delivery_date
from skydb.files.structure import FitsSkeleton, open_skeleton, skeleton_of
from skydb.files.textfile import unpacked

if TYPE_CHECKING:
    from astropy.wcs import WCS

NO_KEY = ""
_LOOKUPS = frozenset({"D2IMARR", "WCSDVARR"})
_GZIP_MAGIC = b"\x1f\x8b"

Sizes = dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class HeaderletFacts:
    """Facts of a headerlet file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    rootname : Rootname
        Exposure that it is for (DESTIM).
    wcs : WcsFacts
        Its solution, without a key; images have no size there, so chips have none.
    size_bytes : int
        Of the file.
    idctab, date_written, tool_version : str or None
        IDCTAB without its directory; DATE; UPWCSVER, the version of stwcs.
    sha256 : str
        Of the file.
    doubts : tuple of str
        Sentences on checksums in it that do not hold, and on chips of different fits.
    """

    path: Path
    rootname: Rootname
    wcs: WcsFacts
    size_bytes: int
    idctab: str | None = None
    date_written: str | None = None
    tool_version: str | None = None
    sha256: str = ""
    doubts: tuple[str, ...] = ()

    def of_exposure(self, exposure: ExposureFacts) -> FileFacts:
        """The facts of the file, tied to the exposure that it is for."""
        return FileFacts(
            path=self.path,
            kind=ProductKind.HLET,
            size_bytes=self.size_bytes,
            facts=exposure,
            solutions=(),
            headerlets=(self.wcs,),
            sha256=self.sha256,
            doubts=self.doubts,
            idctab=self.idctab,
            date_written=self.date_written,
            tool_version=self.tool_version,
            flavour=flavour_of_headerlet(self.path, self.wcs),
            idctab_date=delivery_date(self.idctab, self.date_written),
        )


def is_named_headerlet(path: Path) -> bool:
    """Whether a file is called a headerlet: ``*_hlet.fits`` or ``*-hlet.fits``."""
    return path.name.lower().removesuffix(".gz").endswith(("_hlet.fits", "-hlet.fits"))


def is_headerlet(skeleton: FitsSkeleton) -> bool:
    """Whether a file is a headerlet and not an image."""
    return bool(skeleton.named("SIPWCS")) and not skeleton.named("SCI")


def read_headerlet(path: Path) -> HeaderletFacts | None:
    """Read a headerlet file; None when the file is something else.

    Raises
    ------
    FileRejectedError
        When it cannot be read, does not say which exposure it is for, or its WCS is not
        complete.
    """
    with quiet_astropy(), open_skeleton(path) as skeleton:
        if not is_headerlet(skeleton):
            return None
        cards = Cards(path, (skeleton.primary.scanned,))
        return HeaderletFacts(
            path=path,
            rootname=_destination(cards),
            wcs=facts_of_headerlet(skeleton, {}, cards.text("HDRNAME")),
            size_bytes=skeleton.size_bytes,
            idctab=(cards.text("IDCTAB") or "").split("$")[-1].split("/")[-1] or None,
            date_written=cards.text("DATE"),
            tool_version=_stwcs(cards.text("UPWCSVER")),
            doubts=(*sum_doubts(skeleton), *_of_two_fits(skeleton)),
        )


def _of_two_fits(skeleton: FitsSkeleton) -> Iterator[str]:
    """Doubt a headerlet whose chips, or itself, are named by different WCS."""
    headers = [skeleton.primary, *skeleton.named("SIPWCS")]
    found = (Cards(skeleton.path, (one.scanned,)).text("WCSNAME") for one in headers)
    names = list(dict.fromkeys(name for name in found if name))
    if len(names) > 1:
        yield (
            f"it has several WCSNAME ({', '.join(names)}): its chips are of different fits, and "
            "lie elsewhere from each other than on the detector."
        )


def read_headerlet_wcs(path: Path, hdr_name: str | None, wcs_name: str) -> dict[int, WCS]:
    """WCS of one headerlet by EXTVER of its chips, with all its distortion.

    Parameters
    ----------
    path : pathlib.Path
        A headerlet file, or a file with HDRLET extensions.
    hdr_name : str or None
        HDRNAME of the headerlet in such a file.
    wcs_name : str
        Its WCSNAME.

    Raises
    ------
    NotFoundError
        When the file has no such headerlet.
    FileRejectedError
        When it cannot be read.
    """
    with quiet_astropy():
        skeleton = skeleton_of(path, headerlet_bytes(path, hdr_name, wcs_name))
        lookups = skeleton.as_hdulist(_LOOKUPS)
        return {
            _target(path, sip.scanned): _astropy_wcs(path, sip.header, lookups)
            for sip in skeleton.named("SIPWCS")
        }


def headerlet_bytes(path: Path, hdr_name: str | None, wcs_name: str) -> bytes:
    """The headerlet file itself, also out of a HDRLET extension; see :func:`read_headerlet_wcs`."""
    with quiet_astropy(), open_skeleton(path) as skeleton:
        if is_headerlet(skeleton):
            skeleton.handle.seek(0)
            return skeleton.handle.read()
        for record in reversed(skeleton.named("HDRLET")):
            cards = Cards(path, (record.scanned,))
            named = cards.text("HDRNAME"), cards.text("WCSNAME")
            if named == (hdr_name, wcs_name):
                return payload_of(path, skeleton.data_of(record))
    raise NotFoundError(f"{path.name} has no headerlet {hdr_name or wcs_name!r}.")


def payload_of(path: Path, data: bytes) -> bytes:
    """The headerlet file in the data of a HDRLET extension.

    Raises
    ------
    UnreadableFileError
        When it is a damaged gzip stream.
    """
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return b"".join(unpacked(path, io.BytesIO(data)))
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFileError(path, f"a damaged gzip stream ({error})") from error


def _destination(cards: Cards) -> Rootname:
    text = cards.required("DESTIM", NotHstImageError)
    try:
        return Rootname.parse(text[:9])
    except ValueError as error:
        reason = f"a headerlet for {text!r} (DESTIM), which is not a rootname"
        raise NotHstImageError(cards.path, reason) from error


def _stwcs(version: str | None) -> str | None:
    return f"stwcs {version}" if version else None


def facts_of_headerlet(headerlet: FitsSkeleton, sizes: Sizes, hdr_name: str | None) -> WcsFacts:
    """The solution of a headerlet, with the sizes of images by EXTVER as far as they are known.

    Raises
    ------
    FileRejectedError
        When its WCS is not complete.
    """
    path, extensions = headerlet.path, headerlet.named("SIPWCS")
    if not extensions:
        raise FileRejectedError(path, "a headerlet without a SIPWCS extension")
    chips = tuple(_chip(path, sip.scanned, sizes) for sip in extensions)
    if len({chip.extver for chip in chips}) < len(chips):
        raise FileRejectedError(path, "a headerlet with several WCS of one chip (TG_EVER)")
    cards = Cards(path, (headerlet.primary.scanned, extensions[0].scanned))
    name = WcsName.parse(cards.required("WCSNAME", FileRejectedError))
    quality, unit_known = _quality(cards) if is_fitted(name) else (FitQuality(), True)
    return WcsFacts(
        key=NO_KEY,
        name=name,
        chips=chips,
        hdr_name=hdr_name,
        quality=quality,
        rms_unit_known=unit_known,
    )


def _target(path: Path, header: ScannedHeader) -> int:
    """EXTVER of the image extension that a SIPWCS extension is for."""
    cards = Cards(path, (header,))
    return cards.integer("TG_EVER") or cards.integer("EXTVER") or 1


def _chip(path: Path, header: ScannedHeader, sizes: Sizes) -> ChipGeometry:
    extver = _target(path, header)
    cards = Cards(path, (header,))
    cd = [[_linear(cards, i, j) for j in (1, 2)] for i in (1, 2)]
    return ChipGeometry(
        extver=extver,
        naxis_pix=sizes.get(extver, (0, 0)),
        crpix_pix=(_number(cards, "CRPIX1"), _number(cards, "CRPIX2")),
        crval_deg=(_number(cards, "CRVAL1"), _number(cards, "CRVAL2")),
        cd_deg=(cd[0][0], cd[0][1], cd[1][0], cd[1][1]),
        ccdchip=cards.integer("CCDCHIP"),
    )


def _number(cards: Cards, card: str) -> float:
    value = cards.number(card)
    if value is None:
        raise FileRejectedError(cards.path, f"a headerlet without {card}")
    return value


def _linear(cards: Cards, i: int, j: int) -> float:
    """CDi_j, or PCi_j times CDELTi."""
    cd = cards.number(f"CD{i}_{j}")
    if cd is not None:
        return cd
    pc = cards.number(f"PC{i}_{j}")
    return (float(i == j) if pc is None else pc) * _number(cards, f"CDELT{i}")


def _quality(cards: Cards) -> tuple[FitQuality, bool]:
    """Read matches and RMS; the size of the RMS shows its unit, mas or degrees.

    The archive writes mas, stwcs copies CRDER, which TweakReg writes in degrees.
    """
    nmatches = cards.integer("NMATCH") or None
    if nmatches is None or nmatches < 0:
        # An RMS without matches is what stwcs found in the header, of whatever fit.
        return FitQuality(), True
    ra, dec = cards.number("RMS_RA"), cards.number("RMS_DEC")
    if ra is None or dec is None or ra <= 0 or dec <= 0:
        return FitQuality(nmatches), True
    if max(ra, dec) < SMALLEST_PLAUSIBLE_MAS:
        return FitQuality(nmatches, ra * DEG_TO_MAS, dec * DEG_TO_MAS), True
    if max(ra, dec) >= LARGEST_PLAUSIBLE_DEG:
        return FitQuality(nmatches, ra, dec), True
    return FitQuality(nmatches), False


def _astropy_wcs(path: Path, header: fits.Header, lookups: fits.HDUList) -> WCS:
    from astropy.wcs import WCS, WcsError

    try:
        return WCS(header, lookups)
    except (WcsError, LookupError, ValueError, TypeError) as error:
        reason = f"the WCS of a headerlet cannot be built ({' '.join(str(error).split())[:120]})"
        raise FileRejectedError(path, reason) from error
