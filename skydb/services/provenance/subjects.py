"""Subjects that can be explained, and the start of their lineage."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    Exposure,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyValue,
)
from skydb.domain.references import ExposureReference, FileReference, in_words, parse
from skydb.errors import UsageError
from skydb.services.provenance import ids
from skydb.store.provenance_queries import Key, Kind
from skydb.store.references import entity_of, version_of

_ADVICE = (
    "Name an exposure, a sky value ROOTNAME[CHIP]@RUN, a file FILE@VERSION or ROOTNAME@VERSION, "
    "run:6, mosaic:6, solution:31 or catalog:NAME."
)


@dataclass(frozen=True)
class Subject:
    """Subject of an explanation.

    Parameters
    ----------
    root : str
        Its node.
    keys : tuple of (Kind, int)
        Where its lineage begins.
    run_id : int or None
        The run whose inputs belong to it, when no single one does.
    value, mosaic, exposure : SkyValue, Mosaic, Exposure or None
        The thing itself when it is none of the kinds that are followed back.
    """

    root: str
    keys: tuple[Key, ...]
    run_id: int | None = None
    value: SkyValue | None = None
    mosaic: Mosaic | None = field(default=None)
    exposure: Exposure | None = None


def find_subject(session: Session, what: str) -> Subject:
    """The thing that a text names, to be explained.

    Parameters
    ----------
    session : Session
    what : str
        A reference (:mod:`skydb.domain.references`) to a sky value, a file version, a run,
        a mosaic, a solution or a catalogue; a file without a number means its newest version,
        and an exposure without one all archive versions, solutions and skies of it.

    Raises
    ------
    UsageError
        When the text is no reference, or names something that has no lineage.
    NotFoundError
        When the ledger does not have it.
    """
    reference = parse(what)
    if isinstance(reference, ExposureReference) and reference.version is None:
        named = select(Exposure).where(Exposure.rootname == reference.rootname)
        exposure = session.scalar(named)
        if exposure is not None:
            return _exposure(exposure)
    if isinstance(reference, ExposureReference | FileReference):
        return _version(version_of(session, reference))
    match entity_of(session, reference):
        case SkyValue() as value:
            return _value(value)
        case ProductVersion() as version:
            return _version(version)
        case Product() as product if product.versions:
            return _version(product.latest)
        case AlignmentSolution() as solution:
            return Subject(ids.solution(solution.id), ((Kind.SOLUTION, solution.id),))
        case Activity() as run:
            return Subject(ids.activity(run.id), ((Kind.ACTIVITY, run.id),), run_id=run.id)
        case Mosaic() as mosaic:
            run_id = mosaic.run_id
            keys: tuple[Key, ...] = ((Kind.ACTIVITY, run_id),)
            return Subject(ids.mosaic(run_id), keys, run_id=run_id, mosaic=mosaic)
        case ReferenceCatalog() as catalog:
            return Subject(ids.catalog(catalog.id), ((Kind.CATALOG, catalog.id),))
        case _:
            raise UsageError(
                f"{what!r} is {in_words(reference)}; it has no lineage of its own.", advice=_ADVICE
            )


def _exposure(exposure: Exposure) -> Subject:
    versions = [version for product in exposure.products for version in product.versions]
    keys: list[Key] = [(Kind.VERSION, version.id) for version in versions]
    keys += [(Kind.SOLUTION, solution.id) for version in versions for solution in version.solutions]
    return Subject(ids.exposure(exposure.rootname), tuple(keys), exposure=exposure)


def _version(version: ProductVersion) -> Subject:
    return Subject(ids.version(version.id), ((Kind.VERSION, version.id),))


def _value(value: SkyValue) -> Subject:
    keys: list[Key] = [(Kind.ACTIVITY, value.run_id)]
    if value.version_id is not None:
        keys.append((Kind.VERSION, value.version_id))
    return Subject(ids.value(value), tuple(keys), value=value)
