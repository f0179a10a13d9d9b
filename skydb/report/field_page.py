"""The report of a ledger: what was done to a field, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.domain.base import utc_now
from skydb.errors import UsageError
from skydb.report import columns, columns_books, columns_report
from skydb.report.counting import counted
from skydb.report.field_details import footprint_blocks
from skydb.report.field_sections import (
    FieldShown,
    alignment_blocks,
    failure_blocks,
    field_blocks,
    fields_of,
    sky_blocks,
)
from skydb.report.html import (
    Block,
    ProblemList,
    ReportContent,
    Section,
    TableBlock,
    VerdictBlock,
    write_report,
)
from skydb.report.tables import Column
from skydb.report.verdict import Facts, ReportVerdict, field_rows, verdict_of
from skydb.store.urls import shown
from skydb.version import __version__

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.services.lookup import Coverage
    from skydb.store.scope import Scope

Row = Mapping[str, Any]

#: What the name of a report ends in.
_PAGES = (".html", ".htm")


@dataclass(frozen=True)
class WrittenReport:
    """A page, and what it says of the ledger."""

    path: Path
    verdict: ReportVerdict


def write_field_report(
    services: Services,
    out: Path,
    *,
    title: str = "",
    measured: Sequence[Row] = (),
    scope: Scope | None = None,
    runs: Sequence[int] = (),
) -> WrittenReport:
    """Write the report of a selection of a ledger, or of everything in it.

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
    scope : Scope, optional
        Subject of the page, and of its verdict.
    runs : sequence of int
        Runs of sky or alignment to show, instead of the newest of their kind.

    Raises
    ------
    NotFoundError
        When the scope or a run means nothing.
    UsageError
        When ``out`` is a directory, or not named as a page.
    """
    _require_page(out)
    coverage = services.coverage(scope, runs)
    facts = gather_facts(services, coverage, measured)
    verdict = verdict_of(facts)
    fields = fields_of(services, coverage, field_rows(facts))
    shown = fields if len(fields) > 1 and not coverage.named else []
    sections = _shown_sections(services, facts, shown)
    content = ReportContent(
        title=title or _targets(facts),
        subtitle=_subtitle(facts),
        sections=(
            Section("Verdict", (_verdict_block(verdict),)),
            Section("Measured against truth", _truth_blocks(measured)),
            Section(
                "Fields", (*_field_blocks(facts, shown), *_map_blocks(services, facts, coverage))
            ),
            Section("Exposures", _exposure_blocks(services, facts, coverage.about)),
            *sections,
            Section("Findings", _finding_blocks(facts)),
            Section("Notes and flags", _book_blocks(services, facts, coverage.about)),
            Section("Environment", _environment_blocks(services)),
        ),
        footer=_footer(services),
    )
    return WrittenReport(write_report(content, out), verdict)


def _require_page(out: Path) -> None:
    if out.is_dir():
        raise UsageError(
            f"{out} is a directory.", advice="Give the name of the page, e.g. report.html."
        )
    if out.suffix.lower() not in _PAGES:
        raise UsageError(
            f"A report is a page in HTML, and {out.name} is not named as one.",
            advice=f"End the name in {' or '.join(_PAGES)}; a browser can print it to PDF.",
        )


def gather_facts(services: Services, coverage: Coverage, measured: Sequence[Row] = ()) -> Facts:
    """Collect the rows that a verdict is made of.

    Parameters
    ----------
    services : Services
    coverage : Coverage
        What the page is about.
    measured : sequence of dict, optional
        As for :func:`write_field_report`.
    """
    runs = coverage.runs()
    numbers, about = [run["run"] for run in runs], coverage.about
    if runs and coverage.has_skies_named():
        values = services.comparison.methods.values(numbers, about)
    else:
        values = coverage.values() if runs else []
    return Facts(
        exposures=coverage.exposures(),
        runs=runs,
        values=values,
        inputs=coverage.inputs(numbers),
        alignments=coverage.alignments(),
        failed_fits=coverage.failed_fits(),
        failed_runs=coverage.failed_runs(),
        findings=coverage.findings(),
        notes=[
            line for line in services.books.entries(scope=about) if line["withdrawn_at"] is None
        ],
        measured=measured,
        selection="" if about.is_everything else coverage.label,
        left_out=coverage.left_out(),
    )


def _targets(facts: Facts) -> str:
    targets = {row["target"] for row in facts.exposures if row["target"]}
    return ", ".join(sorted(targets)) or ("Unknown target" if facts.exposures else "Empty ledger")


def _subtitle(facts: Facts) -> str:
    if not facts.exposures:
        return "No exposure is on record."
    shown = facts.exposures
    detectors = sorted(
        {f"{one['instrument']}/{one['detector']}" for one in shown if one["detector"]}
    )
    filters = sorted({one["filter"] for one in shown if one["filter"]})
    visits = {one["visit"] for one in shown}
    numbers = f"{counted(len(shown), 'exposure')} of {counted(len(visits), 'visit')}"
    named = ", ".join([*detectors, *filters]) or "detector and filter not known"
    return f"{numbers}, {named}"


def _verdict_block(verdict: ReportVerdict) -> VerdictBlock:
    groups = tuple(
        ProblemList(what, tuple((one.subject, one.detail, one.anchor) for one in problems))
        for what, problems in verdict.by_kind.items()
    )
    return VerdictBlock(verdict.passed, verdict.covers, groups)


def _map_blocks(services: Services, facts: Facts, coverage: Coverage) -> tuple[Block, ...]:
    if not facts.exposures:
        return ()
    newest = next(iter(facts.alignments), None)
    return footprint_blocks(services, coverage.about, newest)


def _field_blocks(facts: Facts, shown: Sequence[FieldShown]) -> tuple[TableBlock, ...]:
    if not facts.exposures:
        return ()
    caption = "All fields that the page is about, and how many of their exposures it shows."
    return (
        TableBlock(
            "",
            caption,
            columns_report.FIELDS,
            field_rows(facts),
            anchors=("field", "field"),
            links={one.name: _field_section(one.name, ()).anchor for one in shown},
        ),
    )


def _truth_blocks(measured: Sequence[Row]) -> tuple[TableBlock, ...]:
    if not measured:
        return ()
    caption = "Values of the ledger, compared with the truth of the simulated exposures."
    return (TableBlock("", caption, columns.MEASURED, measured, anchors=("measured", "what")),)


def _exposure_blocks(services: Services, facts: Facts, scope: Scope) -> tuple[TableBlock, ...]:
    headers = services.images.headers(scope)
    logged = [row for row in facts.exposures if row["known_from"] == "log"]
    tables = (
        TableBlock(
            "Exposures",
            "From the primary headers.",
            columns.HEADERS,
            headers,
            anchors=("exposure", "rootname"),
        ),
        TableBlock("Pointings", "Of the same exposures.", columns.POINTINGS, headers),
        TableBlock(
            "Known from logs only",
            "No file of these is recorded.",
            columns_report.LOGGED,
            logged,
            anchors=("exposure", "rootname"),
        ),
        TableBlock(
            "Active WCS",
            "RMS in mas, and in pixels of the detector's plate scale.",
            columns.WCS,
            services.images.wcs(scope=scope),
        ),
    )
    return tuple(table for table in tables if table.rows)


def _field_section(name: str, blocks: tuple[Block, ...]) -> Section:
    return Section(f"Field {name}", blocks)


def _shown_sections(
    services: Services, facts: Facts, fields: Sequence[FieldShown]
) -> tuple[Section, ...]:
    """Alignment and sky: of one field in two sections, of several in one for each of them."""
    if not fields:
        whole = FieldShown("", facts.runs, facts.values, facts.inputs, facts.alignments)
        return (
            Section("Alignment", (*failure_blocks(facts), *alignment_blocks(services, whole))),
            Section("Sky", sky_blocks(services, whole) if facts.exposures else ()),
        )
    return (
        Section("Failures", failure_blocks(facts)),
        *(_field_section(one.name, field_blocks(services, one, place))
          for place, one in enumerate(fields)),
    )  # fmt: skip


def _finding_blocks(facts: Facts) -> tuple[TableBlock, ...]:
    if not facts.findings:
        return ()
    table = TableBlock(
        "", "Problems found by runs and other work, the newest first.",
        columns.FINDINGS, facts.findings, anchors=("finding", "id"),
    )  # fmt: skip
    return (table,)


def _book_blocks(services: Services, facts: Facts, about: Scope) -> tuple[TableBlock, ...]:
    due = [
        {"rule": rule.value, "due": count, "meaning": rule.meaning}
        for rule, count in services.todo.due_counts(about).items()
    ]
    caption = "With the command that settles it: `skydb todo --rule RULE`"
    tables = (
        TableBlock("Due", caption, columns_books.COUNTS_DUE, due),
        TableBlock(
            "Notes and flags", "Those that hold.", columns_books.LINES, facts.notes,
            anchors=("note", "id"),
        ),
    )  # fmt: skip
    return tuple(table for table in tables if table.rows)


def _environment_blocks(services: Services) -> tuple[TableBlock, ...]:
    rows = services.runs.newest_environment()
    caption = "Packages that can change a result, as the newest sky run had them."
    named = (Column("package"), Column("version"))
    return (TableBlock("", caption, named, rows),) if rows else ()


def _footer(services: Services) -> tuple[tuple[str, str], ...]:
    return (
        ("skydb", __version__),
        ("database", shown(services.url)),
        ("written", utc_now().strftime("%Y-%m-%d %H:%M UTC")),
    )
