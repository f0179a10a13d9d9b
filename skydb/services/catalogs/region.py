"""Piece of sky of the ledger, in the pointing of the archive.

The aligned pointing is not used, so that a query stays the same, and its answer is found
again, after its exposures were aligned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from skydb.archive.gaia import Cone
from skydb.domain import AlignmentSolution, ChipSolution, Exposure, Product, ProductVersion
from skydb.domain.vocabulary import ProductKind, SolutionOrigin
from skydb.errors import NotFoundError, UsageError

#: Room for pointing errors and for the motion of stars.
_MARGIN_DEG = 10.0 / 3600.0
_DEFAULT_RADIUS_ARCMIN = 3.0
_CIRCLE_DEG = 360.0


@dataclass(frozen=True, slots=True)
class Region:
    """A cone as people ask for it: at a position, at a target, or around all footprints.

    Parameters
    ----------
    target : str, optional
        TARGNAME of exposures in the ledger; capitals do not matter.
    ra_deg, dec_deg : float, optional
        ICRS position; both or none.
    radius_arcmin : float, optional
        Else what covers the footprints, or 3 arcmin around a position.

    Raises
    ------
    UsageError
        For half a position, or a position and a target; for a right ascension beyond a circle.
    """

    target: str | None = None
    ra_deg: float | None = None
    dec_deg: float | None = None
    radius_arcmin: float | None = None

    def __post_init__(self) -> None:
        if (self.ra_deg is None) != (self.dec_deg is None):
            raise UsageError("A position is --ra and --dec.")
        if self.target is not None and self.ra_deg is not None:
            raise UsageError("A region is at a target or at a position, not both.")
        if self.ra_deg is not None and not -_CIRCLE_DEG <= self.ra_deg <= _CIRCLE_DEG:
            raise UsageError(
                f"RA {self.ra_deg:g} is more than a circle.", advice="Give it in degrees, 0 to 360."
            )

    def cone(self, session: Session) -> Cone:
        """The circle to ask for.

        Raises
        ------
        NotFoundError
            When the ledger has no such target, or no footprint.
        UsageError
            When the circle is too large.
        """
        if self.ra_deg is not None and self.dec_deg is not None:
            radius_arcmin = self.radius_arcmin
            if radius_arcmin is None:
                radius_arcmin = _DEFAULT_RADIUS_ARCMIN
            return Cone(self.ra_deg % _CIRCLE_DEG, self.dec_deg, radius_arcmin / 60.0)
        cone = _around(_caps(session, _versions_of(self.target)), self.target)
        if self.radius_arcmin is None:
            return cone
        return Cone(cone.ra_deg, cone.dec_deg, self.radius_arcmin / 60.0)


def cone_around(session: Session, versions: Sequence[ProductVersion]) -> Cone:
    """A circle around the footprints of some versions.

    Raises
    ------
    NotFoundError
        When none has a footprint.
    UsageError
        When the circle is too large for one field.
    """
    ids = select(ProductVersion.id).where(ProductVersion.id.in_([v.id for v in versions]))
    return _around(_caps(session, ids), None)


def archive_versions(session: Session, filenames: Sequence[str] = ()) -> list[ProductVersion]:
    """Newest versions of products from the archive, in order of name.

    Parameters
    ----------
    session : Session
        On the ledger.
    filenames : sequence of str
        Products; all drizzled ones when empty, or all exposures when there are none.

    Raises
    ------
    NotFoundError
        When a product is not in the ledger, or it has none.
    """
    found = list(session.scalars(_from_archive().order_by(Product.filename)))
    if filenames:
        found = [version for version in found if version.product.filename in filenames]
    else:
        drizzled = [version for version in found if version.product.kind.is_drizzled]
        found = drizzled or [v for v in found if v.product.kind is not ProductKind.HLET]
    missing = sorted(set(filenames) - {version.product.filename for version in found})
    if missing or not found:
        what = ", ".join(missing) or "products"
        raise NotFoundError(
            f"The ledger has no {what}.", advice="Bring them in with `skydb ingest`."
        )
    return found


def _from_archive() -> Select[ProductVersion]:
    """Newest version of each product with an active WCS from the archive."""
    newest = (
        select(ProductVersion.product_id, func.max(ProductVersion.place).label("place"))
        .join(AlignmentSolution, AlignmentSolution.version_id == ProductVersion.id)
        .where(AlignmentSolution.origin == SolutionOrigin.ARCHIVE, AlignmentSolution.wcs_key == " ")
        .group_by(ProductVersion.product_id)
        .subquery()
    )
    return (
        select(ProductVersion)
        .join(Product, Product.id == ProductVersion.product_id)
        .join(
            newest,
            (newest.c.product_id == ProductVersion.product_id)
            & (newest.c.place == ProductVersion.place),
        )
    )


def _versions_of(target: str | None) -> Select[int]:
    newest = _from_archive().with_only_columns(ProductVersion.id)
    if target is None:
        return newest
    return newest.join(Exposure, Exposure.id == Product.exposure_id).where(
        func.lower(Exposure.target_name) == target.lower()
    )


def _caps(session: Session, version_ids: Select[int]) -> NDArray[np.float64]:
    """Unit vector and radius in degrees of a cap around each chip, shape (N, 4)."""
    caps = (
        select(ChipSolution.x, ChipSolution.y, ChipSolution.z, ChipSolution.radius_deg)
        .join(AlignmentSolution, AlignmentSolution.id == ChipSolution.solution_id)
        .where(
            AlignmentSolution.version_id.in_(version_ids),
            AlignmentSolution.origin == SolutionOrigin.ARCHIVE,
            AlignmentSolution.wcs_key == " ",
            ChipSolution.radius_deg.is_not(None),
        )
    )
    return np.array([tuple(row) for row in session.execute(caps)], dtype=float).reshape(-1, 4)


def _around(caps: NDArray[np.float64], target: str | None) -> Cone:
    """A cone that holds all caps, rounded so that it reads well."""
    if not len(caps):
        what = "footprint" if target is None else f"exposure of {target}"
        raise NotFoundError(f"The ledger has no {what}.", advice="Give a position: --ra, --dec.")
    middle = caps[:, :3].min(axis=0) + caps[:, :3].max(axis=0)
    middle /= np.linalg.norm(middle)
    ra_deg = round(math.degrees(math.atan2(middle[1], middle[0])) % 360.0, 6) % 360.0
    dec_deg = round(math.degrees(math.asin(middle[2])), 6)
    chords = np.linalg.norm(caps[:, :3] - middle, axis=1)
    reach_deg = np.degrees(2 * np.arcsin(np.minimum(chords / 2, 1.0))) + caps[:, 3]
    radius_deg = math.ceil((float(reach_deg.max()) + _MARGIN_DEG) * 1e4) / 1e4
    return Cone(ra_deg, dec_deg, radius_deg)
