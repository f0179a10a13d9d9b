"""Ways and catalogues by which files were fitted, to fit them in the same way again."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select

from skydb.domain import AlignmentRun, AlignmentSolution, Product, ReferenceCatalog
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
