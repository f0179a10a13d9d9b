"""Ways and catalogues by which files were fitted, to fit them in the same way again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import asin, atan2, cos, degrees, dist, radians, sin
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    ChipSolution,
    Product,
    ReferenceCatalog,
)
from skydb.domain.catalog import asked_cone
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
    found: dict[int, str] = {}
    is_good = case((AlignmentSolution.status == SolutionStatus.FAILED, 0), else_=1)
    for batch in batches(visits):
        asked = (
            select(Product.visit_id, ReferenceCatalog.name)
            .join(AlignmentSolution, AlignmentSolution.product_id == Product.id)
            .join(ReferenceCatalog, ReferenceCatalog.id == AlignmentSolution.catalog_id)
            .where(Product.visit_id.in_(batch), ReferenceCatalog.superseded_by_id.is_(None))
            .order_by(is_good, AlignmentSolution.id)
        )
        found |= {visit: name for visit, name in session.execute(asked) if visit is not None}
    return found


#: A direction, as a unit vector.
_Direction = tuple[float, float, float]


@dataclass(frozen=True)
class CatalogsAround:
    """Catalogues on the sky, for products.

    Parameters
    ----------
    cones : mapping of str to (tuple of float, float) or None
        Middle and radius in degrees that each was asked for, the newest first and none that was
        superseded; None where that is unknown, as of a file.
    middles : mapping of int to tuple of float
        Directions of the products, by key.
    """

    cones: Mapping[str, tuple[_Direction, float] | None]
    middles: Mapping[int, _Direction]

    @classmethod
    def of(cls, session: Session, products: Collection[int]) -> CatalogsAround:
        """Read the catalogues of a ledger, and where some products are."""
        asked = (
            select(ReferenceCatalog.name, ReferenceCatalog.query)
            .where(ReferenceCatalog.superseded_by_id.is_(None))
            .order_by(ReferenceCatalog.id.desc())
        )
        cones = {name: _cone(asked_cone(query)) for name, query in session.execute(asked)}
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

    def position_deg(self, product: int | None) -> tuple[float, float] | None:
        """Right ascension and declination of a product; None where they were not needed."""
        middle = self.middles.get(product) if product is not None else None
        if middle is None:
            return None
        x, y, z = middle
        return degrees(atan2(y, x)) % 360.0, degrees(asin(max(-1.0, min(1.0, z))))

    def _may_cover(self, name: str, product: int | None) -> bool:
        cone = self.cones.get(name)
        middle = self.middles.get(product) if product is not None else None
        if cone is None or middle is None:
            return True
        centre, radius_deg = cone
        return degrees(2 * asin(min(1.0, dist(centre, middle) / 2))) <= radius_deg


def _cone(asked: tuple[float, float, float] | None) -> tuple[_Direction, float] | None:
    if asked is None:
        return None
    ra, dec = radians(asked[0]), radians(asked[1])
    return (cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec)), asked[2]


def _middles(session: Session, products: Collection[int]) -> dict[int, _Direction]:
    """Mean directions of the chips of some products, by the WCS of their files."""
    found: dict[int, _Direction] = {}
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
            x, y, z = map(float, mean)
            length = dist((x, y, z), (0.0, 0.0, 0.0))
            if length:
                found[key] = x / length, y / length, z / length
    return found
