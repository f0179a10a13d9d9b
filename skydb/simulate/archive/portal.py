"""MAST's portal: ``columnsconfig`` and ``invoke`` (CAOM services), as astroquery 0.4.11 asks.

Wildcards come as ``freeText`` with ``%``; texts are compared without regard to case,
as the archive's database does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from skydb.simulate.archive.columns import (
    COUNT_COLUMNS,
    OBSERVATION_COLUMNS,
    PRODUCT_COLUMNS,
    Columns,
    column_config,
)
from skydb.simulate.archive.faults import Fault, Misbehaviour, Misbehaviours, Service
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.limits import capped
from skydb.simulate.archive.sphere import cone
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Row = Mapping[str, Any]

_COUNT = "COUNT_BIG(*)"
_WRONG_BY_BYTES = 2880
_CONFIGS = {"Mast.Caom.Cone": OBSERVATION_COLUMNS, "Mast.Caom.Products": PRODUCT_COLUMNS}
_FAULTS = frozenset({Fault.EMPTY, Fault.ROW_CAP, Fault.WRONG_SIZE, Fault.HOSTILE_NAMES})


class BadRequestError(ValueError):
    """A request that the portal answers with status ERROR."""


@dataclass(frozen=True, slots=True)
class Portal:
    """Answers the portal's requests."""

    holdings: Holdings
    misbehaviours: Misbehaviours
    counters: Counters

    async def columns_config(self, request: Request) -> Response:
        """``colConfigId=NAME``: the columns, or nothing for an unknown name."""
        from starlette.responses import JSONResponse

        form = parse_qs((await request.body()).decode())
        columns = _CONFIGS.get(form.get("colConfigId", [""])[0], ())
        return JSONResponse(column_config(columns))

    async def invoke(self, request: Request) -> Response:
        """``request=JSON``: rows of one page."""
        from starlette.responses import JSONResponse

        form = parse_qs((await request.body()).decode())
        try:
            query = json.loads(form["request"][0])
            return JSONResponse(self._answer(query))
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"status": "ERROR", "msg": f"Error: {error}", "data": []})

    def _answer(self, query: Row) -> dict[str, Any]:
        params = query["params"]
        match query["service"]:
            case "Mast.Caom.Products":
                return _page(query, PRODUCT_COLUMNS, self._products(params))
            case "Mast.Caom.Cone":
                position = ",".join(str(params[name]) for name in ("ra", "dec", "radius"))
                params = {"position": position}
            case "Mast.Caom.Filtered" | "Mast.Caom.Filtered.Position":
                pass
            case unknown:
                raise BadRequestError(f"no service {unknown}")
        rows, fault = self._observations(params), self._fault(())
        if params.get("columns", "*") == _COUNT:
            # A service that leaves out rows still counts them.
            is_empty = fault is not None and fault.fault is Fault.EMPTY
            return _page(query, COUNT_COLUMNS, [{"Column1": 0 if is_empty else len(rows)}])
        return _page(query, OBSERVATION_COLUMNS, capped(rows, None, fault))

    def _observations(self, params: Row) -> list[Row]:
        rows: list[Row] = [
            row
            for row in self.holdings.observations
            if all(_fulfils(row, criterion) for criterion in params.get("filters", []))
        ]
        if "position" in params:
            rows = _near(rows, *(float(part) for part in params["position"].split(",")))
        return rows

    def _products(self, params: Row) -> list[Row]:
        obsids = str(params["obsid"]).split(",")
        rows = self.holdings.products(obsid.strip() for obsid in obsids)
        fault = self._fault({row["productFilename"] for row in rows})
        match fault:
            case Misbehaviour(fault=Fault.WRONG_SIZE):
                return [_with_wrong_size(row, fault) for row in rows]
            case Misbehaviour(fault=Fault.HOSTILE_NAMES):
                return [*rows, *self._hostile(rows, fault)]
            case _:
                return capped(rows, None, fault)

    def _fault(self, names: set[str] | tuple[()]) -> Misbehaviour | None:
        faults = _FAULTS if names else _FAULTS - {Fault.WRONG_SIZE, Fault.HOSTILE_NAMES}
        found = self.misbehaviours.take(faults, Service.PORTAL, names)
        if found is not None:
            self.counters.fault(found.fault)
        return found

    def _hostile(self, rows: Sequence[Row], fault: Misbehaviour) -> list[Row]:
        """The product's row, or the first calibrated exposure's, under each hostile name."""
        calibrated = [row for row in rows if row["productSubGroupDescription"] in ("FLT", "FLC")]
        chosen = [row for row in rows if row["productFilename"] == fault.product] or calibrated
        for name in fault.names:
            self.holdings.alias(name, chosen[0]["productFilename"])
        return [
            {**chosen[0], "productFilename": name, "dataURI": f"mast:HST/product/{name}"}
            for name in fault.names
        ]


def _with_wrong_size(row: Row, fault: Misbehaviour) -> Row:
    if fault.product not in (None, row["productFilename"]):
        return row
    size = row["size"] + _WRONG_BY_BYTES if fault.size is None else fault.size
    return {**row, "size": size}


def _fulfils(row: Row, criterion: Row) -> bool:
    """Whether a row has one of the values asked for.

    Raises
    ------
    BadRequestError
        When there is no such column.
    """
    names = {name.lower(): name for name, _ in OBSERVATION_COLUMNS}
    column = names.get(criterion["paramName"].lower())
    if column is None:
        raise BadRequestError(f"no column {criterion['paramName']}")
    value = row.get(column)
    if value is None:
        return False
    patterns = [criterion["freeText"]] if criterion.get("freeText") else []
    texts = str(value).split(criterion["separator"]) if "separator" in criterion else [str(value)]
    return any(_is_wanted(value, texts, wanted) for wanted in criterion["values"]) or any(
        _like(text, pattern) for text in texts for pattern in patterns
    )


def _is_wanted(value: Any, texts: Sequence[str], wanted: Any) -> bool:  # noqa: ANN401
    if isinstance(wanted, Mapping):
        return float(wanted["min"]) <= float(value) <= float(wanted["max"])
    return any(text.lower() == str(wanted).lower() for text in texts)


def _like(text: str, pattern: str) -> bool:
    """SQL's LIKE, with ``%`` only."""
    expression = ".*".join(re.escape(part) for part in pattern.split("%"))
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


def _near(rows: Sequence[Row], ra_deg: float, dec_deg: float, radius_deg: float) -> list[Row]:
    import numpy as np

    positions = np.array([(row["s_ra"], row["s_dec"]) for row in rows]).reshape(-1, 2)
    inside = cone(positions, (ra_deg, dec_deg), radius_deg)
    return [row for row, is_inside in zip(rows, inside, strict=True) if is_inside]


def _page(query: Row, columns: Columns, rows: Sequence[Row]) -> dict[str, Any]:
    size, page = int(query.get("pagesize", 50_000)), int(query.get("page", 1))
    pages = max(1, -(-len(rows) // size))
    shown = rows[(page - 1) * size : page * size]
    return {
        "status": "COMPLETE",
        "msg": "",
        "fields": [{"name": name, "type": kind} for name, kind in columns],
        "data": [{name: row.get(name) for name, _ in columns} for row in shown],
        "paging": {
            "page": page,
            "pageSize": size,
            "pagesFiltered": pages,
            "rows": len(shown),
            "rowsFiltered": len(rows),
            "rowsTotal": len(rows),
        },
    }
