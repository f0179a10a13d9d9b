"""Resolution of references to rows of the ledger.

Every command that takes a reference finds its row here, so that a name means the same
everywhere; see :mod:`skydb.domain.references` for the grammar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from skydb.domain import (
    Activity,
    AlignmentSolution,
    Exposure,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    SkyValue,
    Visit,
)
from skydb.domain.choice import EXPOSURE_KINDS
from skydb.domain.references import (
    CatalogReference,
    ExposureReference,
    FileReference,
    NumberedReference,
    Reference,
    ReferenceKind,
    ValueReference,
    VisitReference,
    in_words,
    parse,
)
from skydb.errors import NotFoundError, UsageError

Entity = (
    Exposure
    | ProductVersion
    | SkyValue
    | Product
    | Visit
    | Activity
    | AlignmentSolution
    | Mosaic
    | ReferenceCatalog
)
T = TypeVar("T")

#: Names that a message lists.
_FEW = 6
#: Larger than the number of any row; databases refuse numbers that do not fit.
_LARGEST = 2**31 - 1

_ENTITIES: dict[ReferenceKind, type[Entity]] = {
    ReferenceKind.PRODUCT: Product,
    ReferenceKind.VERSION: ProductVersion,
    ReferenceKind.RUN: Activity,
    ReferenceKind.SOLUTION: AlignmentSolution,
    ReferenceKind.MOSAIC: Mosaic,
}
_ADVICE = {
    ReferenceKind.PRODUCT: "See `skydb inspect wcs`.",
    ReferenceKind.VERSION: "See `skydb inspect wcs`.",
    ReferenceKind.RUN: "See `skydb runs`.",
    ReferenceKind.SOLUTION: "See `skydb align history ROOTNAME`.",
    ReferenceKind.MOSAIC: "See `skydb sky compare`.",
}


def entity_of(session: Session, reference: Reference) -> Entity:
    """Find the row that a reference names.

    Raises
    ------
    UsageError
        When several rows have the name; they are listed.
    NotFoundError
        When the ledger does not have it; the message names what it has.
    """
    match reference:
        case ExposureReference(version=None):
            return exposure_of(session, reference)
        case FileReference(version=None):
            return product_of(session, reference)
        case ExposureReference() | FileReference():
            return version_of(session, reference)
        case VisitReference():
            return visit_of(session, reference)
        case ValueReference():
            return _value_of(session, reference)
        case NumberedReference():
            return _numbered(session, reference)
        case CatalogReference():
            return catalog_named(session, reference.name)


def exposure_of(session: Session, reference: ExposureReference) -> Exposure:
    """Find an exposure.

    Raises
    ------
    NotFoundError
        When the ledger does not have it.
    """
    same = select(Exposure).where(Exposure.rootname == reference.rootname)
    exposure = session.scalar(same)
    if exposure is not None:
        return exposure
    found = session.scalar(
        select(Product.filename).where(Product.filename.startswith(reference.rootname)).limit(1)
    )
    # Such as the name of an association, which has as many characters.
    here = f"exposures here: {_some(session, Exposure.rootname)}"
    meant = f" (did you mean {found}?)" if found else f" ({here})"
    raise NotFoundError(
        f"Unknown exposure {reference.rootname!r}{meant}.",
        advice="Bring it in with `skydb ingest`.",
    )


def products_of(session: Session, reference: Reference) -> list[Product]:
    """Products of an exposure or of a visit, of a name or pattern, or the one of a number.

    Raises
    ------
    NotFoundError
        When there is none.
    UsageError
        When the reference names something else.
    """
    match reference:
        case ExposureReference():
            found = list(exposure_of(session, reference).products)
        case VisitReference():
            found = list(visit_of(session, reference).products)
        case FileReference():
            found = _named(session, reference)
        case NumberedReference(kind=ReferenceKind.PRODUCT | ReferenceKind.VERSION):
            row = _numbered(session, reference)
            found = [row.product if isinstance(row, ProductVersion) else row]  # type: ignore[list-item]
        case _:
            raise UsageError(
                f"'{reference}' is {in_words(reference)}, not a product.",
                advice="Name a rootname, a file, product:12 or a visit.",
            )
    return found


def product_of(session: Session, reference: FileReference) -> Product:
    """The one product of a file name.

    Raises
    ------
    NotFoundError
        When there is none.
    UsageError
        When there are several; the message lists them.
    """
    found = _named(session, reference)
    if len(found) > 1:
        raise several_products(str(reference), found)
    return found[0]


def version_of(session: Session, reference: Reference) -> ProductVersion:
    """The file version of a reference; the newest where it has no number.

    Raises
    ------
    NotFoundError
        When the ledger does not have it.
    UsageError
        When versions of several products have the name and the number, or the reference
        names something else.
    """
    if isinstance(reference, NumberedReference) and reference.kind is ReferenceKind.VERSION:
        return _row(session, ProductVersion, reference)
    number = getattr(reference, "version", None)
    products = products_of(session, reference)
    if isinstance(reference, ExposureReference):
        products = [product for product in products if product.kind in EXPOSURE_KINDS]
    products = [product for product in products if product.versions]
    found = [
        version
        for product in products
        for version in product.versions
        if (version is product.latest if number is None else version.number == number)
    ]
    if not found:
        known = ", ".join(str(version.number) for one in products for version in one.versions)
        raise NotFoundError(
            f"The ledger has no {reference} (file versions here: {known or 'none'}).",
            advice="See `skydb inspect wcs`.",
        )
    if len(found) > 1:
        listing = "; ".join(
            f"version:{one.id} ({one.filename}, {_described(one.product)})" for one in found
        )
        raise UsageError(f"Several files are called {reference}: {listing}.",
                         advice="Name one of these.")  # fmt: skip
    return found[0]


def recorded_product(name: str, products: Iterable[Product]) -> Product:
    """The one product of a name that has a file.

    Raises
    ------
    NotFoundError
        When none has.
    UsageError
        When several have; the message lists them.
    """
    recorded = [product for product in products if product.versions]
    if not recorded:
        raise NotFoundError(
            f"The ledger has no file of {name}.", advice="Bring it in with `skydb ingest`."
        )
    if len(recorded) > 1:
        raise several_products(name, recorded)
    return recorded[0]


def several_products(name: str, products: Iterable[Product]) -> UsageError:
    """Make the error for a name of several products, with their differences."""
    listing = "; ".join(f"product:{product.id} ({_described(product)})" for product in products)
    return UsageError(
        f"Several products are called {name}: {listing}.", advice="Name one of these."
    )


def visit_named(session: Session, label: str) -> Visit:
    """A visit that is named as ``bxl50``, ``BXL50`` or ``50``.

    Raises
    ------
    NotFoundError
        When it is not there; the message names visits that are.
    UsageError
        When several programs have a visit of that number.
    """
    try:
        reference = parse(label)
    except UsageError:
        raise unknown_visit(session, label) from None
    if not isinstance(reference, VisitReference):
        raise unknown_visit(session, label)
    return visit_of(session, reference)


def visit_of(session: Session, reference: VisitReference) -> Visit:
    """Find the visit of a reference that is parsed already, see :func:`visit_named`."""
    same = select(Visit).where(Visit.number == reference.number).order_by(Visit.program)
    if reference.program is not None:
        same = same.where(Visit.program == reference.program)
    visits = list(session.scalars(same))
    if not visits:
        raise unknown_visit(session, str(reference))
    if len(visits) > 1:
        known = ", ".join(visit.label for visit in visits)
        raise UsageError(f"Visit '{reference}' is {known}.", advice="Use the program and number.")
    return visits[0]


def unknown_visit(session: Session, label: str) -> NotFoundError:
    """Make the error for an unknown visit, with some known ones."""
    few = select(Visit.program + Visit.number).order_by(Visit.program, Visit.number).limit(_FEW)
    known = list(session.scalars(few))
    more = ", ..." if session.scalar(select(func.count(Visit.id))) != len(known) else ""
    return NotFoundError(
        f"Unknown visit {label!r} (visits here: {', '.join(known) or 'none'}{more}).",
        advice="Use the program and number, e.g. bxl50.",
    )


def _named(session: Session, reference: FileReference) -> list[Product]:
    """Products that have a file name, now or in one of their versions."""
    version = aliased(ProductVersion)
    in_version = select(version.product_id).where(_matches(version.filename, reference))
    names = [_matches(Product.filename, reference), Product.id.in_(in_version)]
    if reference.is_pattern:
        names.append(Product.exposure.has(_matches(Exposure.rootname, reference)))
    query = select(Product).where(or_(*names)).order_by(Product.filename, Product.id)
    found = list(session.scalars(query))
    if not found:
        raise NotFoundError(
            f"The ledger has no {reference.filename} (files here: "
            f"{_some(session, Product.filename)}).",
            advice=_advice(session, reference),
        )
    # A recorded file takes precedence over a name from a log.
    return [product for product in found if not product.is_only_logged] or found


def _advice(session: Session, reference: FileReference) -> str:
    rootname = reference.filename.partition("_")[0].lower()
    if session.scalar(select(Exposure.id).where(Exposure.rootname == rootname)) is None:
        return "Bring it in with `skydb ingest`."
    return f"Bring it in with `skydb ingest`, or see what there is: `skydb explain {rootname}`."


def _matches(column: InstrumentedAttribute[str], reference: FileReference) -> ColumnElement[bool]:
    if not reference.is_pattern:
        return column == reference.filename
    escaped = reference.filename.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return column.like(escaped.replace("*", "%").replace("?", "_"), escape="!")


def _numbered(session: Session, reference: NumberedReference) -> Entity:
    return _row(session, _ENTITIES[reference.kind], reference)


def _row(session: Session, entity: type[T], reference: NumberedReference) -> T:
    row = session.get(entity, reference.number) if reference.number <= _LARGEST else None
    if row is None:
        raise NotFoundError(f"The ledger has no {reference}.", advice=_ADVICE[reference.kind])
    return row


def _value_of(session: Session, reference: ValueReference) -> SkyValue:
    found = None
    if max(reference.run, reference.extver) <= _LARGEST:
        found = session.scalar(
            select(SkyValue)
            .join(Exposure, Exposure.id == SkyValue.exposure_id)
            .where(
                SkyValue.run_id == reference.run,
                SkyValue.extver == reference.extver,
                Exposure.rootname == reference.rootname,
            )
        )
    if found is not None:
        return found
    runs = session.scalars(select(SkyRun.id).order_by(SkyRun.id.desc()).limit(_FEW))
    known = ", ".join(map(str, runs)) or "none"
    raise NotFoundError(
        f"Run {reference.run} has no sky value of {reference.rootname}[{reference.extver}] "
        f"(newest sky runs: {known}).",
        advice="See `skydb sky compare`, or `skydb sql` on v_sky_values.",
    )


def catalog_named(session: Session, name: str) -> ReferenceCatalog:
    """The reference catalogue of a name.

    Raises
    ------
    NotFoundError
        When there is none; the message names those that are there.
    """
    catalog = session.scalar(select(ReferenceCatalog).where(ReferenceCatalog.name == name))
    if catalog is None:
        raise NotFoundError(
            f"The ledger has no reference catalogue {name!r} (catalogues here: "
            f"{_some(session, ReferenceCatalog.name)}).",
            advice="See `skydb refcat list`.",
        )
    return catalog


def _some(session: Session, column: InstrumentedAttribute[str]) -> str:
    """The first names of a column, for a message."""
    known: Sequence[str] = list(session.scalars(select(column).order_by(column).limit(_FEW + 1)))
    return ", ".join([*known[:_FEW], *(["..."] if len(known) > _FEW else [])]) or "none"


def _described(product: Product) -> str:
    """Describe a product among others of its name: flavour, members and path."""
    members = product.members or []
    made_of = _first([member.rootname for member in members]) or product.rootname
    places = [version.locations for version in product.versions if version.locations]
    place = places[-1][0].path if places else "no file"
    return ", ".join(filter(None, (str(product.flavour), made_of and f"of {made_of}", place)))


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return " ".join(names[:_FEW]) + more
