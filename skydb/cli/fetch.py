"""``skydb fetch``: exposures and products from MAST."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.shell import FAILED, JsonOption, Shell, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydb.services.intake import FetchedFile, FetchPlan


ObsIds = Annotated[
    list[str] | None, typer.Option(help="Observation; * stands for anything. Repeatable.")
]
Proposal = Annotated[int | None, typer.Option(help="Number of the proposal.")]
Filter = Annotated[str | None, typer.Option("--filter", help="Filter, e.g. F160W.")]
Target = Annotated[str | None, typer.Option(help="Target; * stands for anything.")]
Instrument = Annotated[str | None, typer.Option(help="As MAST writes it, e.g. WFC3/IR.")]
Kinds = Annotated[str, typer.Option(help="Kinds of file, or 'all'.")]
Project = Annotated[
    str, typer.Option(help="What made the files: CALWF3, CALACS, HAP-SVM, or 'all'.")
]
Dest = Annotated[
    Path | None, typer.Option(help="Where new files go.", show_default="mast/ in the data root")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what there is, and stop.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before downloading.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Fetch also what is here already.")]
Jobs = Annotated[int, typer.Option(help="Files at the same time.")]
Attempts = Annotated[int, typer.Option(help="How often a file is tried.")]
Timeout = Annotated[float, typer.Option(help="Longest silence of the archive, s.")]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(fetch)


def fetch(
    context: typer.Context,
    obs_id: ObsIds = None,
    proposal: Proposal = None,
    filter_: Filter = None,
    target: Target = None,
    instrument: Instrument = None,
    products: Kinds = "FLT,DRZ",
    project: Project = "CALWF3",
    dest: Dest = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    refresh: Refresh = False,
    jobs: Jobs = 4,
    attempts: Attempts = 5,
    timeout: Timeout = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Find products at MAST, get those that are not here, check and record them.

    Files come to ROOTNAME/NAME; one that has changed at the archive becomes a new
    version beside the old. What was interrupted is taken up where it broke off. A token
    for data that are not public is read from MAST_API_TOKEN. Exit codes: 1 when a file
    could not be had, 4 when nothing fits, 5 when something was skipped or flagged.

    Example: skydb fetch --obs-id 'ibxl5*' --proposal 12812 --filter F160W
    """
    from skydb.archive.mast import MastQuery
    from skydb.services.intake import FetchSettings

    made_by = None if project.lower() == "all" else project.upper()
    query = MastQuery(
        tuple(obs_id or ()), proposal, filter_, target, instrument, _kinds(products), made_by
    )
    settings = FetchSettings(dest, jobs, attempts, timeout, refresh)
    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        plan = services.fetch.plan(query, settings, record=not dry_run)
    if dry_run:
        shell.show("Products", plan.files, columns.PLANNED, as_json=as_json, note=_size(plan))
        shell.flag(when=any(file.is_flagged for file in plan.files))
        return
    if not as_json:
        _review(shell, plan, must_ask=not yes)
    with shell.services(progress=not as_json) as services:
        files = services.fetch.download(plan)
    _tell(shell, files, as_json=as_json)


def _kinds(text: str) -> tuple[str, ...]:
    if text.strip().lower() == "all":
        return ()
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def _size(plan: FetchPlan) -> str:
    from rich.filesize import decimal

    return f"{len(plan.files)} files, {decimal(plan.total_bytes)}"


def _review(shell: Shell, plan: FetchPlan, *, must_ask: bool) -> None:
    """Show what is going to be fetched; ask where somebody can answer."""
    from skydb.report.console import render_table

    rows = [asdict(file) for file in plan.files]
    render_table("Products", columns.PLANNED, rows, shell.stderr, note=_size(plan))
    if must_ask and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm("Fetch them?", default=True, abort=True, err=True)


def _tell(shell: Shell, files: Sequence[FetchedFile], *, as_json: bool) -> None:
    from skydb.domain.vocabulary import FetchStatus

    counts = {status: sum(file.status is status for file in files) for status in FetchStatus}
    note = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)
    rows = files if as_json else [_with_remark(file) for file in files]
    shell.show("Fetched", rows, columns.FETCHED, as_json=as_json, note=note)
    if any(file.is_unusable for file in files):
        raise typer.Exit(FAILED)
    shell.flag(when=any(file.is_flagged for file in files))


def _with_remark(file: FetchedFile) -> dict[str, Any]:
    return asdict(file) | {"remark": file.error or file.reason}
