"""Exposures that a drizzled product was made of, and their WCS and calibration then."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skydb.domain.members import MemberWcs
from skydb.domain.values import Rootname
from skydb.files.cards import Cards
from skydb.files.rawtable import RawTable
from skydb.files.structure import FitsSkeleton

_INPUT = re.compile(r"([a-z0-9]{8,9})_[a-z0-9]{3}\.fits", re.IGNORECASE)
_DRIZZLED_INPUT = re.compile(r"D\d{3,}DATA")
_CD = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")


@dataclass(frozen=True, slots=True)
class Members:
    """Exposures of a product.

    Parameters
    ----------
    rootnames : tuple of str
        In order and each once.
    wcs : tuple of MemberWcs
        One for each chip; empty without HDRTAB.
    """

    rootnames: tuple[str, ...] = ()
    wcs: tuple[MemberWcs, ...] = ()

    @property
    def cal_ver(self) -> str | None:
        """CAL_VER of the members; None where they have several, or none is kept."""
        versions = {one.cal_ver for one in self.wcs}
        return versions.pop() if len(versions) == 1 else None


def members_of(skeleton: FitsSkeleton) -> Members:
    """Read the exposures that a product was drizzled from.

    HDRTAB has one row per chip and full rootnames. The D001DATA cards come second: the
    file names they hold may be cut to eight characters by the pipeline, and are then
    given as they are.

    Raises
    ------
    UnreadableFileError
        When HDRTAB cannot be understood.
    """
    for hdu in skeleton.named("HDRTAB"):
        rows = _rows(RawTable(skeleton, hdu))
        if rows:
            return Members(_each_once([row.rootname for row in rows]), rows)
    header = skeleton.primary.scanned
    cards = Cards(skeleton.path, (header,))
    inputs = (cards.text(key) or "" for key in header if _DRIZZLED_INPUT.fullmatch(key))
    return Members(_each_once([match[1].lower() for match in map(_INPUT.search, inputs) if match]))


def exposure_named_in(rootname: str | None, expname: str | None) -> str | None:
    """Exposure by ROOTNAME and EXPNAME of its header.

    Files of a STIS association have the association's ROOTNAME; there EXPNAME names the
    exposure. An EXPNAME that is not a rootname is ignored.
    """
    for name in (expname, rootname):
        try:
            return Rootname.parse(name or "").text
        except ValueError:
            continue
    return rootname.strip().lower() if rootname else None


def _each_once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _rows(table: RawTable) -> tuple[MemberWcs, ...]:
    texts = [table.texts(name) for name in ("WCSNAME", "IDCTAB", "CAL_VER")]
    columns = zip(
        map(exposure_named_in, table.texts("ROOTNAME"), table.texts("EXPNAME")),
        table.numbers("EXTVER"),
        *texts,
        _pairs(table, "CRVAL1", "CRVAL2"),
        _pairs(table, "CRPIX1", "CRPIX2"),
        _matrices(table),
        strict=True,
    )
    return tuple(
        # A file with one chip may have no EXTVER, which then is 1 (FITS standard 4.0).
        MemberWcs(name, int(extver or 1), wcs_name, reference_file(idctab), *rest)
        for name, extver, wcs_name, idctab, *rest in columns
        if name
    )


def reference_file(text: str | None) -> str | None:
    """Name of a reference file without ``iref$`` or a directory."""
    return re.split(r"[$/]", text)[-1] if text else None


def _pairs(table: RawTable, first: str, second: str) -> list[tuple[float, float] | None]:
    both = zip(table.numbers(first), table.numbers(second), strict=True)
    return [None if x is None or y is None else (x, y) for x, y in both]


def _matrices(table: RawTable) -> list[tuple[float, float, float, float] | None]:
    rows = zip(*(table.numbers(name) for name in _CD), strict=True)
    return [
        None if a is None or b is None or c is None or d is None else (a, b, c, d)
        for a, b, c, d in rows
    ]
