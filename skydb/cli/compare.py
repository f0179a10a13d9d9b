"""Comparison across runs, dates and reprocessings: ``sky compare``, ``stats``, ``timeline``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.align import align
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, Shell, shell_of
from skydb.report import columns, columns_comparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydb.api.composition import Services
    from skydb.domain.grouping import StatisticsBy
    from skydb.domain.vocabulary import SkyMethod
    from skydb.services.comparison import SkyChange
    from skydb.store.scope import Scope

Replays = Annotated[
    bool, typer.Option("--replays", help="Also runs that `skydb replay` made to compare.")
]

#: Causes that are those of whole runs.
_OF_RUNS = ("alignment", "software", "parameters", "engine", "downgraded")
#: Under a table of differences.
_NOTE = (
    "relative: less the median difference of all chips that both runs have. Of match only this "
    "means anything: its values are offsets from one image of their own run."
)


def attach(sky: typer.Typer) -> None:
    """Add the commands of this module to the groups ``sky`` and ``align``."""
    for command in (compare, stats, timeline):
        sky.command()(selecting(command))
    align.command()(selecting(changes))


def compare(
    context: typer.Context,
    chosen: Chosen,
    runs: Annotated[
        list[int] | None,
        typer.Argument(
            help="Runs, 12 or run:12; those of the newest group when left out.",
            parser=run_number,
            metavar="[RUN]...",
        ),
    ] = None,
    across: Annotated[
        bool,
        typer.Option("--across", help="Compare each method with itself, run by run."),
    ] = False,
    between: Annotated[
        tuple[int, int] | None, typer.Option(help="Compare each method of two groups.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Compare every value with the one before it.")
    ] = False,
    replays: Replays = False,
    sigma: Annotated[
        bool, typer.Option("--sigma", help="Show the standard deviation of every value.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Directory for the plot, the mosaics and the blink GIF.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show MDRIZSKY of every chip, one column a method; or what changed between runs.

    The columns are the methods that really ran. Two runs of one method are compared with
    each other: value in each, difference, and its cause as far as the rows tell it. So are
    two groups (--between), and all runs that ever were (--history).

    Example: skydb sky compare --history --visit bxl50
    """
    scope = chosen.scope()
    shell = shell_of(context)
    with shell.services() as services:
        if _is_across(services, runs or (), asked=across or history or between is not None):
            rows = _across(services, runs or (), between, scope, history=history, replays=replays)
            criterion = services.comparison.skies.criterion(rows)
            _show_changes(shell, rows, criterion, sigma=sigma, as_json=as_json)
        else:
            _show_methods(shell, services, runs or (), scope, out, sigma=sigma, as_json=as_json)


def _is_across(services: Services, runs: Sequence[int], *, asked: bool) -> bool:
    return asked or services.comparison.skies.have_a_method_in_common(runs)


def _across(
    services: Services,
    runs: Sequence[int],
    between: tuple[int, int] | None,
    scope: Scope,
    *,
    history: bool,
    replays: bool,
) -> list[SkyChange]:
    from skydb.errors import UsageError

    if bool(runs) + history + (between is not None) != 1:
        raise UsageError(
            "It is not clear what is to be compared.",
            advice="Give runs, or --between GROUP GROUP, or --history.",
        )
    service = services.comparison.skies
    if between is not None:
        return service.groups(*between, scope)
    return service.history(scope, replays=replays) if history else service.runs(runs, scope)


def _show_changes(
    shell: Shell, rows: Sequence[SkyChange], criterion: Sequence[str], *, sigma: bool, as_json: bool
) -> None:
    note = " ".join([_NOTE, *criterion, *_causes_told(rows)])
    shown = columns_comparison.SKY_CHANGES_SIGMA if sigma else columns_comparison.SKY_CHANGES
    shell.show("MDRIZSKY, run by run", rows, shown, as_json=as_json, note=note)


def _causes_told(rows: Sequence[SkyChange]) -> list[str]:
    """What the causes are that all chips of two runs share, in sentences."""
    told = {
        f"{cause}: {one} -> {other}."
        for row in rows
        for cause, (one, *more) in row.because.items()
        if cause in _OF_RUNS
        for other in more
    }
    if any(row.difference and not row.cause for row in rows):
        return [*sorted(told), "Where no cause is named, no row tells one."]
    return sorted(told)


