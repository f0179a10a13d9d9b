"""Epoch of a product, and checks that a catalogue can be of that time."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, ProductMember, ProductVersion
from skydb.domain.motion import FAR_YEARS, MotionRecord


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


def epoch_doubt(
    record: MotionRecord, used: float | None, seen: float | None, rms_mas: float | None = None
) -> str | None:
    """Explain why the stars of a catalogue are not at the epoch of a product; None when they are.

    Parameters
    ----------
    record : MotionRecord
        How the catalogue was placed.
    used : float or None
        Julian year that it was moved to; None when it stayed.
    seen : float or None
        Julian year of the exposures of the product; None when that is not known.
    rms_mas : float or None
        RMS of the fit, of the worse axis; None when there is no fit.
    """
    if used is None:
        return f"Its epoch is unknown: the catalogue stayed at {record.used_epoch}."
    found = [record.doubt(rms_mas)]
    if record.without_motion < record.sources and _is_far(used, seen):
        found.append(
            f"The catalogue was moved to {used:.2f}, and the product was seen in {seen:.2f}."
        )
    return " ".join(sentence for sentence in found if sentence) or None


def _is_far(epoch: float, seen: float | None) -> bool:
    return seen is not None and abs(epoch - seen) > FAR_YEARS


def _add(years: list[float], exposure: Exposure) -> None:
    if exposure.epoch_year is not None:
        years.append(exposure.epoch_year)
