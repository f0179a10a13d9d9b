"""Metadata of the snapshot: what views hold, what columns mean, and questions to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from skydb.browse.facts import LedgerFacts
from skydb.browse.links import DATABASE, table
from skydb.store.columns import documented, field_of, shown_units
from skydb.store.cookbook import Question, questions

#: Columns by whose values a table is broken down, where it has them.
FACETS = ("filter", "detector", "method", "effective_method", "kind", "status", "rule")
#: Columns of views that are also facets of tables.
_TABLE_FACETS = {"filters": "exposures", "detector": "exposures"}


@dataclass(frozen=True, slots=True)
class View:
    """A view of the ledger.

    Parameters
    ----------
    about : str
        What a row is.
    find_by : tuple of str
        Columns by which rows are found by index.
    """

    about: str
    find_by: tuple[str, ...] = ()


VIEWS = {
    "v_exposure_status": View(
        "One exposure and how far it is: downloaded, aligned, matched, flagged, stale.",
        ("rootname", "proposal_id", "program"),
    ),
    "v_visit_status": View(
        "One visit and how many of its exposures are so far.",
        ("visit_id", "program", "proposal_id"),
    ),
    "v_program_status": View("One program and how far its exposures are.", ()),
    "v_sky_values": View(
        "MDRIZSKY of one chip in one sky run, with unit and sigma.",
        ("run_id", "rootname", "proposal_id", "group_id"),
    ),
    "v_sky_comparison": View(
        "One chip and its sky by each of the four methods, in runs of the same inputs.",
        ("group_id", "rootname", "proposal_id", "program"),
    ),
    "v_sky_current": View(
        "The run whose sky counts now, for each exposure and method.",
        ("rootname", "proposal_id", "program"),
    ),
    "v_alignment_current": View(
        "The active WCS of every file, and how good its fit is.", ("rootname", "product")
    ),
    "v_alignment_history": View(
        "Every WCS that was recorded, fitted, applied or superseded.",
        ("rootname", "product", "id"),
    ),
    "v_run_inputs": View(
        "One file that a run used: which version, with which WCS, and why.",
        ("run_id", "rootname"),
    ),
    "v_activities": View("Everything that ran: when, by whom, with which tool.", ("run_id",)),
    "v_findings": View("A problem that an exit status does not show.", ("run_id", "subject")),
    "v_books": View("A note or flag with author and reason.", ("rootname", "run_id")),
    "v_todo": View("Work that is due, and why.", ("rootname", "visit_id", "proposal_id")),
    "v_footprints": View(
        "The outline of one chip on the sky by its active WCS.",
        ("rootname", "product", "proposal_id"),
    ),
    "v_downloads": View("One attempt to fetch one file.", ("rootname", "uri")),
    "v_input_proofs": View("One file before and after a tool had a copy of it.", ("activity_id",)),
    "ivoa_obscore": View("One file, in the names and units of ObsCore.", ("obs_id", "product")),
}


def metadata(facts: LedgerFacts) -> dict[str, Any]:
    """Metadata as Datasette reads it: views, columns, facets and questions."""
    tables = {name: _of_view(name, view) for name, view in VIEWS.items()}
    for column, name in _TABLE_FACETS.items():
        tables.setdefault(name, {"facets": []})["facets"].append(column)
    return {
        "title": "skydb",
        "databases": {
            DATABASE: {
                "tables": tables,
                "queries": {one.name: _of_question(one) for one in questions()},
            }
        },
    }


def _of_view(name: str, view: View) -> dict[str, Any]:
    columns = {one.name: column_meaning(name, one.name) for one in documented()[name]}
    return {
        "title": name,
        "description": view.about,
        "columns": columns,
        "facets": [column for column in FACETS if column in columns],
    }


def column_meaning(view: str, column: str) -> str:
    """Meaning of a column of a view, with its unit."""
    known = {one.name: one for one in documented().get(view, ())}.get(column)
    meaning = known.description if known else field_of(column).meaning
    unit = shown_units().get((view, column), field_of(column).documented_unit)
    said = unit.replace("`", "")
    return f"{meaning.replace('`', '')}{f' [{said}]' if said else ''}"


def _of_question(question: Question) -> dict[str, Any]:
    return {
        "title": question.title,
        "description": " ".join(question.about.replace("`", "").split()),
        "sql": question.typed,
        "params": [one.name for one in question.parameters],
    }


def question_address(question: Question, facts: LedgerFacts) -> str:
    """Address of a question with values that this ledger has an answer to."""
    asked = {one.name: facts.examples.get(one.name, one.example) for one in question.parameters}
    return f"{table(question.name)}{'?' if asked else ''}{urlencode(asked)}"


def question_links(facts: LedgerFacts) -> tuple[tuple[str, str, bool], ...]:
    """Links to all questions of the cookbook."""
    return tuple((one.title, question_address(one, facts), False) for one in questions())
