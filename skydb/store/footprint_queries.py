"""Footprints near a position, by index, as candidates for an exact test."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, ChipSolution, Exposure, Product, ProductVersion
from skydb.domain.chip import WIDE_DEG
from skydb.domain.choice import EXPOSURE_KINDS, FLAVOURS
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.store.queries import Row, labelled
from skydb.store.rows import batches, in_parts
from skydb.store.scope import Scope
from skydb.store.version_queries import newest_in_time

#: Footprints are searched by size, so that one wide mosaic does not widen the search for
#: all small ones. Single chips of every camera are smaller than the first size.
_SIZES_DEG = (WIDE_DEG, 0.25, 1.0, 180.0)

#: Tolerance of rounding, far below any relevant size: 4 microarcsec.
_SLACK_DEG = 1e-9

#: Solutions asked for in one statement.
_BATCH = 1000

#: A cap is within reach when the chord between the middles is no longer than the arc of
#: both radii: never too few, and all of it plain arithmetic.
_NEAR = text(
    """
    SELECT DISTINCT c.solution_id
      FROM chip_solutions c
     WHERE c.z BETWEEN :lowest AND :highest
       AND c.radius_deg > :larger_than AND c.radius_deg <= :size
       AND (c.x - :x) * (c.x - :x) + (c.y - :y) * (c.y - :y) + (c.z - :z) * (c.z - :z)
           <= (:reach + c.radius_deg) * (:reach + c.radius_deg) * 0.00030461741978670860
    """
)
_COLUMNS = (
    "rootname, product, kind, version, solution_id, extver, wcs_name, detector, filter,"
    " proposal_id, program, visit, ra_deg, dec_deg, x, y, z, s_region"
)


def footprints_near(
    session: Session, centre: Sequence[float], radius_deg: float, scope: Scope
) -> list[Row]:
    """Rows of ``v_footprints`` whose surrounding circle may touch another circle.

    Parameters
    ----------
    session : Session
        On the ledger.
    centre : sequence of float
        Unit vector.
    radius_deg : float
        Radius of the other circle.
    scope : Scope
        The exposures that they are of.
    """
    found = set(_solutions_near(session, centre, radius_deg))
    if not scope.is_everything:
        found = set(_solutions_in(session, scope, found))
    return _footprints(session, found)


def _solutions_in(session: Session, scope: Scope, ids: Collection[int]) -> Iterator[int]:
    """Select the solutions of products of a scope."""
    conditions = scope.product_conditions(session)
    query = (
        select(AlignmentSolution.id)
        .join(Product, Product.id == AlignmentSolution.product_id)
        .where(*conditions)
    )
    for part in in_parts(query, AlignmentSolution.id, ids, _BATCH):
        yield from session.scalars(part)


def _footprints(session: Session, solutions: Iterable[int]) -> list[Row]:
    statement = text(f"SELECT {_COLUMNS} FROM v_footprints WHERE solution_id IN :ids").bindparams(
        bindparam("ids", expanding=True)
    )
    return [
        labelled(row)
        for ids in batches(solutions, _BATCH)
        for row in session.execute(statement, {"ids": ids}).mappings()
    ]


def footprints_of(session: Session, products: Iterable[int]) -> list[Row]:
    """Rows of ``v_footprints`` of some products, by their keys."""
    own = select(AlignmentSolution.id).where(AlignmentSolution.product_id.in_(list(products)))
    return _footprints(session, session.scalars(own))


def footprints_in(session: Session, scope: Scope, kinds: Collection[ProductKind] = ()) -> list[Row]:
    """Rows of ``v_footprints`` of a selection, by name and chip.

    Parameters
    ----------
    session : Session
    scope : Scope
        The exposures; of a day the rows are of the versions that there were.
    kinds : collection of ProductKind
        Products of these kinds; when empty one of each exposure, that which a run takes first.
    """
    products = _products_in(session, scope, kinds)
    if scope.as_of is None:
        rows = [row for batch in batches(products) for row in footprints_of(session, batch)]
    else:
        rows = _footprints_then(session, newest_in_time(session, scope, products))
    return _in_order(rows)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    named = [row for row in rows if row["s_region"]]
    return sorted(named, key=lambda row: (row["rootname"] or row["product"], row["extver"]))


def footprints_named(session: Session, rootnames: Sequence[str]) -> list[Row]:
    """Rows of ``v_footprints`` of exposures with these very names, found by index.

    Of each exposure they are those of the product that a run takes first.
    """
    asked = select(Product.id, Product.exposure_id, Product.kind, Product.flavour)
    named = asked.join(Exposure, Exposure.id == Product.exposure_id)
    parts = in_parts(named, Exposure.rootname, rootnames)
    products = _first_of_each([row for part in parts for row in session.execute(part)])
    return _in_order(row for batch in batches(products) for row in footprints_of(session, batch))


def _products_in(session: Session, scope: Scope, kinds: Collection[ProductKind]) -> list[int]:
    asked = select(Product.id, Product.exposure_id, Product.kind, Product.flavour)
    found = session.execute(asked.where(*scope.product_conditions(session)))
    if kinds:
        return [key for key, _, kind, _ in found if kind in kinds]
    return _first_of_each(found)


def _first_of_each(
    found: Iterable[tuple[int, int | None, ProductKind, Flavour]],
) -> list[int]:
    """Choose the product of each exposure that a run takes first."""
    own: dict[int, tuple[int, int, int]] = {}
    for key, exposure, kind, flavour in found:
        if exposure is not None and kind in EXPOSURE_KINDS:
            place = (FLAVOURS.index(flavour), EXPOSURE_KINDS.index(kind), -key)
            own[exposure] = min(own.get(exposure, place), place)
    return [-key for _, _, key in own.values()]


def _footprints_then(session: Session, numbers: Mapping[int, int]) -> list[Row]:
    """Footprints of some versions, by product and number, in the WCS of their headers."""
    asked = (
        select(ChipSolution, AlignmentSolution, ProductVersion)
        .join(AlignmentSolution, AlignmentSolution.id == ChipSolution.solution_id)
        .join(ProductVersion, ProductVersion.id == AlignmentSolution.version_id)
        .where(AlignmentSolution.wcs_key == " ")
    )
    return [
        _row_then(chip, solution, version)
        for part in in_parts(asked, ProductVersion.product_id, numbers)
        for chip, solution, version in session.execute(part)
        if numbers[version.product_id] == version.number
    ]


def _row_then(chip: ChipSolution, solution: AlignmentSolution, version: ProductVersion) -> Row:
    exposure, product = version.exposure, version.product
    return {
        "rootname": version.rootname,
        "product": product.filename,
        "kind": product.kind.value,
        "version": version.number,
        "extver": chip.extver,
        "wcs_name": solution.wcs_name,
        "solution_id": solution.id,
        "detector": exposure.detector if exposure else None,
        "filter": exposure.filters if exposure else None,
        "proposal_id": product.visit.proposal_id,
        "visit": product.visit.label,
        "s_region": chip.s_region,
    }


def _solutions_near(session: Session, centre: Sequence[float], radius_deg: float) -> Iterator[int]:
    x, y, z = (float(value) for value in centre)
    # Few are wider than the first size, and they have an index of their own.
    wide = select(func.max(ChipSolution.radius_deg)).where(ChipSolution.radius_deg > WIDE_DEG)
    largest = session.scalar(wide) or WIDE_DEG
    dec_deg = math.degrees(math.atan2(z, math.hypot(x, y)))
    place: dict[str, float] = {"x": x, "y": y, "z": z, "reach": radius_deg + _SLACK_DEG}
    smaller = -1.0
    for bound in _SIZES_DEG:
        size = min(bound, largest)
        if size > smaller:
            band = _band(dec_deg, radius_deg + size + _SLACK_DEG)
            limits = {"larger_than": smaller, "size": size, **band}
            yield from session.scalars(_NEAR, {**place, **limits})
        smaller = bound


def _band(dec_deg: float, reach_deg: float) -> dict[str, float]:
    """Limits of z between two declinations, which the poles end."""
    low, high = max(dec_deg - reach_deg, -90.0), min(dec_deg + reach_deg, 90.0)
    rounding = 1e-15
    return {
        "lowest": math.sin(math.radians(low)) - rounding,
        "highest": math.sin(math.radians(high)) + rounding,
    }
