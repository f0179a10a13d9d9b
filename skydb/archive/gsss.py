"""The astrometric catalogue service of STScI, to check what drizzlepac got from it.

The service should move positions to the EPOCH of a request. Its own ``epoch`` column
and drizzlepac's ``meta['epoch']`` only repeat the request. So the same sources are requested
without EPOCH, moved by their proper motions, and compared.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from skydb.archive.deadline import Deadline
from skydb.errors import ArchiveError
from skydb.files.catalog import CatalogTable

if TYPE_CHECKING:
    from astropy.table import Table

Floats = NDArray[np.float64]

SERVICE = "GSSS"
_TIMEOUT_S = 120.0
_EPOCH = re.compile(r"&EPOCH=([0-9.]+)", re.IGNORECASE)
#: Motion in mas below which a source that was moved is not distinguished.
_NEGLIGIBLE_MAS = 1.0
#: Rounding of the service in mas, and other differences as a share of the motion.
_ROUNDING_MAS = 0.3
_SHARE = 0.1
#: Share of the sources that must agree; ids may be ambiguous.
_MOST = 0.9
_MAS_PER_DEG = 3.6e6
_CSV = ("objID", "ra", "dec", "pmra", "pmdec", "epoch")
_NAMES = {
    **{"objID": "source_id", "RA": "ra", "RA_error": "ra_error", "DEC": "dec"},
    **{"DEC_error": "dec_error", "pmra": "pmra", "pmra_error": "pmra_error", "pmdec": "pmdec"},
    **{"pmdec_error": "pmdec_error", "mag": "mag"},
}
_UNITS = {
    **dict.fromkeys(("ra", "dec"), "deg"),
    **dict.fromkeys(("ra_error", "dec_error"), "mas"),
    **dict.fromkeys(("pmra", "pmra_error", "pmdec", "pmdec_error"), "mas / yr"),
    "mag": "mag",
}


class Motion(StrEnum):
    """Treatment of proper motions by the service."""

    APPLIED = "applied"
    """The sources are where their proper motions take them."""
    LOST = "lost"
    """They are where they were."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@dataclass(frozen=True, slots=True)
class EpochVerdict:
    """Result of the check of the epoch of an answer.

    Parameters
    ----------
    motion : Motion
        What the service did.
    epoch : float
        Julian year that the positions are for.
    evidence : str
        Reason for the result.
    is_doubtful : bool
        Whether the positions may be off by more than is negligible.
    own_epoch : float or None
        Julian year of the catalogue itself, which sources without a proper motion are at.
    """

    motion: Motion
    epoch: float
    evidence: str
    is_doubtful: bool = True
    own_epoch: float | None = None

    @property
    def proper_motion_applied(self) -> bool | None:
        """Motion as the ledger keeps it: None when it is unknown."""
        return {Motion.APPLIED: True, Motion.LOST: False}.get(self.motion)

    def doubt(self, wanted: float) -> str:
        """Describe the doubt for a user who asked for positions of an epoch."""
        if self.motion is Motion.LOST:
            return (
                f"Asked for epoch {wanted:.3f}, the service gave positions of {self.epoch:g}:"
                f" {self.evidence}."
            )
        return f"Whether the positions are of {wanted:.3f} is not known: {self.evidence}."


@dataclass(frozen=True, eq=False)
class Sources:
    """Rows of the service.

    Parameters
    ----------
    ids : ndarray of str, shape (N,)
        objID.
    positions : CatalogTable
        Positions, proper motions; its epoch is that of the catalogue when all rows agree.
    """

    ids: NDArray[np.str_]
    positions: CatalogTable

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ids)


def epoch_asked(url: str) -> float | None:
    """EPOCH of a request, None without one."""
    found = _EPOCH.search(url)
    return float(found[1]) if found else None


def available_rows(first_line: str, answer: Sources, unmoved: Sources | None) -> int | None:
    """Number of sources in the service, by the most reliable count; None when unknown.

    Parameters
    ----------
    first_line : str
        Of the answer; it announces the rows.
    answer, unmoved : Sources
        What was given, and what was given without EPOCH; a few sources move across the edge.
    """
    found = re.search(r"\d+", first_line)
    announced = int(found[0]) if found else None
    others = 0 if unmoved is None else len(unmoved)
    return others if others > 1.1 * len(answer) + 2 else announced


def without_epoch(url: str) -> str:
    """The same request without its EPOCH."""
    return _EPOCH.sub("", url)


def ask(url: str, timeout_s: float = _TIMEOUT_S) -> Sources:
    """The answer to a request.

    Raises
    ------
    ArchiveError
        When the service fails, is too slow, or gives no table or an empty one.
    """
    text = _get(url, timeout_s)
    try:
        rows = list(csv.DictReader(text.splitlines()[1:]))
        if not rows:
            raise ArchiveError(SERVICE, "an answer without sources")
        return _sources({name: [row[name] for row in rows] for name in _CSV})
    except (KeyError, ValueError, TypeError) as error:
        raise ArchiveError(SERVICE, f"an answer that is not a source table ({error})") from error


def read_answer(path: Path) -> tuple[Table, Sources]:
    """The table that drizzlepac wrote: its columns under the names of Gaia, and its rows.

    Raises
    ------
    ArchiveError
        When a column is missing or holds no numbers.
    """
    from astropy.table import Column, Table

    try:
        found = Table.read(path, format="ascii.ecsv")
        table = Table()
        for theirs, ours in _NAMES.items():
            kind = np.str_ if ours == "source_id" else np.float64
            table[ours] = Column(_values(found[theirs], kind), unit=_UNITS.get(ours))
        table.sort("source_id")
        columns = {name: table[name.replace("objID", "source_id")] for name in _CSV[:-1]}
        return table, _sources({**columns, "epoch": found["epoch"]})
    except (KeyError, ValueError, TypeError) as error:
        raise ArchiveError(SERVICE, f"an answer that is not a source table ({error})") from error


