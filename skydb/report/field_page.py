"""The report of a ledger: what was done to a field, on one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.domain.base import utc_now
from skydb.report import columns, columns_books, pages
from skydb.report.alignment_figures import draw_sources
from skydb.report.blink import blink_sequence, frame_pngs, gif_bytes
from skydb.report.html import (
    BlinkBlock,
    FigureBlock,
    ReportContent,
    Section,
    TableBlock,
    VerdictBlock,
    write_report,
)
from skydb.report.mosaic_figures import draw_mosaics
from skydb.report.sky_figures import draw_sky_comparison, sky_comparison
from skydb.report.tables import Column
from skydb.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skydb.api.composition import Services
    from skydb.report.style import Theme
    from skydb.services.lookup.evidence import MosaicEvidence

Row = dict[str, Any]

#: As many fits have figures on the page; the others have their rows.
_FITS_DRAWN = 3

#: Whether a run was found or made is news to who ran it, not to who reads of it.
_RUNS = tuple(column for column in columns.SKY_RUNS if column.name != "reused")


def write_field_report(
    services: Services, out: Path, *, title: str = "", measured: Sequence[Row] = ()
) -> Path:
    """Write the report of everything in a ledger.

    Parameters
    ----------
    services : Services
        The ledger.
    out : Path
        The page; it appears whole or not at all.
    title : str, optional
        Heading; else the targets of the ledger.
    measured : sequence of dict, optional
        Measured against truth, where a truth is known: ``what``, ``measured``,
        ``bar``, ``unit``, ``passed``.
    """
    exposures = services.questions.headers()
    content = ReportContent(
        title=title or _targets(exposures),
        subtitle=_subtitle(exposures),
        sections=(
            Section("Verdict", _verdict_blocks(services, measured)),
            Section("Measured against truth", _truth_blocks(measured)),
            Section("Exposures", _exposure_blocks(services, exposures)),
            Section("Alignment", _alignment_blocks(services)),
            Section("Sky", _sky_blocks(services)),
            Section("Findings", _finding_blocks(services)),
            Section("Books", _book_blocks(services)),
            Section("Environment", _environment_blocks(services)),
        ),
        footer=_footer(services),
    )
    return write_report(content, out)


def _targets(exposures: Sequence[Row]) -> str:
    return ", ".join(sorted({row["target"] or "?" for row in exposures})) or "Empty ledger"


def _subtitle(exposures: Sequence[Row]) -> str:
    if not exposures:
        return "No exposure is on record."
    detectors = sorted({f"{row['instrument']}/{row['detector']}" for row in exposures})
    filters = sorted({row["filter"] for row in exposures})
    rootnames = {row["rootname"] for row in exposures}
    visits = {row["visit"] for row in exposures}
    counted = f"{_counted(len(rootnames), 'exposure')} of {_counted(len(visits), 'visit')}"
    return f"{counted}, {', '.join(detectors)} {', '.join(filters)}"


def _verdict_blocks(services: Services, measured: Sequence[Row]) -> tuple[VerdictBlock, ...]:
    runs = services.questions.current_sky_runs()
    if not runs:
        return ()
    downgraded = [run for run in runs if run["downgraded"]]
    flagged = [run for run in runs if run["findings"] and not run["downgraded"]]
    missed = [row["what"] for row in measured if not row["passed"]]
    findings = len(services.questions.findings())
    lines = [
        f"{_counted(len(runs), 'sky method')} ran, {len(downgraded)} downgraded, "
        f"{len(flagged)} flagged.",
        f"{_counted(findings, 'finding')} on record.",
    ]
    due = sum(services.todo.due_counts().values())
    if due:
        lines.append(f"{_counted(due, 'thing')} due.")
    if measured:
        lines.append(f"{len(measured) - len(missed)} of {len(measured)} bars were met.")
    passed = not downgraded and not flagged and not missed
    headline = "What was asked for is what happened." if passed else "Not all is as it should be."
    return (VerdictBlock(passed, (headline, *lines)),)


def _counted(number: int, noun: str) -> str:
    """``1 visit``, ``2 visits``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _truth_blocks(measured: Sequence[Row]) -> tuple[TableBlock, ...]:
    if not measured:
        return ()
    caption = "What the ledger says, compared with what was put into the simulated exposures."
    return (TableBlock("", caption, columns.MEASURED, measured),)


def _exposure_blocks(services: Services, exposures: Sequence[Row]) -> tuple[TableBlock, ...]:
    if not exposures:
        return ()
    return (
        TableBlock("Exposures", "From the primary headers.", columns.HEADERS, exposures),
        TableBlock("Pointings", "Of the same exposures.", columns.POINTINGS, exposures),
        TableBlock(
            "WCS in force",
            "RMS in mas, and in pixels of the detector's plate scale.",
            columns.WCS,
            services.questions.wcs(),
        ),
    )


