"""docs/sql-views.md is complete, and its examples are answered."""

import re

import pytest
from sqlalchemy import inspect

from skydb.store.engine import open_engine, resolve_url
from tests.commands import skydb
from tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "sql-views.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", DOCUMENT, flags=re.DOTALL)

#: Views of the contract.
PROMISED = {
    "v_sky_values", "v_sky_comparison", "v_alignment_history", "v_alignment_current",
    "v_downloads", "v_visit_status",
}  # fmt: skip

#: What contract.md says of the columns; more may be added.
PROMISED_COLUMNS = {
    "v_sky_values": "run_id started_at rootname extver requested_method effective_method"
    " downgraded mdrizsky unit is_relative proposal_id visit filter detector",
    "v_alignment_history": "rootname product wcs_name origin refcat nmatches rms_ra_mas rms_dec_mas"
    " fitted_at applied_at status superseded_by",
    "v_sky_comparison": "rootname extver localmin match globalmin_match globalmin unit",
}


def _documented():
    """Columns that the document explains, by view."""
    sections = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
    tables = {}
    for section in sections:
        name, _, text = section.partition("\n")
        rows = re.findall(
            r"^\| ([a-z0-9_]+|\*all\*) \|([^|]*)\| (.+) \|$", text, flags=re.MULTILINE
        )
        tables[name.strip()] = [column for column, _, _ in rows if column != "column"]
    tables["v_alignment_current"] = tables["v_alignment_history"]
    return {view: columns for view, columns in tables.items() if view != "Examples"}


@pytest.fixture
def views(ledger_url):
    """Columns of every view, by view, on each kind of database."""
    engine = open_engine(resolve_url(ledger_url))
    inspector = inspect(engine)
    found = {
        view: [column["name"] for column in inspector.get_columns(view)]
        for view in inspector.get_view_names()
    }
    engine.dispose()
    return found


def test_every_view_and_every_column_is_documented_and_nothing_else(views):
    assert _documented() == views


def test_the_views_of_the_contract_have_its_columns(views):
    assert set(views) >= PROMISED
    for view, columns in PROMISED_COLUMNS.items():
        assert set(columns.split()) <= set(views[view])


def test_a_column_with_a_unit_in_its_name_has_it_in_the_table():
    for line in DOCUMENT.splitlines():
        match = re.match(r"\| \w+_(mas|deg|pix|mjd) \| ([^|]+) \|", line)
        assert match is None or match[1].lower() == match[2].lower()


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("FROM")[1].split()[0])
def test_an_example_is_answered(ledger_url, example):
    answer = skydb("--db", ledger_url, "sql", example, "--json")
    assert answer.code == 0, answer.err
    assert answer.document == []
