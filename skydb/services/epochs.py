"""When the sky of a product was seen."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, ProductMember, ProductVersion


def mean_epochs(session: Session, versions: Sequence[ProductVersion]) -> list[float | None]:
    """Mean epoch of the exposures of each product, in Julian years; None where unknown."""
    ids = [version.product_id for version in versions]
    seen: dict[int, list[float]] = {product_id: [] for product_id in ids}
    members = (
        select(ProductMember.product_id, Exposure)
        .join(Exposure, Exposure.rootname == ProductMember.rootname)
        .where(ProductMember.product_id.in_(ids))
    )
    for product_id, exposure in session.execute(members):
        _add(seen[product_id], exposure)
    for version in versions:
        if not seen[version.product_id] and version.product.exposure is not None:
            _add(seen[version.product_id], version.product.exposure)
    return [fmean(seen[product_id]) if seen[product_id] else None for product_id in ids]


def _add(years: list[float], exposure: Exposure) -> None:
    if exposure.epoch_year is not None:
        years.append(exposure.epoch_year)
