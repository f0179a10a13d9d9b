"""Comparison of combined products with the exposures that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from skydb.domain import Exposure, Product, ProductMember
from skydb.domain.identity import detector_of
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import KnownFrom, ProductKind
from skydb.store.rows import batches, in_parts

#: Mosaics are of no one detector.
_OF_ONE_DETECTOR = tuple(
    kind for kind in ProductKind if kind.is_combined and kind is not ProductKind.MOS
)


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
        """Find those among the files of an ingest."""
        return [
            cls(str(file.path), _detector(file.facts.instrument, file.facts.detector), file.members)
            for file in files
            if isinstance(file, FileFacts) and file.kind in _OF_ONE_DETECTOR
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


def doubts_of_late_members(
    session: Session, arrived: Mapping[str, str], combined: Sequence[Combined]
) -> dict[str, str]:
    """Explain which exposures came after a product that is hardly made of them.

    Parameters
    ----------
    session : Session
    arrived : mapping of str to str
        Path of each exposure that is new, by rootname.
    combined : sequence of Combined
        Products that came with them, which :func:`doubts_of_detectors` doubts.

    Returns
    -------
    dict of str to str
        The reason of each that is doubted, by path.
    """
    with_them = {frozenset(one.members) for one in combined}
    earlier = [
        one for one in _on_record(session, arrived) if frozenset(one.members) not in with_them
    ]
    doubts = doubts_of_detectors(session, earlier)
    found = {}
    for one in earlier:
        for name in arrived.keys() & one.members if one.path in doubts else ():
            said = doubts[one.path].removeprefix("its ")
            found[arrived[name]] = f"it is a member of {one.path}, whose {said}"
    return found


def _on_record(session: Session, rootnames: Collection[str]) -> Iterator[Combined]:
    """Products on record that name any of some exposures, and whose detector is known."""
    for batch in batches(rootnames):
        asked = (
            select(Product)
            .where(
                Product.members.any(ProductMember.rootname.in_(batch)),
                Product.kind.in_(_OF_ONE_DETECTOR),
            )
            .options(selectinload(Product.members))
        )
        for product in session.scalars(asked):
            detector = detector_of(product.identity)
            if detector is not None:
                members = tuple(member.rootname for member in product.members)
                yield Combined(product.filename, detector, members)


def _detectors(session: Session, rootnames: set[str]) -> dict[str, str]:
    asked = select(Exposure.rootname, Exposure.instrument, Exposure.detector).where(
        Exposure.known_from != KnownFrom.LOG
    )
    parts = in_parts(asked, Exposure.rootname, rootnames)
    return {name: _detector(*of) for part in parts for name, *of in session.execute(part)}


def _detector(instrument: str | None, detector: str | None) -> str:
    return f"{instrument}/{detector}".upper()
