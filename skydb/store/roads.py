"""Ways and catalogues by which files were fitted, to fit them in the same way again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    ChipSolution,
    Product,
    ReferenceCatalog,
)
from skydb.domain.catalog import reach_of
from skydb.domain.directions import Position, position_of, separation_deg
from skydb.domain.vocabulary import AlignmentRoad, SolutionStatus
from skydb.store.rows import batches

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class RoadOf(NamedTuple):
    """Way in which an exposure was fitted last, and its groups."""

    road: AlignmentRoad
    group_by: str | None = None


def roads_of(session: Session, products: Collection[int]) -> dict[int, RoadOf]:
    """Ways in which those of some products that are single exposures were fitted last.

    Parameters
    ----------
    session : Session
    products : collection of int
        Keys of products; drizzled ones are left out of the answer.

    Returns
    -------
    dict of int to RoadOf
        ``exposures`` for one that was not fitted yet.
    """
    found: dict[int, RoadOf] = {}
    for batch in batches(products):
        single = select(Product.id).where(Product.id.in_(batch), Product.exposure_id.is_not(None))
        found |= {key: RoadOf(AlignmentRoad.EXPOSURES) for key in session.scalars(single)}
        newest = (
            select(AlignmentSolution.product_id, func.max(AlignmentRun.id).label("run_id"))
            .join(AlignmentRun, AlignmentRun.id == AlignmentSolution.activity_id)
            .where(AlignmentSolution.product_id.in_(batch), AlignmentRun.what.is_not(None))
            .group_by(AlignmentSolution.product_id)
            .subquery()
        )
        asked = select(newest.c.product_id, AlignmentRun.what, AlignmentRun.parameters).join(
            newest, newest.c.run_id == AlignmentRun.id
        )
        for key, road, parameters in session.execute(asked):
            if key in found and road is AlignmentRoad.GROUP:
                found[key] = RoadOf(road, parameters.get("group_by"))
    return found


def catalogs_of(session: Session, visits: Collection[int]) -> dict[int, str]:
    """Names of the catalogues that visits were fitted to last.

    A good fit counts before a failed one; a catalogue that was superseded is left out.
    """
    known = select(ReferenceCatalog.id, ReferenceCatalog.name)
    current = known.where(ReferenceCatalog.superseded_by_id.is_(None))
    # Joined, SQLite goes through all solutions of a catalogue, which may be half a million.
    names = {catalog: name for catalog, name in session.execute(current)}
    found: dict[int, str] = {}
    is_good = case((AlignmentSolution.status == SolutionStatus.FAILED, 0), else_=1)
    for batch in batches(visits):
        asked = (
            select(Product.visit_id, AlignmentSolution.catalog_id)
            .join(AlignmentSolution, AlignmentSolution.product_id == Product.id)
            .where(Product.visit_id.in_(batch))
            .order_by(is_good, AlignmentSolution.id)
        )
        found |= {
            visit: names[catalog]
            for visit, catalog in session.execute(asked)
            if visit is not None and catalog in names
        }
    return found


@dataclass(frozen=True)
class CatalogsAround:
    """Catalogues on the sky, for products.

    Parameters
    ----------
    cones : mapping of str to (float, float, float) or None
        Middle and radius in degrees of each, as it was asked for or as the sources of a file
        lie, the newest first and none that was superseded; None where that is unknown.
    middles : mapping of int to (float, float)
        Positions of the products in degrees, by key.
    """

    cones: Mapping[str, tuple[float, float, float] | None]
    middles: Mapping[int, Position]

    @classmethod
    def of(cls, session: Session, products: Collection[int]) -> CatalogsAround:
        """Read the catalogues of a ledger, and where some products are."""
        asked = (
            select(ReferenceCatalog.name, ReferenceCatalog.query)
            .where(ReferenceCatalog.superseded_by_id.is_(None))
            .order_by(ReferenceCatalog.id.desc())
        )
        cones = {name: reach_of(query) for name, query in session.execute(asked)}
        return cls(cones, _middles(session, products) if any(cones.values()) else {})

    def for_product(self, product: int | None, *wanted: str | None) -> str | None:
        """Name a catalogue for a product: of those wanted, else the newest, that may cover it.

        Parameters
        ----------
        product : int or None
            Key of the product.
        *wanted : str or None
            Catalogues that go before the newest.
        """
        names = [*filter(None, wanted), *self.cones]
        return next((name for name in names if self._may_cover(name, product)), None)

    def position_deg(self, product: int | None) -> Position | None:
        """Right ascension and declination of a product; None where they were not needed."""
        return self.middles.get(product) if product is not None else None

    def _may_cover(self, name: str, product: int | None) -> bool:
        cone, middle = self.cones.get(name), self.position_deg(product)
        if cone is None or middle is None:
            return True
        ra_deg, dec_deg, radius_deg = cone
        return separation_deg((ra_deg, dec_deg), middle) <= radius_deg


def _middles(session: Session, products: Collection[int]) -> dict[int, Position]:
    """Mean positions of the chips of some products, by the WCS of their files."""
    found: dict[int, Position] = {}
    axes = [func.avg(axis) for axis in (ChipSolution.x, ChipSolution.y, ChipSolution.z)]
    for batch in batches(products):
        asked = (
            select(AlignmentSolution.product_id, *axes)
            .join(ChipSolution, ChipSolution.solution_id == AlignmentSolution.id)
            .where(AlignmentSolution.product_id.in_(batch), AlignmentSolution.wcs_key == " ")
            .where(ChipSolution.x.is_not(None))
            .group_by(AlignmentSolution.product_id)
        )
        for key, *mean in session.execute(asked):
            middle = position_of(*map(float, mean))
            if middle is not None:
                found[key] = middle
    return found
