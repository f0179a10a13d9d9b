"""Runs, products and fits that only a log describes: entities with the columns written of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from skydb.domain import (
    Activity,
    AlignmentSolution,
    Exposure,
    Product,
    SkyRun,
    SkyValue,
    Stamp,
    Visit,
)
from skydb.domain.logged import Recalled, activity_columns, product_columns, sky_run_columns
from skydb.domain.sky import said_of_downgrade
from skydb.domain.solution import columns_logged
from skydb.domain.values import WcsFacts, WcsName
from skydb.domain.vocabulary import (
    ActivityKind,
    FindingKind,
    ProductKind,
    SkyMethod,
    SolutionStatus,
)

_OF_A_LOG = ("status", "started_at", "finished_at", "tool_version", "error")


def recall(
    run: Activity,
    imported_by: Activity,
    started_at: datetime | None,
    finished_at: datetime | None,
    tool_version: str | None,
    error: str | None = None,
) -> None:
    """Make an activity one that is older than the ledger."""
    ran = Recalled(ActivityKind.IMPORT, {}, started_at, finished_at, tool_version, error)
    columns = activity_columns(ran, Stamp("somebody", "0.1.0"))
    for name in _OF_A_LOG:
        setattr(run, name, columns[name])
    run.imported_by = imported_by


def recall_values(run: SkyRun, values: Iterable[SkyValue], effective: SkyMethod | None) -> None:
    """Give a run the skies of a log."""
    run.values = list(values)
    columns = sky_run_columns(run.requested_method, effective, run.recipe_hash)
    run.effective_method, run.downgraded = effective, columns["downgraded"]
    if run.downgraded:
        said = said_of_downgrade(run.requested_method, effective)
        run.notice(FindingKind.DOWNGRADED, f"run {run.id}", said)


def logged_product(
    filename: str, kind: ProductKind, visit: Visit, exposure: Exposure | None = None
) -> Product:
    """A product without a file."""
    columns = product_columns(filename, kind)
    return Product(columns["identity"], filename, kind, columns["flavour"], visit, exposure)


def logged_fit(
    product: Product, run: Activity, name: WcsName, status: SolutionStatus
) -> AlignmentSolution:
    """A fit with neither file nor WCS."""
    columns = columns_logged(run, name, status)
    fit = AlignmentSolution(product, run, columns["origin"], status, WcsFacts(" ", name, ()))
    fit.fitted_at = columns["fitted_at"]
    return fit
