"""Read-only selects on versions that came one after the other, and the WCS of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Boolean, ColumnElement, Select, bindparam, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased, joinedload

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Generation,
    Product,
    ProductVersion,
    Visit,
)
from skydb.domain.columntypes import UtcDateTime
from skydb.domain.vocabulary import LinkRole, ProductKind, SolutionOrigin, SolutionStatus
from skydb.store.rows import batches, in_parts
from skydb.store.scope import Scope

Row = dict[str, Any]


class Redelivery(NamedTuple):
    """A file of an exposure that the archive reprocessed."""

    product: str
    rootname: str
    visit: str
    before_id: int
    after_id: int


def redeliveries(session: Session, scope: Scope, since: datetime | None = None) -> list[Redelivery]:
    """List exposures that the archive reprocessed after their first file version.

    Versions that skydb itself made do not count. One statement, whatever is asked for.

    Parameters
    ----------
    session : Session
    scope : Scope
        Which exposures.
    since : datetime, optional
        Only those whose newest version was recorded at this time or later.
    """
    ranked = _delivered(session, scope).subquery()
    found = ranked.c
    query = (
        select(found.filename, found.rootname, found.visit, found.before_id, found.version_id)
        .where(found.place == 1, found.before_id.is_not(None))
        .order_by(found.filename)
    )
    if since is not None:
        query = query.where(found.recorded_at >= since)
    return [Redelivery(*row) for row in session.execute(query)]


def _delivered(session: Session, scope: Scope) -> Select[Any]:
    """Select versions from the archive with their rank, the newest 1, and the one before."""
    again = aliased(ProductVersion)
    several: ColumnElement[bool]
    if scope.is_everything:
        several = ProductVersion.product_id.in_(select(again.product_id).where(again.place > 1))
    else:
        # Looked up for the files of the scope, instead of listed for all.
        several = exists().where(again.product_id == ProductVersion.product_id, again.place > 1)
    of_product, newest_first = ProductVersion.product_id, ProductVersion.place.desc()
    # One order for both, so that the rows are sorted once: the one before follows the newest.
    place = func.row_number().over(partition_by=of_product, order_by=newest_first)
    before = func.lead(ProductVersion.id).over(partition_by=of_product, order_by=newest_first)
    return (
        select(
            ProductVersion.id.label("version_id"),
            before.label("before_id"),
            ProductVersion.recorded_at,
            Product.filename,
            Exposure.rootname,
            (Visit.program + Visit.number).label("visit"),
            place.label("place"),
        )
        .join(Product, Product.id == ProductVersion.product_id)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .where(
            Generation.role == LinkRole.INGESTED,
            Product.kind != ProductKind.HLET,
            several,
            *scope.conditions(session),
            *scope.file_conditions(),
        )
    )


def products_in(session: Session, scope: Scope) -> list[int]:
    """Keys of the products of the exposures of a scope, and of those made of any of them."""
    query = select(Product.id).where(*scope.product_conditions(session)).order_by(Product.id)
    return list(session.scalars(query))


def admitted(session: Session, scope: Scope, versions: Iterable[int]) -> set[int]:
    """Select the file versions that are of the flavour and time of a scope."""
    query = select(ProductVersion.id).join(Product, Product.id == ProductVersion.product_id)
    parts = in_parts(query.where(*scope.file_conditions()), ProductVersion.id, versions)
    return {key for part in parts for key in session.scalars(part)}


def written_in_time(
    session: Session, scope: Scope, products: Collection[int]
) -> dict[tuple[int, int], int]:
    """File versions of the flavour and time of a scope: place by product and number."""
    query = (
        select(ProductVersion.product_id, ProductVersion.number, ProductVersion.place)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(*scope.file_conditions())
    )
    return {
        (product, number): place
        for part in in_parts(query, ProductVersion.product_id, products)
        for product, number, place in session.execute(part)
    }


def newest_in_time(session: Session, scope: Scope, products: Collection[int]) -> dict[int, int]:
    """Number of the version that stood for each product on the day of a scope."""
    in_time = written_in_time(session, scope, products)
    ordered = sorted(in_time, key=lambda key: in_time[key])
    return dict(ordered)


def solutions_of(session: Session, products: Collection[int]) -> list[Row]:
    """Every solution of some products by their keys, as ``v_alignment_history`` has them."""
    asked = text("SELECT * FROM v_alignment_history WHERE product_id IN :products").bindparams(
        bindparam("products", expanding=True)
    )
    times = dict.fromkeys(("recorded_at", "fitted_at", "applied_at"), UtcDateTime())
    statement = asked.columns(is_imported=Boolean(), **times)
    found = [
        dict(row)
        for batch in batches(products)
        for row in session.execute(statement, {"products": batch}).mappings()
    ]
    return sorted(found, key=lambda row: int(row["id"]))


class LoggedFit(NamedTuple):
    """A fit that is known from a log only: its status and its numbers."""

    run_id: int
    started_at: datetime | None
    parameters: dict[str, Any]
    product: str
    status: SolutionStatus
    dx_pix: float | None
    dy_pix: float | None
    rotation_deg: float | None
    scale: float | None

    @property
    def outcome(self) -> tuple[Any, ...]:
        """Values that are the same for equal fits of one product."""
        return self.status, self.dx_pix, self.dy_pix, self.rotation_deg, self.scale


def logged_fits(session: Session, exposure_ids: Collection[int]) -> list[LoggedFit]:
    """Fits known from logs, of all products of the visits of some exposures."""
    found: list[LoggedFit] = []
    for batch in batches(exposure_ids):
        visits = select(Exposure.visit_id).where(Exposure.id.in_(batch))
        columns: tuple[Any, ...] = (
            AlignmentRun.id,
            AlignmentRun.started_at,
            AlignmentRun.parameters,
            Product.filename,
            AlignmentSolution.status,
            AlignmentSolution.dx_pix,
            AlignmentSolution.dy_pix,
            AlignmentSolution.rotation_deg,
            AlignmentSolution.scale,
        )
        query = (
            select(*columns)
            .join(AlignmentRun, AlignmentRun.id == AlignmentSolution.activity_id)
            .join(Product, Product.id == AlignmentSolution.product_id)
            .where(Product.visit_id.in_(visits), AlignmentRun.imported_by_id.is_not(None))
        )
        found += (LoggedFit(*row) for row in session.execute(query))
    return sorted(found, key=lambda fit: (fit.run_id, fit.product))


def fits_and_primaries(session: Session, products: Collection[int]) -> list[AlignmentSolution]:
    """Every fit of some products, by their keys, and every WCS that was active."""
    query = (
        select(AlignmentSolution)
        .options(
            joinedload(AlignmentSolution.activity),
            joinedload(AlignmentSolution.product),
            joinedload(AlignmentSolution.known_version),
            joinedload(AlignmentSolution.applied_version),
        )
        .where(
            AlignmentSolution.origin != SolutionOrigin.HEADERLET,
            or_(AlignmentSolution.wcs_key == " ", AlignmentSolution.wcs_key.is_(None)),
        )
    )
    parts = in_parts(query, AlignmentSolution.product_id, products)
    found = [one for part in parts for one in session.scalars(part)]
    return sorted(found, key=lambda solution: solution.id)


def filenames_among(session: Session, names: Iterable[str]) -> set[str]:
    """Select the names that a file of the ledger has, or had in one of its versions."""
    wanted = list(names)
    return {
        name
        for column in (Product.filename, ProductVersion.filename)
        for part in in_parts(select(column), column, wanted)
        for name in session.scalars(part)
    }
