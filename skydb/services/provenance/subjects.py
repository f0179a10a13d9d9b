"""What can be explained, and how it is called on a command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyValue,
)
from skydb.errors import NotFoundError, UsageError
from skydb.services.provenance import ids
from skydb.store import provenance_queries as queries
from skydb.store.provenance_queries import Key, Kind

_ADVICE = (
    "Write ROOTNAME[EXTVER]@RUN, FILE@VERSION, run:6, mosaic:6, solution:31, catalog:NAME or "
    "activity:4."
)

_VALUE = re.compile(r"(?P<rootname>[A-Za-z0-9]{9})\[(?P<extver>\d+)\]@(?P<run>\d+)")
_SKY = re.compile(r"sky:(?P<run>\d+):(?P<rootname>[A-Za-z0-9]{9}):(?P<extver>\d+)")
_FILE = re.compile(r"(?P<filename>[^:@/]+\.[^:@/]+?)(@(?P<number>\d+))?")
_NUMBERED = re.compile(r"(?P<kind>solution|run|activity|mosaic|version):(?P<key>\d+)")
_CATALOG = re.compile(r"catalogu?e?:(?P<name>.+)")

#: Larger than any row has; databases refuse numbers that do not fit.
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Subject:
    """What is explained.

    Parameters
    ----------
    root : str
        Its node.
    keys : tuple of (Kind, int)
        Where its lineage begins.
    run_id : int or None
        The run whose inputs belong to it, when no single one does.
    value, mosaic : SkyValue, Mosaic or None
        The thing itself when it is none of the kinds that are followed back.
    """

    root: str
    keys: tuple[Key, ...]
    run_id: int | None = None
    value: SkyValue | None = None
    mosaic: Mosaic | None = field(default=None)


def find_subject(session: Session, what: str) -> Subject:
    """What a text names.

    Parameters
    ----------
    session : Session
    what : str
        ``ibxl50clq[1]@6`` or ``sky:6:ibxl50clq:1`` for a sky value, ``solution:31``,
        ``run:6`` or ``activity:6``, ``ibxl50clq_flt.fits@2``, ``mosaic:6`` or
        ``catalog:gaia``; a file without a number means its newest content.

    Raises
    ------
    UsageError
        When the text follows none of these forms.
    NotFoundError
        When the ledger has no such thing.
    """
    for pattern, find in _FORMS:
        match = pattern.fullmatch(what.strip())
        if match is not None:
            named = {name: text for name, text in match.groupdict().items() if text is not None}
            return find(session, named)
    raise UsageError(f"{what!r} names nothing that can be explained.", advice=_ADVICE)


def _number(text: str) -> int:
    number = int(text)
    if number > _LARGEST_ID:
        raise NotFoundError(f"The ledger has no number {text}.")
    return number


def _value(session: Session, named: dict[str, str]) -> Subject:
    run, extver = _number(named["run"]), _number(named["extver"])
    rootname = named["rootname"].lower()
    value = queries.value_of(session, run, rootname, extver)
    if value is None:
        raise NotFoundError(
            f"Run {run} has no sky value of {rootname}[{extver}].",
            advice="See `skydb sky compare`, or `skydb sql` on v_sky_values.",
        )
    keys: list[Key] = [(Kind.ACTIVITY, run)]
    if value.version_id is not None:
        keys.append((Kind.VERSION, value.version_id))
    return Subject(ids.value(value), tuple(keys), value=value)


def _file(session: Session, named: dict[str, str]) -> Subject:
    wanted = (
        select(ProductVersion.id)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(Product.filename == named["filename"])
        .order_by(ProductVersion.place.desc())
        .limit(1)
    )
    if "number" in named:
        wanted = wanted.where(ProductVersion.number == _number(named["number"]))
    key = session.scalar(wanted)
    if key is None:
        name = "@".join(named.values())
        raise NotFoundError(f"The ledger has no {name}.", advice="See `skydb inspect wcs`.")
    return Subject(ids.version(key), ((Kind.VERSION, key),))


def _numbered(session: Session, named: dict[str, str]) -> Subject:
    return _BY_NUMBER[named["kind"]](session, _number(named["key"]))


def _version(session: Session, key: int) -> Subject:
    _require(session.get(ProductVersion, key), f"version {key}")
    return Subject(ids.version(key), ((Kind.VERSION, key),))


def _solution(session: Session, key: int) -> Subject:
    found = session.get(AlignmentSolution, key)
    _require(found, f"solution {key}", "See `skydb align history ROOTNAME` for the ids.")
    return Subject(ids.solution(key), ((Kind.SOLUTION, key),))


def _activity(session: Session, key: int) -> Subject:
    known = session.scalar(select(Activity.id).where(Activity.id == key))
    _require(known, f"run or activity {key}")
    return Subject(ids.activity(key), ((Kind.ACTIVITY, key),), run_id=key)


def _mosaic(session: Session, key: int) -> Subject:
    mosaic = session.get(Mosaic, key)
    _require(mosaic, f"mosaic of run {key}")
    return Subject(ids.mosaic(key), ((Kind.ACTIVITY, key),), run_id=key, mosaic=mosaic)


def _catalog(session: Session, named: dict[str, str]) -> Subject:
    name = named["name"]
    key = session.scalar(select(ReferenceCatalog.id).where(ReferenceCatalog.name == name))
    if key is None:
        raise NotFoundError(f"The ledger has no catalogue {name}.", advice="See `refcat list`.")
    return Subject(ids.catalog(key), ((Kind.CATALOG, key),))


def _require(found: object | None, what: str, advice: str = "") -> None:
    if found is None:
        raise NotFoundError(f"The ledger has no {what}.", advice=advice)


_BY_NUMBER: dict[str, Callable[[Session, int], Subject]] = {
    "version": _version,
    "solution": _solution,
    "run": _activity,
    "activity": _activity,
    "mosaic": _mosaic,
}

_FORMS: tuple[tuple[re.Pattern[str], Callable[[Session, dict[str, str]], Subject]], ...] = (
    (_VALUE, _value),
    (_SKY, _value),
    (_NUMBERED, _numbered),
    (_CATALOG, _catalog),
    (_FILE, _file),
)
