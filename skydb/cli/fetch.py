"""``skydb fetch``: exposures and products from MAST."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.shell import JsonOption, Shell, shell_of
from skydb.report import columns
from skydb.report.counting import counted

if TYPE_CHECKING:
    from skydb.api.fetching import Planned

ObsIds = Annotated[
    list[str] | None, typer.Option(help="Observation; * stands for anything. Repeatable.")
]
Proposal = Annotated[int | None, typer.Option(help="Number of the proposal.")]
Filter = Annotated[str | None, typer.Option("--filter", help="Filter, e.g. F160W.")]
Target = Annotated[str | None, typer.Option(help="Target; * stands for anything.")]
Instrument = Annotated[str | None, typer.Option(help="As MAST writes it, e.g. WFC3/IR.")]
Kinds = Annotated[
    str,
    typer.Option(
        help="Kinds of file, or 'all'.", autocompletion=words("kind of file", listed=True)
    ),
]
Project = Annotated[
    str,
    typer.Option(
        help="What made the files: CALWF3, CALACS, HAP-SVM, or 'all'.",
        autocompletion=words("project"),
    ),
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
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        planned = ledger.fetch.plan(
            record=not dry_run, obs_id=obs_id, proposal=proposal, filter=filter_, target=target,
            instrument=instrument, products=products, project=project, dest=dest, jobs=jobs,
            attempts=attempts, timeout_s=timeout, refresh=refresh,
        )  # fmt: skip
    if dry_run:
        note = _size(planned)
        shell.present("Products", planned, columns.PLANNED, as_json=as_json, note=note)
        return
    if not as_json:
        _review(shell, planned, must_ask=not yes)
    with shell.ledger(progress=not as_json) as ledger:
        files = ledger.fetch.download(planned)
    counts = Counter(str(file.status) for file in files)
    note = ", ".join(f"{count} {status}" for status, count in counts.items())
    for file in files if not as_json else ():
        file["remark"] = file.error or file.reason
    shell.present("Fetched", files, columns.FETCHED, as_json=as_json, note=note)


def _size(planned: Planned) -> str:
    from rich.filesize import decimal

    size, here = decimal(planned.total_bytes), sum(file.status == "cached" for file in planned)
    files = counted(len(planned), "file")
    if not here:
        return f"{files}, {size}"
    return f"{files}, of which {here} here unless changed since; {size} to fetch"


def _review(shell: Shell, planned: Planned, *, must_ask: bool) -> None:
    """Show what is going to be fetched; ask where somebody can answer."""
    from skydb.report.console import render_table

    rows, note = planned.rows, _size(planned)
    render_table("Products", columns.PLANNED, rows, shell.stderr, note=note)
    if must_ask and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm("Fetch them?", default=True, abort=True, err=True)