def check_epoch(url: str, answer: Sources, unmoved: Sources | None, wanted: float) -> EpochVerdict:
    """Find out at which epoch the positions of an answer are.

    Parameters
    ----------
    url : str
        Request that gave the answer.
    answer : Sources
        What it gave.
    unmoved : Sources or None
        The same sources without EPOCH; None when the service did not give them.
    wanted : float
        Julian year that the answer should be for.

    Raises
    ------
    ArchiveError
        When the positions are for neither epoch, or the catalogue does not say its own.
    """
    own = _own_epoch(answer if unmoved is None else unmoved)
    if epoch_asked(url) is None:
        why = "drizzlepac asked again without EPOCH after an error of the service"
        return EpochVerdict(Motion.LOST, own, why, own_epoch=own)
    if unmoved is None:
        return EpochVerdict(Motion.UNKNOWN, wanted, "the service gave nothing to compare with")
    predicted, seen = _motions_mas(answer, unmoved, own, wanted)
    if not len(predicted):
        why = "no source has a proper motion large enough to check"
        return EpochVerdict(Motion.UNKNOWN, wanted, why, own_epoch=own)
    return replace(_verdict(predicted, seen, own, wanted), own_epoch=own)


def _verdict(predicted: Floats, seen: Floats, own: float, wanted: float) -> EpochVerdict:
    """Compare motions (N, 2) in mas: those of the proper motions and those of the service."""
    length = np.hypot(*predicted.T)
    measurable = length > _NEGLIGIBLE_MAS
    count = int(measurable.sum())
    if not count:
        why = f"no source moves by {_NEGLIGIBLE_MAS:g} mas from {own:g} to {wanted:g}"
        return EpochVerdict(Motion.UNKNOWN, wanted, why, is_doubtful=False)
    allowed = _ROUNDING_MAS + _SHARE * length[measurable]
    moved = int((np.hypot(*(seen - predicted)[measurable].T) <= allowed).sum())
    stayed = int((np.hypot(*seen[measurable].T) <= allowed).sum())
    if moved >= _MOST * count:
        why = f"{moved} of {count} sources are where their proper motions take them"
        return EpochVerdict(Motion.APPLIED, wanted, why, is_doubtful=False)
    if stayed >= _MOST * count:
        why = f"{stayed} of {count} sources that move stayed where they were in {own:g}"
        return EpochVerdict(Motion.LOST, own, why)
    what = f"positions of no known epoch: {moved} of {count} sources moved, {stayed} stayed"
    raise ArchiveError(SERVICE, what)


def _motions_mas(
    answer: Sources, unmoved: Sources, own: float, wanted: float
) -> tuple[Floats, Floats]:
    """Motions (N, 2) of the common sources with proper motion: predicted, and seen."""
    _, here, there = np.intersect1d(unmoved.ids, answer.ids, return_indices=True)
    movable = unmoved.positions.has_proper_motion[here]
    here, there = here[movable], there[movable]
    start = replace(unmoved.positions, epoch_year=own)
    return (
        _offsets_mas(start, here, start.at_epoch(wanted), here),
        _offsets_mas(start, here, answer.positions, there),
    )


def _offsets_mas(
    start: CatalogTable, here: NDArray[np.intp], end: CatalogTable, there: NDArray[np.intp]
) -> Floats:
    ra_deg = (end.ra_deg[there] - start.ra_deg[here] + 180.0) % 360.0 - 180.0
    dec_deg = end.dec_deg[there] - start.dec_deg[here]
    east = ra_deg * np.cos(np.radians(start.dec_deg[here]))
    return np.column_stack((east, dec_deg)) * _MAS_PER_DEG


def _own_epoch(sources: Sources) -> float:
    epoch = sources.positions.epoch_year
    if epoch is None:
        raise ArchiveError(SERVICE, "the catalogue does not give its epoch")
    return epoch


def _sources(columns: Mapping[str, Any]) -> Sources:
    numbers = {name: _values(columns[name], np.float64) for name in _CSV[1:]}
    epochs = set(numbers["epoch"].tolist())
    positions = CatalogTable(
        ra_deg=numbers["ra"],
        dec_deg=numbers["dec"],
        epoch_year=epochs.pop() if len(epochs) == 1 else None,
        pm_ra_mas_yr=numbers["pmra"],
        pm_dec_mas_yr=numbers["pmdec"],
    )
    return Sources(_values(columns["objID"], np.str_), positions)


def _values(column: Any, kind: type) -> NDArray[Any]:  # noqa: ANN401 - a column or a list
    """Plain values; what is masked or empty is NaN."""
    values = np.ma.asarray(column)
    if kind is np.str_:
        return np.asarray([str(value).strip() for value in values])
    if values.dtype.kind in "US":
        values = np.ma.asarray([float(str(value).strip() or "nan") for value in values])
    return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))


def _get(url: str, timeout_s: float) -> str:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        with Deadline(timeout_s) as deadline:
            connection = kind(parts.netloc)
            deadline.connect(connection)
            connection.request("GET", f"{parts.path}?{parts.query}")
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
    except (OSError, HTTPException, ValueError) as error:
        why = f"within {timeout_s:g} s" if deadline.is_over else f"({type(error).__name__})"
        raise ArchiveError(SERVICE, f"no answer {why}") from error
    if answer.status != 200 or text.startswith("Error"):
        seen = text.splitlines()[0] if answer.status == 200 else f"HTTP status {answer.status}"
        raise ArchiveError(SERVICE, f"no answer ({seen})")
    return text
