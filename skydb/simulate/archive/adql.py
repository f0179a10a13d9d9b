"""Subset of ADQL for queries of stars near a position.

One table; ``TOP n``; columns, ``*``, ``DISTANCE(...)`` and ``COUNT(*)``; conditions joined
by AND: ``CONTAINS(POINT(...), CIRCLE|BOX|POLYGON(...))``, ``DISTANCE(...) < r``, a column
compared with a number, ``IS NOT NULL``; ``ORDER BY``. Any other query is
refused, so that nothing is left out without an error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.simulate.archive.catalog import CatalogStars
from skydb.simulate.archive.sphere import box, cone, distances_deg, polygon

_TABLE = re.compile(r"gaia(dr2|edr3|dr3)\.gaia_source(_lite)?", re.IGNORECASE)
_QUERY = re.compile(
    r"SELECT\s+(?:(?:ALL|DISTINCT)\s+)?(?:TOP\s+(?P<top>\d+)\s+)?(?P<columns>.+?)"
    r"\s+FROM\s+(?P<table>[\w.]+)(?:\s+(?:AS\s+)?(?!WHERE\b|ORDER\b)\w+)?"
    r"(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+ORDER\s+BY\s+(?P<order>.+?))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_OWN_POINT = r"POINT\s*\(\s*(?:'[^']*'\s*,\s*)?(?:\w+\.)?ra\s*,\s*(?:\w+\.)?dec\s*\)"
_POINT = rf"POINT\s*\(\s*(?:'[^']*'\s*,\s*)?({_NUMBER})\s*,\s*({_NUMBER})\s*\)"
_DISTANCE = rf"DISTANCE\s*\(\s*(?:{_OWN_POINT}\s*,\s*{_POINT}|{_POINT}\s*,\s*{_OWN_POINT})\s*\)"
_SHAPE = rf"(CIRCLE|BOX|POLYGON)\s*\(\s*(?:'[^']*'\s*,)?([^()]*(?:{_POINT})?[^()]*)\)"
_CONTAINS = rf"CONTAINS\s*\(\s*{_OWN_POINT}\s*,\s*{_SHAPE}\s*\)"
_COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_COMPARISON = "(" + "|".join(_COMPARISONS) + ")"

Result = dict[str, NDArray[Any]]
Mask = NDArray[np.bool_]


class AdqlError(ValueError):
    """A query that this service cannot answer."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, taken apart."""

    top: int | None
    columns: tuple[str, ...]
    where: str
    order: str

    @classmethod
    def parse(cls, text: str) -> Query:
        """Take a query apart.

        Raises
        ------
        AdqlError
            When it is not understood.
        """
        found = _QUERY.fullmatch(text.strip())
        if found is None:
            raise AdqlError("cannot parse the query")
        if not _TABLE.fullmatch(found["table"]):
            raise AdqlError(f"unknown table {found['table']}")
        return cls(
            None if found["top"] is None else int(found["top"]),
            tuple(_split(found["columns"], ",")),
            found["where"] or "",
            found["order"] or "",
        )

    def select(self, stars: CatalogStars) -> Result:
        """Columns of every star that fulfils the conditions, in the order wanted; TOP is not done.

        Raises
        ------
        AdqlError
            When a condition or a column is not understood.
        """
        chosen = np.ones(len(stars), dtype=bool)
        for condition in _split(self.where, r"\bAND\b"):
            chosen &= _fulfils(stars, _without_parentheses(condition))
        found = stars.where(chosen)
        result: Result = {}
        for column in self.columns:
            result |= _evaluate(found, column)
        if "count" in result:
            return {"count": result["count"]}
        return self._ordered(result, found)

    def _ordered(self, result: Result, stars: CatalogStars) -> Result:
        if not self.order:
            return result
        name, *direction = self.order.split()
        values = result.get(name.lower())
        if values is None:
            values = _column(stars, name)
        order = np.argsort(values, kind="stable")
        if [word.upper() for word in direction] == ["DESC"]:
            order = order[::-1]
        elif direction and direction[0].upper() != "ASC":
            raise AdqlError(f"cannot order by {self.order}")
        return {key: column[order] for key, column in result.items()}


