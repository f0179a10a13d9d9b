"""Exposures and products anywhere on the sky, without files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentSolution,
    Exposure,
    IngestActivity,
    Product,
    ProductVersion,
    Visit,
)
from skydb.domain.values import ChipGeometry, ExposureFacts, FileFacts, Rootname, WcsFacts, WcsName
from skydb.domain.vocabulary import ProductKind
from skydb.sky.regions import degrees_of
from tests.domain.entities import STAMP
from tests.logged import logged_product
from tests.versions import recorded

#: IR field of view in degrees.
SIDE_DEG = 0.036


Pair = tuple[float, float]


def box(
    centre_deg: Pair, side_deg: float = SIDE_DEG, angle_rad: float = 0.2, offset_deg: Pair = (0, 0)
) -> tuple[Pair, ...]:
    """Corners of a turned square around a position, at a pole too."""
    ra, dec = np.radians(centre_deg)
    middle = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(middle, east)
    turns = angle_rad + np.radians([45, 135, 225, 315])
    reach = np.radians(side_deg) / np.sqrt(2)
    dx, dy = np.radians(offset_deg)
    corners = [middle + (dx + reach * np.cos(t)) * east + (dy + reach * np.sin(t)) * north
               for t in turns]  # fmt: skip
    vectors = np.array([corner / np.linalg.norm(corner) for corner in corners])
    return tuple((float(ra), float(dec)) for ra, dec in degrees_of(vectors))


def wcs_of(*polygons: Sequence[tuple[float, float]], key: str = " ",
           name: str = "IDC_w3m18525i") -> WcsFacts:  # fmt: skip
    step = 0.128 / 3600
    chips = tuple(
        ChipGeometry(i, (1014, 1014), (507.0, 507.0), (0.0, 0.0), (-step, 0.0, 0.0, step),
                     tuple(polygon))
        for i, polygon in enumerate(polygons, 1)
    )  # fmt: skip
    return WcsFacts(key, WcsName.parse(name), chips)


def facts_of(rootname: str, **more: object) -> ExposureFacts:
    known = {
        "proposal_id": 12812, "instrument": "WFC3", "detector": "IR", "filters": "F160W",
        "exptime_s": 502.9, "expstart_mjd": 56244.5, "target_name": "HORSEHEAD",
    }  # fmt: skip
    return ExposureFacts(Rootname(rootname), **{**known, **more})  # type: ignore[arg-type]


class Observatory:
    """Adds what it is told to a ledger.

    Parameters
    ----------
    session : Session
        A transaction that is committed by whoever opened it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.activity = IngestActivity({}, STAMP)
        session.add(self.activity)
        self._visits: dict[str, Visit] = {}

    def file(
        self, product: Product, facts: ExposureFacts, *solutions: WcsFacts, **more: object
    ) -> ProductVersion:
        """A new content of a product."""
        number = len(product.versions) + 1
        name = f"{product.filename} {number}"
        file = FileFacts(Path(product.filename), product.kind, 10_000, facts, solutions,
                         sha256=hashlib.sha256(name.encode()).hexdigest(), **more)  # type: ignore[arg-type] # fmt: skip
        version = recorded(product, file, f"{number}/{product.filename}", is_managed=number > 1)
        self.session.add(version)
        for wcs in solutions:
            AlignmentSolution.found(version, self.activity, wcs)
        return version

    def expose(self, rootname: str, *solutions: WcsFacts, kind: str = "flt",
               **more: object) -> Product:  # fmt: skip
        """An exposure with one file."""
        facts = facts_of(rootname, **more)
        visit = self._visit(facts)
        exposure = Exposure(visit, facts)
        product = logged_product(f"{rootname}_{kind}.fits", ProductKind(kind), visit, exposure)
        self.file(product, facts, *solutions)
        return product

    def drizzle(self, name: str, members: Sequence[str], *solutions: WcsFacts) -> Product:
        """A product made of exposures."""
        facts = facts_of(name)
        product = logged_product(f"{name}_drz.fits", ProductKind.DRZ, self._visit(facts))
        product.name_members(tuple(members))
        self.file(product, facts, *solutions)
        return product

    def _visit(self, facts: ExposureFacts) -> Visit:
        visit = Visit.of(facts)
        return self._visits.setdefault(visit.label, visit)
