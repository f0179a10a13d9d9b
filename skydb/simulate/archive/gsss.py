"""The catalogue service that ``drizzlepac.haputils.astrometric_utils`` asks (GSSS, STScI).

CSV with CRLF; a first line that says how many rows follow, then a header. EPOCH moves
the stars by their proper motions. An answer that begins with ``Error`` makes drizzlepac
ask again without EPOCH.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skydb.simulate.archive.catalog import CatalogStars
from skydb.simulate.archive.faults import Fault, Misbehaviour, Misbehaviours, Service
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.limits import capped
from skydb.simulate.archive.sphere import cone, polygon
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

#: Column of the answer, and of the catalogue.
_COLUMNS = {
    "objID": "source_id",
    "ra": "ra",
    "dec": "dec",
    "ra_error": "ra_error",
    "dec_error": "dec_error",
    "parallax": "parallax",
    "parallax_error": "parallax_error",
    "pmra": "pmra",
    "pmra_error": "pmra_error",
    "pmdec": "pmdec",
    "pmdec_error": "pmdec_error",
    "mag": "phot_g_mean_mag",
    "epoch": "ref_epoch",
}
_FAULTS = frozenset({Fault.EMPTY, Fault.ROW_CAP, Fault.EPOCH_REFUSED, Fault.EPOCH_IGNORED})


@dataclass(frozen=True, slots=True)
class CatalogService:
    """Answers ``/vo/CatalogSearch.aspx``."""

    holdings: Holdings
    misbehaviours: Misbehaviours
    counters: Counters

    def answer(self, request: Request) -> Response:
        """Stars of a cone (RA, DEC, SR) or of a polygon (STCS), at EPOCH."""
        from starlette.responses import PlainTextResponse

        query = {name.upper(): value for name, value in request.query_params.items()}
        fault = self._fault(with_epoch="EPOCH" in query)
        try:
            if fault is not None and fault.fault is Fault.EPOCH_REFUSED:
                raise ValueError("EPOCH is not supported")
            text = _csv(self._stars(query, fault))
        except (KeyError, ValueError) as error:
            text = f"Error: {error}\r\nCannot find table 0.\r\n"
        return PlainTextResponse(text, media_type="text/csv")

    def _fault(self, *, with_epoch: bool) -> Misbehaviour | None:
        faults = _FAULTS if with_epoch else _FAULTS - {Fault.EPOCH_REFUSED, Fault.EPOCH_IGNORED}
        found = self.misbehaviours.take(faults, Service.GSSS)
        if found is not None:
            self.counters.fault(found.fault)
        return found

    def _stars(self, query: Mapping[str, str], fault: Misbehaviour | None) -> CatalogStars:
        if not query["CAT"].upper().startswith("GAIA") or query["FORMAT"].upper() != "CSV":
            raise ValueError(f"no catalogue {query['CAT']} as {query['FORMAT']}")
        stars = self.holdings.stars
        if "EPOCH" in query:
            stars = _moved(stars, float(query["EPOCH"]), fault)
        found = stars.where(_inside(stars, query)) if len(stars) else stars
        indices = capped(range(len(found)), None, fault)
        return found.where(np.array(indices, dtype=np.int64))


def _moved(stars: CatalogStars, epoch_year: float, fault: Misbehaviour | None) -> CatalogStars:
    if not math.isfinite(epoch_year):
        raise ValueError(f"no epoch {epoch_year}")
    moved = stars.at(epoch_year)
    if fault is None or fault.fault is not Fault.EPOCH_IGNORED:
        return moved
    return CatalogStars({**stars.columns, "ref_epoch": moved.columns["ref_epoch"]})


def _inside(stars: CatalogStars, query: Mapping[str, str]) -> NDArray[np.bool_]:
    if "STCS" not in query:
        centre = (float(query["RA"]), float(query["DEC"]))
        return cone(stars.radec_deg, centre, float(query["SR"]))
    shape, *numbers = query["STCS"].split()
    values = [float(number) for number in numbers if number.upper() not in ("J2000", "ICRS")]
    if shape.lower() != "polygon" or len(values) < 6 or len(values) % 2:
        raise ValueError(f"no shape {query['STCS'][:40]}")
    return polygon(stars.radec_deg, list(zip(values[::2], values[1::2], strict=True)))


def _csv(stars: CatalogStars) -> str:
    rows = zip(*(stars.columns[name].tolist() for name in _COLUMNS.values()), strict=True)
    lines = [f"Objects found: {len(stars)}", ",".join(_COLUMNS)]
    return "\r\n".join([*lines, *(",".join(map(repr, row)) for row in rows), ""])
