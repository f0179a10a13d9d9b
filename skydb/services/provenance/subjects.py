"""What can be explained, and where its lineage begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
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
    "Name a sky value ROOTNAME[CHIP]@RUN, a file FILE@VERSION or ROOTNAME@VERSION, run:6, "
    "mosaic:6, solution:31 or catalog:NAME."
)


@dataclass(frozen=True)
class Subject:
    """What is explained.

    Parameters
    ----------
    root : str
        Its node.
    keys : tuple of (Kind, int)
        Where its lineage begins.
    run_id : int or None
        The run whose inputs belong to it, when no single one does.
    value, mosaic : SkyValue, Mosaic or None
        The thing itself when it is none of the kinds that are followed back.
    """

    root: str
    keys: tuple[Key, ...]
    run_id: int | None = None
    value: SkyValue | None = None
    mosaic: Mosaic | None = field(default=None)


def find_subject(session: Session, what: str) -> Subject:
    """The thing that a text names, to be explained.

    Parameters
    ----------
    session : Session
    what : str
        A reference (:mod:`skydb.domain.references`) to a sky value, a file version, a run,
        a mosaic, a solution or a catalogue; a file or exposure without a number means its
        newest version.

    Raises
    ------
    UsageError
        When the text is no reference, or names something that has no lineage.
    NotFoundError
        When the ledger does not have it.
    """
    reference = parse(what)
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


def _version(version: ProductVersion) -> Subject:
    return Subject(ids.version(version.id), ((Kind.VERSION, version.id),))


def _value(value: SkyValue) -> Subject:
    keys: list[Key] = [(Kind.ACTIVITY, value.run_id)]
    if value.version_id is not None:
        keys.append((Kind.VERSION, value.version_id))
    return Subject(ids.value(value), tuple(keys), value=value)