def _alignment_blocks(services: Services) -> tuple[TableBlock | FigureBlock, ...]:
    run = services.questions.latest_alignment()
    if run is None:
        return ()
    fits = services.evidence.fits(run)
    rows = services.questions.alignment(run)
    tables = (
        TableBlock("Fits", f"Alignment run {run}.", columns.FITS, rows),
        TableBlock(
            "Beside the archive's solutions",
            "The same fits, and the WCS that each product came with.",
            columns.FITS_BESIDE,
            rows,
        ),
        TableBlock(
            "Shift of every exposure",
            "Predicted by the fit of its product, and realised on a grid of its pixels.",
            columns.ACCEPTED,
            services.questions.accepted(run),
        ),
    )
    residuals = [
        FigureBlock.drawn(
            fit.product,
            f"Residuals of the matched sources{_left_out(run, len(fits))}.",
            f"Arrows and scatter of the residuals of {len(fit.matches)} sources.",
            _themed(pages.residuals_figure, fit),
            compact=True,
        )
        for fit in fits[:_FITS_DRAWN]
    ]
    pairs = [
        FigureBlock.drawn(
            f"{one.product} and {two.product}",
            "The same source has the same colour in both.",
            "Two overlapping images with the sources that both matched.",
            _themed(draw_sources, pages.pair_shown(one, two)),
            compact=True,
        )
        for one, two in pages.pairs_sharing_sources(fits)[:1]
    ]
    return (*tables, *residuals, *pairs)


def _left_out(run: int, fits: int) -> str:
    """Where the figures are that a page of many fits has no room for."""
    if fits <= _FITS_DRAWN:
        return ""
    return f"; {_FITS_DRAWN} of {fits} fits are drawn, all by: skydb align plot {run} --out DIR"


def _sky_blocks(services: Services) -> tuple[TableBlock | FigureBlock | BlinkBlock, ...]:
    runs = services.questions.current_sky_runs()
    if not runs:
        return ()
    rows = services.questions.comparison()
    plot = FigureBlock.drawn(
        "All methods",
        "Levels above, relative values below; visits are shaded in turn.",
        "MDRIZSKY of every exposure by method.",
        _themed(draw_sky_comparison, sky_comparison(rows)),
    )
    return (
        TableBlock("Runs", "Requested, and what really ran.", _RUNS, runs),
        TableBlock(
            "MDRIZSKY",
            "One column for each method that really ran; match is relative to one image.",
            columns.COMPARISON,
            rows,
        ),
        plot,
        *_mosaic_blocks(services.evidence.mosaics()),
    )


def _mosaic_blocks(mosaics: Sequence[MosaicEvidence]) -> tuple[FigureBlock | BlinkBlock, ...]:
    if not mosaics:
        return ()
    sequence = blink_sequence(
        {one.method.value: one.science for one in mosaics},
        weights={one.method.value: one.weight for one in mosaics},
        remove_pedestal=True,
    )
    still = FigureBlock.drawn(
        "Science and weight",
        "All methods on one scale.",
        "Science mosaics left, weight mosaics right.",
        _themed(draw_mosaics, pages.mosaics_shown(mosaics)),
        compact=True,
    )
    blink = BlinkBlock(
        "The methods in turn",
        " ".join(sequence.notes),
        gif_bytes(sequence),
        list(frame_pngs(sequence)),
        "The mosaics of all methods, one after the other.",
    )
    return still, blink


def _finding_blocks(services: Services) -> tuple[TableBlock, ...]:
    rows = services.questions.findings()
    caption = "What would have passed silently."
    return (TableBlock("", caption, columns.FINDINGS, rows),) if rows else ()


def _book_blocks(services: Services) -> tuple[TableBlock, ...]:
    due = [
        {"rule": rule.value, "due": count, "meaning": rule.meaning}
        for rule, count in services.todo.due_counts().items()
    ]
    lines = [line for line in services.books.entries() if line["withdrawn_at"] is None]
    caption = "With the command that would settle it: skydb todo --rule RULE"
    tables = (
        TableBlock("Due", caption, columns_books.COUNTS_DUE, due),
        TableBlock("Notes and flags", "Those that hold.", columns_books.LINES, lines),
    )
    return tuple(table for table in tables if table.rows)


def _environment_blocks(services: Services) -> tuple[TableBlock, ...]:
    rows = services.questions.environment()
    caption = "Packages that can change a result, as the newest sky run had them."
    named = (Column("package"), Column("version"))
    return (TableBlock("", caption, named, rows),) if rows else ()


def _themed(draw: Callable[..., Figure], shown: object) -> Callable[[Theme], Figure]:
    """Draws the same, read and computed once, for any theme."""
    return lambda theme: draw(shown, theme=theme)


def _footer(services: Services) -> tuple[tuple[str, str], ...]:
    return (
        ("skydb", __version__),
        ("database", services.questions.url.render_as_string(hide_password=True)),
        ("written", utc_now().strftime("%Y-%m-%d %H:%M UTC")),
    )