def _show_methods(
    shell: Shell,
    services: Services,
    runs: Sequence[int],
    scope: Scope,
    out: Path | None,
    *,
    sigma: bool,
    as_json: bool,
) -> None:
    rows = services.questions.comparison(runs, scope)
    if out is not None:
        from skydb.report.pages import comparison_pictures

        for picture in comparison_pictures(services, rows, runs, out):
            shell.say(f"{picture}")
    shown = columns.with_given_skies(
        columns.COMPARISON_SIGMA if sigma else columns.COMPARISON, rows
    )
    note = ""
    if not runs and not as_json:
        whole = scope.is_everything
        note = _groups_told(
            services.questions.sky_runs() if whole else services.coverage(scope).runs()
        )
    shell.show("MDRIZSKY", rows, shown, as_json=as_json, note=note)


def _groups_told(runs: Sequence[Mapping[str, Any]]) -> str:
    """Which runs a table shows that nobody has named."""
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for run in runs:
        groups.setdefault(run["group"], []).append(run)
    return " ".join(
        f"Runs {', '.join(str(run['run']) for run in same)} of group {group}, by "
        f"{', '.join(dict.fromkeys(run['engine'] for run in same))}: the newest."
        for group, same in groups.items()
    )


def stats(
    context: typer.Context,
    chosen: Chosen,
    by: Annotated[str, typer.Option(help="visit, filter, detector or proposal.")] = "visit",
    method: Annotated[str | None, typer.Option(help="Only this sky method.")] = None,
    replays: Replays = False,
    as_json: JsonOption = False,
) -> None:
    """Show the sky of every visit, filter, detector or proposal: median, scatter, spread.

    The newest value of every chip counts. Each unit has its own rows.

    Example: skydb sky stats --by filter --method match
    """
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.comparison.statistics.statistics(
            _group_by(by), _method(method), chosen.scope(), replays=replays
        )
    shell.show(f"Sky by {by}", rows, columns_comparison.SKY_STATISTICS, as_json=as_json)


def timeline(
    context: typer.Context,
    chosen: Chosen,
    replays: Replays = False,
    out: Annotated[Path | None, typer.Option(help="Directory for the two plots.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the sky and the alignment of an exposure or a visit against time.

    Example: skydb sky timeline --visit bxl50 --out figures/
    """
    scope = chosen.scope()
    shell = shell_of(context)
    with shell.services() as services:
        points = services.comparison.timeline.timeline(scope, replays=replays)
    if out is not None:
        from skydb.report.timeline_figures import timeline_pictures

        for picture in timeline_pictures(points, scope.label, out):
            shell.say(f"{picture}")
    shell.show(f"Over time: {scope.label}", points, columns_comparison.TIMELINE, as_json=as_json)


def changes(
    context: typer.Context,
    chosen: Chosen,
    since: Annotated[
        str | None, typer.Option(help="Only contents recorded on this date or later, UTC.")
    ] = None,
    min_mas: Annotated[float, typer.Option(help="Only shifts of so many mas or more.")] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """List exposures that the archive delivered anew: how far each moved, and why.

    No file is opened; `skydb align diff` measures two solutions on the pixels.

    Example: skydb align changes --since 2026-01-01 --min-mas 10
    """
    from skydb.services.comparison import moment

    scope = chosen.scope()
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.comparison.deliveries.changes(
            scope, moment(since) if since else None, min_mas
        )
    shell.show("Delivered anew", rows, columns_comparison.ALIGNMENT_CHANGES, as_json=as_json)


def _group_by(text: str) -> StatisticsBy:
    from skydb.domain.grouping import StatisticsBy
    from skydb.errors import UsageError

    try:
        return StatisticsBy(text)
    except ValueError as error:
        raise UsageError(f"Nothing is told apart by {text!r}.",
                         advice=f"Choose from {', '.join(StatisticsBy)}.") from error  # fmt: skip


def _method(text: str | None) -> SkyMethod | None:
    from skydb.domain.vocabulary import SkyMethod
    from skydb.errors import UsageError

    try:
        return None if text is None else SkyMethod(text)
    except ValueError as error:
        raise UsageError(f"There is no sky method {text!r}.",
                         advice=f"Choose from {', '.join(SkyMethod)}.") from error  # fmt: skip
