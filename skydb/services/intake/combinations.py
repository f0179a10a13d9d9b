"""Comparison of combined products with the exposures that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import KnownFrom, ProductKind
from skydb.store.rows import batches


@dataclass(frozen=True, slots=True)
class Combined:
    """A product of several exposures, with the detector that its header names.

    Parameters
    ----------
    path : str
        The file as it was ingested.
    detector : str
        INSTRUME and DETECTOR.
    members : tuple of str
        Rootnames of the exposures that it names.
    """

    path: str
    detector: str
    members: tuple[str, ...]

    @classmethod
    def among(cls, files: Sequence[object]) -> list[Self]:
        """Find those among the files of an ingest; mosaics are of no one detector."""
        return [
            cls(str(file.path), _detector(file.facts.instrument, file.facts.detector), file.members)
            for file in files
            if isinstance(file, FileFacts)
            and file.kind.is_combined
            and file.kind is not ProductKind.MOS
        ]


def doubts_of_detectors(session: Session, combined: Sequence[Combined]) -> dict[str, str]:
    """Explain which products are hardly made of the exposures that they name.

    Exposures that are not on record, or that only a log names, say nothing; a product of several
    detectors has that of one of its members.

    Parameters
    ----------
    session : Session
    combined : sequence of Combined

    Returns
    -------
    dict of str to str
        The reason of each that is doubted, by path.
    """
    known = _detectors(session, {name for one in combined for name in one.members})
    found = {}
    for one in combined:
        of_members = {known[name] for name in one.members if name in known}
        if of_members and one.detector not in of_members:
            found[one.path] = (
                f"its header says {one.detector}, and the exposures on record that it names are "
                f"of {', '.join(sorted(of_members))}: it is not made of them, or its header is "
                "that of another product."
            )
    return found


def _detectors(session: Session, rootnames: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for batch in batches(rootnames):
        asked = select(Exposure.rootname, Exposure.instrument, Exposure.detector).where(
            Exposure.rootname.in_(batch), Exposure.known_from != KnownFrom.LOG
        )
        found |= {name: _detector(*of) for name, *of in session.execute(asked)}
    return found


def _detector(instrument: str | None, detector: str | None) -> str:
    return f"{instrument}/{detector}".upper()
