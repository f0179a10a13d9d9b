"""Search by position: footprints at a position, in a circle, in a polygon, on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skydb.domain.references import parse
from skydb.errors import NotFoundError, UsageError
from skydb.sky.positions import parse_angle_deg, parse_dec_deg, parse_polygons_deg, parse_ra_deg
from skydb.sky.regions import Circle, Polygons, SkyRegion
from skydb.sky.spherical import outlines_of, separations_deg
from skydb.store.footprint_queries import footprints_near, footprints_of
from skydb.store.queries import Row
from skydb.store.references import products_of
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store

#: Columns of an answer; the names are a contract.
COLUMNS = (
    *("rootname", "product", "extver", "separation_deg", "contains", "s_region"),
    *("kind", "version", "solution_id", "wcs_name", "detector", "filter", "proposal_id"),
    *("program", "visit", "ra_deg", "dec_deg"),
)


@dataclass(frozen=True)
class Finder:
    """Searches by position; exact, after a first cut that an index makes."""

    store: Store

    def search(self, ways: Mapping[str, object], scope: Scope | None = None) -> list[Row]:
        """Run :meth:`find` or :meth:`overlapping` with options as users type them.

        Parameters
        ----------
        ways : mapping
            One of ``cone`` (RA, Dec, radius), ``position`` (RA, Dec), ``polygon`` (an
            ``s_region``) and ``overlapping`` (a name); numbers are degrees, but arcsec
            for a radius.
        scope : Scope, optional
            Only these exposures, and what was made of any of them.

        Raises
        ------
        UsageError
            When it is not exactly one, or cannot be understood.
        NotFoundError
            When the ledger has no footprint of the name.
        """
        if len(ways) != 1:
            raise UsageError(
                "A search is for one piece of sky.",
                advice="Give one of --cone, --position, --polygon and --overlapping.",
            )
        ((way, what),) = ways.items()
        if way == "overlapping":
            return self.overlapping(str(what), scope)
        return self.find(_region(way, what), scope)

    def find(self, region: SkyRegion, scope: Scope | None = None) -> list[Row]:
        """Chips that share sky with a region, the nearest first.

        ``separation_deg`` is from the middle of the region to the middle of the chip;
        ``contains`` says whether the chip holds all of the region.

        Parameters
        ----------
        region : SkyRegion
            A :class:`~skydb.sky.regions.Circle` or :class:`~skydb.sky.regions.Polygons`.
        scope : Scope, optional
            Only these exposures, and what was made of any of them.
        """
        cap, wanted = region.cap, scope or Scope()
        with self.store.reading() as session:
            wanted.require(session)
            rows = footprints_near(session, cap.centre.tolist(), cap.radius_deg, wanted)
        return _Candidates(rows).meeting(region)

    def overlapping(self, name: str, scope: Scope | None = None) -> list[Row]:
        """Chips of others that share sky with an exposure or a product.

        Parameters
        ----------
        name : str
            Rootname, file name of a product, ``product:12`` or a visit.
        scope : Scope, optional
            Only these others.

        Raises
        ------
        NotFoundError
            When the ledger does not have it, or no footprint of it.
        UsageError
            When the name is none of these.
        """
        with self.store.reading() as session:
            named = products_of(session, parse(name))
            own = footprints_of(session, [product.id for product in named])
        if not own:
            raise NotFoundError(
                f"The ledger has no footprint of {name!r}.",
                advice="Bring it in with `skydb ingest`.",
            )
        outlines = [one for row in own for one in parse_polygons_deg(row["s_region"])]
        products = {row["product"] for row in own}
        rootnames = {row["rootname"] for row in own} - {None}
        return [
            row
            for row in self.find(Polygons(outlines), scope)
            if row["product"] not in products and row["rootname"] not in rootnames
        ]


def _region(way: str, what: object) -> SkyRegion:
    if way == "polygon":
        return Polygons(parse_polygons_deg(str(what)))
    words = [str(word) for word in what] if isinstance(what, Sequence) else []
    if len(words) != {"cone": 3, "position": 2}.get(way):
        radius = ", and a radius" if way == "cone" else ", as two numbers"
        raise UsageError(f"A {way} is not {what!r}.", advice=f"Give RA and Dec{radius}.")
    radius_deg = parse_angle_deg(words[2]) if way == "cone" else 0.0
    return Circle(parse_ra_deg(words[0]), parse_dec_deg(words[1]), radius_deg)


@dataclass(frozen=True)
class _Candidates:
    rows: Sequence[Row]

    def meeting(self, region: SkyRegion) -> list[Row]:
        if not self.rows:
            return []
        outlines = outlines_of([row["s_region"] for row in self.rows])
        touched, held = region.meets(outlines)
        middles = np.array([[row["x"], row["y"], row["z"]] for row in self.rows])
        away = separations_deg(middles, region.cap.centre)
        found = [
            {**row, "separation_deg": float(away[i]), "contains": bool(held[i])}
            for i, row in enumerate(self.rows)
            if touched[i]
        ]
        found.sort(key=lambda row: (row["separation_deg"], row["product"], row["extver"]))
        return [{name: row[name] for name in COLUMNS} for row in found]
