"""Read-only selects on a selection: products, runs and groups of runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Product,
    ProductVersion,
    SkyRun,
    SkyValue,
    Usage,
    Visit,
)
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus
from skydb.store.rows import in_parts
from skydb.store.scope import Scope


@dataclass(frozen=True)
class Selected:
    """Everything in a selection, by keys and by names.

    Parameters
    ----------
    exposures : mapping of int to str
        Rootnames by key.
    visits : mapping of int to str
        Labels of their visits by key.
    products : mapping of int to str
        Their products and those made of any of them: file names by key.
    """

    exposures: dict[int, str]
    visits: dict[int, str]
    products: dict[int, str]

    @classmethod
    def of(cls, session: Session, scope: Scope) -> Selected:
        """Resolve a scope.

        Raises
        ------
        NotFoundError, UsageError
            As :meth:`.Scope.exposure_ids`.
        """
        exposures, visits = {}, {}
        labels = select(
            Exposure.id, Exposure.rootname, Visit.id, Visit.program + Visit.number
        ).join(Visit, Visit.id == Exposure.visit_id)
        for part in in_parts(labels, Exposure.id, scope.exposure_ids(session)):
            for key, rootname, visit_id, label in session.execute(part):
                exposures[key], visits[visit_id] = rootname, label
        named = select(Product.id, Product.filename).where(*scope.product_conditions(session))
        products = {key: name for key, name in session.execute(named)}
        return cls(exposures, visits, products)

    @property
    def rootnames(self) -> frozenset[str]:
        """Names of the exposures."""
        return frozenset(self.exposures.values())


def groups_covering(session: Session, exposures: Mapping[int, str]) -> dict[int, set[str]]:
    """Groups of good sky runs that have values of exposures: the newest of each exposure.

    Parameters
    ----------
    session : Session
    exposures : mapping of int to str
        Rootnames by key.

    Returns
    -------
    dict of int to set of str
        The exposures, by rootname, that each group stands for, the newest group first.
    """
    place: dict[int, tuple[float, int]] = {}
    having: dict[int, set[int]] = {}
    query = (
        select(SkyRun.group_id, SkyRun.started_at, SkyRun.id, SkyValue.exposure_id)
        .join(SkyValue, SkyValue.run_id == SkyRun.id)
        .where(
            SkyRun.status == ActivityStatus.SUCCEEDED,
            SkyRun.deleted_at.is_(None),
            SkyRun.replay_of_id.is_(None),
            SkyRun.effective_method.is_not(None),
        )
        .distinct()
    )
    for part in in_parts(query, SkyValue.exposure_id, exposures):
        for group, started_at, run, exposure in session.execute(part):
            began = started_at.timestamp() if started_at else 0.0
            place[group] = max(place.get(group, (0.0, 0)), (began, run))
            having.setdefault(group, set()).add(exposure)
    left, found = set(exposures), {}
    for group in sorted(having, key=lambda one: place[one], reverse=True):
        if mine := having[group] & left:
            found[group] = {exposures[key] for key in mine}
            left -= mine
    return found


def runs_using(session: Session, products: Iterable[int]) -> set[int]:
    """Activities that used a version of any of some products."""
    using = select(Usage.activity_id).join(ProductVersion, ProductVersion.id == Usage.version_id)
    parts = in_parts(using.distinct(), ProductVersion.product_id, products)
    return {key for part in parts for key in session.scalars(part)}


def alignments_showing(
    session: Session, products: Collection[int] | None = None
) -> dict[int, frozenset[str]]:
    """Alignment runs that have the newest fit of a product, or the one that is active.

    Parameters
    ----------
    session : Session
    products : collection of int, optional
        Keys of products; all when left out.

    Returns
    -------
    dict of int to frozenset of str
        File names of these products by run, the newest run first.
    """
    runs: dict[int, list[tuple[int, bool]]] = {}
    names: dict[int, str] = {}
    for run, product, name, is_active in _fits(session, products):
        names[product] = name
        runs.setdefault(product, []).append((run, is_active))
    shown: dict[int, set[str]] = {}
    for product, fits in runs.items():
        for run in {max(run for run, _ in fits), *(run for run, is_active in fits if is_active)}:
            shown.setdefault(run, set()).add(names[product])
    return {run: frozenset(shown[run]) for run in sorted(shown, reverse=True)}


def _fits(
    session: Session, products: Collection[int] | None
) -> Iterable[tuple[int, int, str, bool]]:
    """Run, product, its file name, and whether the fit is active, of fits of finished runs."""
    query = (
        select(
            AlignmentRun.id,
            Product.id,
            Product.filename,
            and_(
                AlignmentSolution.status == SolutionStatus.APPLIED,
                AlignmentSolution.superseded_by_id.is_(None),
            ),
        )
        .join(AlignmentSolution, AlignmentSolution.activity_id == AlignmentRun.id)
        .join(Product, Product.id == AlignmentSolution.product_id)
        .where(
            AlignmentRun.status == ActivityStatus.SUCCEEDED,
            AlignmentRun.deleted_at.is_(None),
            # A product that is known from a log only has no version.
            AlignmentRun.imported_by_id.is_(None),
            # A repetition is for comparison: its fits are not applied.
            AlignmentRun.parameters["replay_of"].as_string().is_(None),
        )
    )
    for part in in_parts(query, AlignmentSolution.product_id, products):
        for run, product, name, is_active in session.execute(part):
            yield run, product, name, bool(is_active)
