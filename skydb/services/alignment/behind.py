"""Which contents of which exposures a drizzled product belongs with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    Activity,
    Exposure,
    Generation,
    Product,
    ProductMember,
    ProductVersion,
)
from skydb.domain.vocabulary import ActivityKind, ProductKind, SolutionOrigin
from skydb.errors import NotFoundError


def exposures_behind(session: Session, drizzled: ProductVersion) -> list[ProductVersion]:
    """The very contents that a drizzled product was made of.

    A product that an acceptance made belongs with the exposures of that acceptance; one
    that came from outside belongs with the newest contents that came from outside, for a
    fit carried to exposures that were moved already would move them twice. One that holds
    a restored solution belongs with the exposures of the version that had it.

    Raises
    ------
    NotFoundError
        When an exposure is not in the ledger.
    """
    query = (
        select(ProductVersion)
        .join(Product, Product.id == ProductVersion.product_id)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(ProductMember, ProductMember.rootname == Exposure.rootname)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .where(ProductMember.product_id == drizzled.product_id, Product.kind != ProductKind.HLET)
        .order_by(ProductMember.position, ProductVersion.number)
    )
    maker = _acceptance_that_made(session, _content_restored(drizzled))
    if maker is None:
        ours = (ActivityKind.ACCEPTANCE, ActivityKind.RESTORATION)
        made_here = select(Activity.id).where(Activity.kind.in_(ours)).scalar_subquery()
        query = query.where(Generation.activity_id.not_in(made_here))
    else:
        query = query.where(Generation.activity_id == maker)
    newest = {version.product_id: version for version in session.scalars(query)}
    return _complete(drizzled, _of_matching_kind(drizzled, list(newest.values())))


def _of_matching_kind(
    drizzled: ProductVersion, found: list[ProductVersion]
) -> list[ProductVersion]:
    """Of an exposure's FLT and FLC the one that goes with the product: DRCs are made of FLCs.

    Were both moved by a DRZ and a DRC of one visit, each exposure would be moved by two fits.
    """
    is_corrected = drizzled.product.kind is ProductKind.DRC

    def fits_better(version: ProductVersion) -> bool:
        return (version.product.kind is ProductKind.FLC) is is_corrected

    served = {version.product.exposure_id for version in found if fits_better(version)}
    return [v for v in found if fits_better(v) or v.product.exposure_id not in served]


def _content_restored(version: ProductVersion) -> ProductVersion:
    """The version whose solution was restored in this one, or else the version itself."""
    current = version.current_solution
    if current is None or current.origin is not SolutionOrigin.RESTORED or current.source is None:
        return version
    return _content_restored(current.source.applied_version or current.source.version)


def _acceptance_that_made(session: Session, version: ProductVersion) -> int | None:
    made = (
        select(Acceptance.id)
        .join(Generation, Generation.activity_id == Acceptance.id)
        .where(Generation.version_id == version.id)
    )
    return session.scalar(made)


def _complete(drizzled: ProductVersion, found: list[ProductVersion]) -> list[ProductVersion]:
    names = {version.product.exposure.rootname for version in found if version.product.exposure}
    missing = sorted({member.rootname for member in drizzled.product.members} - names)
    if missing or not found:
        raise NotFoundError(
            f"{drizzled.filename} was made of {', '.join(missing) or 'exposures'} not in the "
            "ledger.",
            advice="Ingest the exposures first.",
        )
    return found
