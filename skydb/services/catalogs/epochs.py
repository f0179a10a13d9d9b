"""When the sky of a product was seen, and whether a catalogue can be of that time."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, ProductMember, ProductVersion
from skydb.files.catalog import CatalogTable

#: Field stars move by some mas in a year, as much as a fit is good for.
_FAR_YEARS = 1.0


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


def epoch_doubt(table: CatalogTable, used: float | None, seen: float | None) -> str | None:
    """Why the stars of a catalogue are not where a product saw them; None when they are.

    Parameters
    ----------
    table : CatalogTable
        The catalogue.
    used : float or None
        Julian year that it was moved to; None when it stayed.
    seen : float or None
        Julian year of the exposures of the product; None when that is not known.
    """
    of_catalog = f"the catalogue stayed at {table.epoch_year}"
    if used is None or table.epoch_year is None:
        return f"When it was seen is not known: {of_catalog}."
    still = len(table) - int(table.has_proper_motion.sum())
    if 2 * still > len(table) and _is_far(table.epoch_year, seen):
        return (
            f"{still} of {len(table)} sources have no proper motion: {of_catalog},"
            f" and the product was seen in {seen:.2f}."
        )
    if _is_far(used, seen):
        return f"The catalogue was moved to {used:.2f}, and the product was seen in {seen:.2f}."
    return None


def _is_far(epoch: float, seen: float | None) -> bool:
    return seen is not None and abs(epoch - seen) > _FAR_YEARS


def _add(years: list[float], exposure: Exposure) -> None:
    if exposure.epoch_year is not None:
        years.append(exposure.epoch_year)
