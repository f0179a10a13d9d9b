"""Choosing the exposures of a run: one detector, one filter, the newest content of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Product, ProductVersion, Visit
from skydb.domain.vocabulary import ProductKind
from skydb.errors import NotFoundError, UsageError
from skydb.store import queries

#: Kinds that are single exposures, the better calibrated first.
_EXPOSURES = (
    ProductKind.FLC,
    ProductKind.FLT,
    ProductKind.C0M,
    ProductKind.CAL,
    ProductKind.SX2,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run shall be made of; what is left out does not restrict."""

    rootnames: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    proposal_id: int | None = None
    filter: str | None = None
    detector: str | None = None
    target: str | None = None

    def as_parameters(self) -> dict[str, Any]:
        """JSON-able, without what was left out."""
        return {key: value for key, value in asdict(self).items() if value}


def choose_exposures(session: Session, selection: Selection) -> list[ProductVersion]:
    """Newest content of every selected exposure, FLC before FLT, in order of rootname.

    Raises
    ------
    NotFoundError
        When nothing, or a rootname that was named, is not in the ledger.
    UsageError
        When the selection mixes detectors or filters.
    """
    query = (
        queries.latest_versions()
        .join(Product)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(Product.kind.in_(_EXPOSURES), *conditions(selection))
    )
    best: dict[str, ProductVersion] = {}
    for version in session.scalars(query):
        name = _rootname(version)
        if name not in best or _rank(version) < _rank(best[name]):
            best[name] = version
    _require_all(selection.rootnames, best)
    chosen = [best[name] for name in sorted(best)]
    _require_one_kind(chosen)
    return chosen


def conditions(selection: Selection) -> list[Any]:
    """What restricts a select of exposures and their visits to a selection."""
    several: list[Any] = []
    if selection.rootnames:
        several.append(Exposure.rootname.in_(selection.rootnames))
    if selection.visits:
        # By both columns, which have an index together; a label put together has none.
        labels = [(label[:3], label[3:]) for label in selection.visits]
        several.append(tuple_(Visit.program, Visit.number).in_(labels))
    equal = {
        Visit.proposal_id: selection.proposal_id,
        Exposure.filters: selection.filter,
        Exposure.detector: selection.detector,
        Exposure.target_name: selection.target,
    }
    return several + [column == value for column, value in equal.items() if value is not None]


def _rootname(version: ProductVersion) -> str:
    exposure = version.product.exposure
    return exposure.rootname if exposure else ""


def _rank(version: ProductVersion) -> int:
    return _EXPOSURES.index(version.product.kind)


def _require_all(rootnames: Sequence[str], found: dict[str, ProductVersion]) -> None:
    missing = sorted(set(rootnames) - set(found))
    if missing or not found:
        what = ", ".join(missing) or "exposures of this selection"
        raise NotFoundError(f"The ledger has no {what}.", advice="Bring them in with `ingest`.")


def _require_one_kind(versions: Sequence[ProductVersion]) -> None:
    kinds = {
        f"{exposure.instrument}/{exposure.detector} {exposure.filters}"
        for version in versions
        if (exposure := version.product.exposure)
    }
    if len(kinds) > 1:
        raise UsageError(
            f"The selection mixes {', '.join(sorted(kinds))}.",
            advice="Choose with --detector and --filter.",
        )
