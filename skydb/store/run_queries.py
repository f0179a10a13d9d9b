"""Read-only selects on activities, their inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentSolution,
    Download,
    Environment,
    Generation,
    Product,
    ProductVersion,
    RunAttempt,
    SkyRun,
    SkyValue,
    Usage,
)
from skydb.store.queries import Row
from skydb.store.rows import in_parts
from skydb.store.scope import Scope
from skydb.store.selected_queries import Selected


def runs_about(session: Session, scope: Scope) -> set[int]:
    """Activities that read, made, fetched, fitted or measured anything of a selection.

    Raises
    ------
    NotFoundError, UsageError
        When the scope means nothing, or more than one thing.
    """
    selected = Selected.of(session, scope)
    found: set[int] = set()
    files = scope.file_conditions()
    for link in (Usage, Generation, Download):
        asked = (
            select(link.activity_id)
            .join(ProductVersion, ProductVersion.id == link.version_id)
            .join(Product, Product.id == ProductVersion.product_id)
            .where(*files)
            .distinct()
        )
        for part in in_parts(asked, Product.id, selected.products):
            found.update(session.scalars(part))
    if not scope.restricts_files:
        found |= _without_files(session, selected)
    return found


def _without_files(session: Session, selected: Selected) -> set[int]:
    """Runs of exposures and products that are known from a log only."""
    of_values = select(SkyValue.run_id).distinct()
    of_fits = select(AlignmentSolution.activity_id).distinct()
    parts = (
        *in_parts(of_values, SkyValue.exposure_id, selected.exposures),
        *in_parts(of_fits, AlignmentSolution.product_id, selected.products),
    )
    return {run for part in parts for run in session.scalars(part)}


def inputs(session: Session, run: int) -> list[Row]:
    """File versions that an activity used, in order of their names."""
    return [
        {
            "rootname": link.version.rootname,
            "filename": link.version.filename,
            "version": link.version.number,
            "role": link.role.value,
            "reason": link.reason,
            "passed_over": link.passed_over,
            "sha256": link.version.sha256,
            "stored_path": link.version.path,
        }
        for link in _sorted(session.scalars(select(Usage).where(Usage.activity_id == run)))
    ]


def outputs(session: Session, run: int) -> list[Row]:
    """File versions that an activity made."""
    links = session.scalars(select(Generation).where(Generation.activity_id == run))
    return [
        {
            "what": link.role.value,
            "name": f"{link.version.filename}@{link.version.number}",
            "stored_path": link.version.path,
            "sha256": link.version.sha256,
        }
        for link in _sorted(links)
    ]


def _sorted(links: Iterable[Any]) -> list[Any]:
    return sorted(links, key=lambda link: (link.version.subject, link.version.number))


def attempts(session: Session, run: int) -> list[Row]:
    """Attempts of workers at an activity."""
    asked = select(RunAttempt).where(RunAttempt.activity_id == run).order_by(RunAttempt.number)
    return [
        {
            "attempt": one.number,
            "worker": one.worker,
            "status": one.outcome.value,
            "started_at": one.started_at,
            "finished_at": one.finished_at,
            "error": one.error,
        }
        for one in session.scalars(asked)
    ]


def newest_environment(session: Session) -> Environment | None:
    """The environment of the newest sky run, or None."""
    newest = (
        select(Environment)
        .join(SkyRun, SkyRun.environment_id == Environment.id)
        .where(SkyRun.deleted_at.is_(None))
        .order_by(SkyRun.id.desc())
        .limit(1)
    )
    return session.scalar(newest)
