"""Sections of the page of a ledger that are about one field: its alignment, its skies."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from skydb.report import columns, columns_report, pages
from skydb.report.field_details import audit_blocks, catalog_blocks, parameter_blocks
from skydb.report.field_figures import fit_figures, mosaic_figures, or_why_not, sky_plot
from skydb.report.html import BlinkBlock, FigureBlock, TableBlock, TextBlock
from skydb.report.tables import Column
from skydb.report.verdict import Facts, field_of, listed_runs

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.services.lookup import Coverage
    from skydb.store.scope import Scope

Row = Mapping[str, Any]
_Blocks: TypeAlias = tuple[TableBlock | FigureBlock | BlinkBlock | TextBlock, ...]

#: Whether a run was found or made is news to who ran it, not to who reads of it.
_RUNS = tuple(column for column in columns.SKY_RUNS if column.name != "reused")
#: So many fields have pictures on a page; the others have their tables.
_FIELDS_DRAWN = 8
#: Properties that define a field, by the option that selects it.
_SELECTING = {
    "target": "target",
    "detector": "detector",
    "filter": "filter",
    "proposal_id": "proposal_id",
}


@dataclass(frozen=True)
class FieldShown:
    """Contents of the section of one field.

    Parameters
    ----------
    name : str
        Target, detector, filter and proposal; empty for all that the page is about.
    runs, values, inputs : sequence of mapping
        Sky runs, their values and the file versions that they used.
    alignments : mapping of int to collection of str
        Names of the products whose fits are shown, by alignment run, the newest first.
    rootnames : collection of str, optional
        Names of the exposures of the field; all when left out.
    options : str
        Options of a command that select the field, as a shell takes them.
    above : sequence of int
        Sky runs of the field that are shown with a field before it.
    """

    name: str
    runs: Sequence[Row]
    values: Sequence[Row]
    inputs: Sequence[Row]
    alignments: Mapping[int, Collection[str]]
    rootnames: Collection[str] | None = None
    options: str = ""
    above: Sequence[int] = ()


def fields_of(services: Services, coverage: Coverage, rows: Sequence[Row]) -> list[FieldShown]:
    """Contents of the sections of several fields; empty when there is one field.

    Parameters
    ----------
    services : Services
    coverage : Coverage
        What the page is about.
    rows : sequence of mapping
        The fields, see :func:`skydb.report.verdict.field_rows`.
    """
    if len(rows) < 2:
        return []
    shown: set[int] = set()
    found = []
    for row in rows:
        one = services.coverage(_scope_of(coverage, row))
        mine = one.runs()
        runs = [run for run in mine if run["run"] not in shown]
        above = [run["run"] for run in mine if run["run"] in shown]
        shown |= {run["run"] for run in runs}
        selected = one.selected
        found.append(
            FieldShown(
                row["field"], runs, one.values() if runs else (),
                one.inputs([run["run"] for run in runs]), one.alignments(),
                selected.rootnames if selected else None, _options_of(row), above,
            )
        )  # fmt: skip
    return found


def _options_of(row: Row) -> str:
    """Options that select a field, quoted where a shell wants it."""
    given = [(name.removesuffix("_id"), row[name]) for name in _SELECTING]
    return shlex.join(
        word for name, value in given if value is not None for word in (f"--{name}", str(value))
    )


def _scope_of(coverage: Coverage, row: Row) -> Scope:
    """The exposures of a field among those that a page is about."""
    names = {name: row[name] for name in _SELECTING}
    about = coverage.about
    plain = all(value is not None and not set(str(value)) & set("*?") for value in names.values())
    # What is named must be there, and not every field has all that was.
    if plain and not about.rootnames and not about.visits:
        return replace(about, **names)
    mine = [one["rootname"] for one in coverage.exposures()
            if field_of(one) == row["field"]]  # fmt: skip
    return replace(about, rootnames=tuple(mine), visits=())


def field_blocks(services: Services, field: FieldShown, place: int) -> _Blocks:
    """Alignment and sky of one of several fields.

    Parameters
    ----------
    services : Services
    field : FieldShown
    place : int
        How many fields are before it on the page: the first ones are drawn.
    """
    is_drawn = place < _FIELDS_DRAWN
    more = TextBlock(f"Pictures of this field: skydb report OUT.html {field.options}")
    return (
        TextBlock("", "Alignment"),
        *alignment_blocks(services, field, is_drawn=is_drawn),
        TextBlock("", "Sky"),
        *sky_blocks(services, field, is_drawn=is_drawn),
        *(() if is_drawn or not field.options else (more,)),
    )


def failure_blocks(facts: Facts) -> tuple[TableBlock, ...]:
    """Fits and runs that failed and were not repeated."""
    tables = (
        TableBlock(
            "Failed fits",
            "Products whose newest fit failed.",
            columns_report.FAILED_FITS,
            facts.failed_fits,
            anchors=("failed-fit", "solution"),
        ),
        TableBlock(
            "Failed runs",
            "Not repeated since.",
            columns_report.FAILED_RUNS,
            facts.failed_runs,
            anchors=("failed-run", "run"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def alignment_blocks(services: Services, field: FieldShown, *, is_drawn: bool = True) -> _Blocks:
    """Fits of the alignment runs, the shifts that they gave, and pictures of the newest run."""
    runs = list(field.alignments)
    if not runs:
        return (TextBlock(f"No alignment run {'of this field ' * bool(field.name)}has finished."),)
    rows = columns.with_reasons(
        fit
        for run in runs
        for fit in services.solutions.fits(run)
        if fit["product"] in field.alignments[run]
    )
    shifts = (row for run in runs for row in services.solutions.accepted(run))
    moved = [row for row in shifts if _is_of(field.rootnames, row["rootname"])]
    of_several = (Column("run"),) if len(runs) > 1 else ()
    tables = (
        TableBlock("Fits", f"Alignment {listed_runs(runs)}.", (*of_several, *columns.FITS), rows),
        TableBlock(
            "Beside the archive's solutions",
            "The same fits, and the WCS that each product came with.",
            columns.FITS_BESIDE,
            rows,
        ),
        TableBlock(
            "Shift of every exposure",
            "Predicted by its fit or that of its product, and measured on a grid of its pixels.",
            columns.ACCEPTED,
            moved,
        ),
    )
    blocks: _Blocks = (*catalog_blocks(services, runs), *tables, *parameter_blocks(services, runs))
    if not is_drawn:
        return blocks
    newest = field.alignments[runs[0]]
    return (*blocks, *or_why_not(lambda: fit_figures(services, runs[0], newest)))


def _is_of(names: Collection[str] | None, name: str) -> bool:
    return names is None or name in names


def sky_blocks(services: Services, field: FieldShown, *, is_drawn: bool = True) -> _Blocks:
    """Sky runs with their inputs and values, and pictures of them."""
    if not field.runs and field.above:
        return (TextBlock(f"Shown above, with another field: {listed_runs(field.above)}."),)
    if not field.runs:
        of_field = "No sky of this field is recorded."
        return (TextBlock(of_field if field.name else "No sky run has succeeded."),)
    newest = field.runs[0]["group"]
    drawn = [run["run"] for run in field.runs if run["group"] == newest]
    others = [str(run["run"]) for run in field.runs if run["group"] != newest]
    left = (TextBlock(f"Mosaics of runs {', '.join(others)} are not drawn."),) if others else ()
    inputs = TableBlock(
        "Inputs",
        "The file versions that the runs used.",
        columns_report.INPUTS,
        field.inputs,
        anchors=("input", "rootname"),
    )
    tables = (
        TableBlock(
            "Runs",
            "Requested, and what really ran.",
            _RUNS,
            _where_they_are(services, field.runs),
            anchors=("run", "run"),
        ),
        *((inputs,) if field.inputs else ()),
        TableBlock(
            "MDRIZSKY",
            "One column for each method that really ran; match is relative to one image.",
            columns.COMPARISON,
            field.values,
        ),
        *_advice_blocks(services, field.runs[0]["run"]),
        *parameter_blocks(services, drawn),
    )
    if not is_drawn:
        return tables
    return (
        *tables,
        *or_why_not(lambda: (sky_plot(field.values, pages.observed_mjd(services, field.values)),)),
        *audit_blocks(services, [run for run in field.runs if run["group"] == newest]),
        *or_why_not(lambda: mosaic_figures(services.evidence.mosaics(drawn))),
        *left,
    )


def _where_they_are(services: Services, runs: Sequence[Row]) -> list[Row]:
    """Sky runs, with the paths of their mosaics as they can be opened."""
    absolute = services.context.workspace.resolve
    return [{**run, "mosaic": run["mosaic"] and str(absolute(run["mosaic"]))} for run in runs]


def _advice_blocks(services: Services, run: int) -> tuple[TableBlock, ...]:
    """The method that suits the exposures of the newest run, where levels are on record."""
    advice = services.advise.of_run(run)
    if advice is None:
        return ()
    caption = f"Of the exposures of run {run}: {advice.summary}"
    return (TableBlock("Advice", caption, columns.ADVICE, advice.rows),)
