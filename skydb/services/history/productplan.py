"""Conversion of the HDRTAB of a drizzled product to a plan of records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import FindingKind
from skydb.services.history.packing import FoundSky
from skydb.services.history.plan import Note, SkyPlan, Software, Source

if TYPE_CHECKING:
    from skydb.files.hdrtab import DrizzledProduct, TabledSky

_ROOTNAME = re.compile(r"[ijnou][a-z0-9]{8}")
#: Half of the last digit that a log prints, and what is lost in single precision: with the
#: methods that compute in it, the header has fewer digits than the log.
_HALF_DIGIT, _SINGLE = 0.51e-6, 1.2e-7


def product_plan(product: DrizzledProduct) -> SkyPlan:
    """Plan the records of the run that made a product; its method is unknown."""
    source = Source(product.path, None, None, product.identity)
    notes: list[Note] = []
    levels = tuple(_levels(product, notes))
    return SkyPlan(
        source=source,
        software=Software(product.tool, None, {}),
        started_at=None,
        finished_at=None,
        parameters={
            "product": product.path.name,
            "written_on": product.written_on,
            "log": source.facts,
            "complete": True,
        },
        notes=tuple(notes),
        error=None,
        is_complete=True,
        requested=None,
        effective=None,
        levels=levels,
        inputs=(),
        exposures=tuple(dict.fromkeys(level.rootname for level in levels)),
        written=(product.path.name,),
    )


def writer_of(product: DrizzledProduct, found: Iterable[FoundSky]) -> FoundSky | None:
    """The run, of those logged in the product's directory, that wrote it last."""
    home, name = product.path.parent, product.path.name.removesuffix(".gz")
    there = [one for one in found if one.path.parent == home and name in one.written]
    return there[-1] if there else None


def disagreements(product: DrizzledProduct, plan: SkyPlan) -> list[Note]:
    """Find differences of a product and the log of the run that wrote it."""
    logged = {(level.rootname, level.extver): level for level in plan.levels}
    tabled = {(sky.rootname, sky.extver): sky for sky in product.skies}
    notes = []
    for rootname, extver in sorted(logged.keys() | tabled.keys()):
        said = _difference(logged.get((rootname, extver)), tabled.get((rootname, extver)))
        if said:
            message = f"sky of {rootname}[sci,{extver}]: {said}."
            notes.append(Note(FindingKind.CONTRADICTION, product.path.name, message))
    return notes


def _difference(logged: SkyLevel | None, tabled: TabledSky | None) -> str | None:
    if logged is None or tabled is None:
        missing = "the log" if logged is None else "the product"
        return f"{missing} does not name it"
    ours, theirs = logged.mdrizsky, tabled.mdrizsky
    if ours is None or theirs is None:
        return None
    if abs(ours - theirs) <= _HALF_DIGIT + _SINGLE * abs(ours):
        return None
    return f"the log has {ours:.6f}, the product {theirs:.6f}"


def _levels(product: DrizzledProduct, notes: list[Note]) -> Iterable[SkyLevel]:
    name, seen = product.path.name, set()
    for sky in product.skies:
        key = (sky.rootname, sky.extver)
        is_chip = _ROOTNAME.fullmatch(sky.rootname) and 0 < sky.extver < 1000
        if not is_chip or key in seen:
            said = f"HDRTAB names {sky.rootname!r}, extver {sky.extver}; it is left out."
            notes.append(Note(FindingKind.REJECTED_FILE, name, said))
            continue
        if sky.unit is None:
            notes.append(Note(FindingKind.UNIT_UNKNOWN, sky.rootname, "HDRTAB has no unit."))
        seen.add(key)
        yield SkyLevel(sky.rootname, sky.extver, sky.mdrizsky, sky.unit)
