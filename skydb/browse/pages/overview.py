"""The first page: how far the ledger is."""

from __future__ import annotations

from collections.abc import Sequence

from skydb.browse import links
from skydb.browse.asking import Row
from skydb.browse.blocks import Form, Links, Page, Part, Table, Text, Tiles, columns_of
from skydb.browse.facts import FieldFact
from skydb.browse.here import Here
from skydb.browse.meanings import question_links
from skydb.browse.pages.shared import RUNS, STATES, plural, runs_table
from skydb.report.tables import Column

#: Runs on the first page.
_NEWEST = 12
#: Fields on one page.
_FIELDS = 60

#: States of runs that are not as one hopes, and how the first page says so.
_NOT_DONE = (
    ("failed", "that failed"),
    ("interrupted", "interrupted"),
    ("pending", "not begun"),
    ("running", "not ended"),
)


def overview(here: Here) -> Page:
    """Show the status of the ledger, its fields, and the newest runs."""
    runs = here.asking.rows(f"{RUNS} ORDER BY a.id DESC LIMIT {_NEWEST}")
    parts = (
        Part("Status", _status(here)),
        Part("Fields", (_fields_table(here), *_modes(here))),
        Part("Newest runs", (runs_table(
            runs, "Newest runs", "The last that were begun. Choose sky runs to compare them.",
            pages=(("All runs", "/runs"),),
        ),)),
        Part("Questions", (Links((("", question_links(here.facts)),), is_list=True),)),
    )  # fmt: skip
    lead = "What was observed, aligned and matched, what ran, and what it found."
    return Page("Ledger", lead, parts, area="/", head=(search(),))


def search(value: str = "") -> Form:
    """Make the field that leads to anything by its name."""
    hint = "ibxl50clq, bxl50, run 12, or a target"
    return Form("Exposure, visit, run or target", "/find", "q", value, "Find", hint)


def _status(here: Here) -> tuple[Text | Tiles | Table, ...]:
    facts, counts = here.facts, here.facts.counts
    tiles = [
        _tile(counts["exposures"], "exposure", links.table("v_exposure_status")),
        _tile(counts["visits"], "visit", links.table("v_visit_status")),
        _tile(sum(facts.runs.values()), "run", "/runs"),
        _tile(facts.sky_values, "sky value", links.table("v_sky_values")),
        _tile(sum(facts.findings.values()), "finding", "/findings"),
        *(_tile(facts.runs_that(status), "run", f"/runs?status={status}", said)
          for status, said in _NOT_DONE if facts.runs_that(status)),
    ]  # fmt: skip
    if not counts["exposures"]:
        empty = "Nothing is on record yet. Bring files in with `skydb ingest DIRECTORY`."
        return Tiles(tuple(tiles)), Text((empty,))
    return Tiles(tuple(tiles)), *_programs(here), _findings(here)


def _tile(count: int, what: str, address: str, said: str = "") -> tuple[str, str, str]:
    number, _, word = plural(count, what).partition(" ")
    return number, f"{word} {said}".strip(), address


def _programs(here: Here) -> tuple[Table, ...]:
    if here.facts.is_large:
        return ()
    rows = here.asking.counted("SELECT * FROM v_program_status ORDER BY program LIMIT 50")
    caption = "Exposures of each program, and how many of them are so far."
    names = ("program", "proposal_id", "visits", "exposures", *STATES, "last_activity_at")
    for row in rows:
        # A column that few ledgers need.
        row["logged"] = row["logged"] or None
        row["program_href"] = links.table("v_visit_status", program=row["program"])
    return (Table("Programs", caption, tuple(map(Column, names)), rows),)


def _findings(here: Here) -> Table:
    rows = [
        {"kind": kind, "findings": count, "kind_href": f"/findings?kind={kind}"}
        for kind, count in sorted(here.facts.findings.items(), key=lambda item: -item[1])
    ]
    caption = "Problems that runs and other work found, by kind."
    return Table("Findings", caption, (Column("kind"), Column("findings")), rows)


def _fields_table(here: Here) -> Table:
    fields, first = here.facts.fields, max(0, here.number("fields") or 0)
    rows = [field_row(one) for one in fields[first : first + _FIELDS]]
    pages = []
    if first:
        pages.append(("Previous fields", f"/?fields={max(0, first - _FIELDS)}#fields"))
    if first + _FIELDS < len(fields):
        pages.append(("More fields", f"/?fields={first + _FIELDS}#fields"))
    note = f"{plural(len(fields), 'field')} in all." if pages else ""
    caption = "A field has the exposures of one target."
    return Table("Fields", caption, FIELD_COLUMNS, rows, note, tuple(pages))


#: Columns of fields.
FIELD_COLUMNS = (Column("field"), Column("visits"), Column("exposures"),
                 Column("ra_targ_deg"), Column("dec_targ_deg"))  # fmt: skip


def field_row(one: FieldFact) -> Row:
    """A row for a field, with the address of its page."""
    return {
        "field": one.target or "(no target)",
        "field_href": links.field(one.target),
        "visits": one.visits,
        "exposures": one.exposures,
        "ra_targ_deg": one.ra_deg,
        "dec_targ_deg": one.dec_deg,
    }


def _modes(here: Here) -> Sequence[Table]:
    rows = [
        {
            "detector": detector or None,
            "filter": name or None,
            "exposures": count,
            "exposures_href": links.table("v_exposure_status", detector=detector, filter=name),
        }
        for detector, name, count in here.facts.modes[:40]
    ]
    caption = "Exposures by detector and filter."
    return (Table("Detectors and filters", caption,
                  columns_of("detector", "filter", "exposures"), rows),)  # fmt: skip