def _split(text: str, separator: str) -> list[str]:
    """Parts between separators that stand in no parentheses, without empty ones."""
    parts, depth, begin = [], 0, 0
    for token in re.finditer(rf"[()]|{separator}", text, re.IGNORECASE):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] not in "()":
            parts.append(text[begin : token.start()])
            begin = token.end()
    return [part.strip() for part in (*parts, text[begin:]) if part.strip()]


def _without_parentheses(condition: str) -> str:
    while condition.startswith("(") and len(_split(condition[1:-1], r"\)\s*\(")) == 1:
        inner = condition[1:-1]
        if not condition.endswith(")") or inner.count("(") != inner.count(")"):
            break
        condition = inner.strip()
    return condition


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)


def _column(stars: CatalogStars, name: str) -> NDArray[Any]:
    column = stars.columns.get(name.rpartition(".")[2].lower())
    if column is None:
        raise AdqlError(f"unknown column {name}")
    return column


def _evaluate(stars: CatalogStars, text: str) -> Mapping[str, NDArray[Any]]:
    """One item of the select list."""
    if _match(r"(\w+\.)?\*", text):
        return dict(stars.columns)
    if found := _match(r"COUNT\s*\(\s*\*\s*\)(?:\s+AS\s+\w+)?", text):
        return {"count": np.array([len(stars)])}
    if found := _match(rf"({_DISTANCE})(?:\s+AS\s+(\w+))?", text):
        name = found.groups()[-1] or "distance"
        return {name.lower(): _distances(stars, found[1])}
    if found := _match(r"([\w.]+)(?:\s+AS\s+(\w+))?", text):
        return {(found[2] or found[1].rpartition(".")[2]).lower(): _column(stars, found[1])}
    raise AdqlError(f"cannot select {text}")


def _distances(stars: CatalogStars, text: str) -> NDArray[np.float64]:
    found = _match(_DISTANCE, text)
    if found is None:
        raise AdqlError(f"cannot compute {text}")
    ra, dec = (float(value) for value in found.groups() if value is not None)
    return distances_deg(stars.radec_deg, (ra, dec))


def _fulfils(stars: CatalogStars, condition: str) -> Mask:
    """One condition of the WHERE clause."""
    if found := _match(rf"1\s*=\s*{_CONTAINS}|{_CONTAINS}\s*=\s*1", condition):
        groups = [group for group in found.groups() if group is not None]
        return _in_shape(stars, groups[0], groups[1])
    if found := _match(rf"({_DISTANCE})\s*{_COMPARISON}\s*({_NUMBER})", condition):
        compare = _COMPARISONS[found.groups()[-2]]
        return np.asarray(compare(_distances(stars, found[1]), float(found.groups()[-1])))
    if found := _match(rf"([\w.]+)\s*{_COMPARISON}\s*({_NUMBER})", condition):
        return np.asarray(_COMPARISONS[found[2]](_column(stars, found[1]), float(found[3])))
    if found := _match(rf"([\w.]+)\s+BETWEEN\s+({_NUMBER})\s+AND\s+({_NUMBER})", condition):
        column = _column(stars, found[1])
        return np.asarray((column >= float(found[2])) & (column <= float(found[3])))
    if found := _match(r"([\w.]+)\s+IS\s+NOT\s+NULL", condition):
        return np.asarray(np.isfinite(_column(stars, found[1])))
    raise AdqlError(f"cannot apply {condition}")


def _in_shape(stars: CatalogStars, shape: str, arguments: str) -> Mask:
    numbers = [float(number) for number in re.findall(_NUMBER, re.sub(r"'[^']*'", "", arguments))]
    positions = stars.radec_deg
    match shape.upper(), numbers:
        case "CIRCLE", [ra, dec, radius]:
            return cone(positions, (ra, dec), radius)
        case "BOX", [ra, dec, width, height]:
            return box(positions, (ra, dec), width, height)
        case "POLYGON", [_, _, _, _, _, _, *rest] if len(rest) % 2 == 0:
            return polygon(positions, list(zip(numbers[::2], numbers[1::2], strict=True)))
    raise AdqlError(f"cannot use {shape}({arguments})")
