"""Every table that skydb prints: known names, units, and the width of a terminal."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from skydb.domain.columns import ColumnKind
from skydb.report.console import render_table
from skydb.report.folding import longest_piece
from skydb.report.tables import Column
from skydb.store.columns import quantities
from tests.conftest import REPOSITORY
from tests.report.column_lists import column_lists, ordinary_row

LISTS = dict(column_lists())

#: Names that mean something else in one table, whose numbers are printed otherwise there.
OTHERWISE = {"value", "before", "after", "difference"}

#: Those that are only read on a page.
_ON_A_PAGE = "columns_report."

#: What may not be broken between two lines.
_NAMES = ("rootname", "product", "filename", "wcs_name", "subject", "exposure_a", "exposure_b")


def _printed(columns: tuple[Column, ...], rows: list[dict[str, object]], width: int = 80) -> str:
    out = io.StringIO()
    render_table("A title", columns, rows, Console(file=out, width=width))
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("name", [name for name in LISTS if not name.startswith(_ON_A_PAGE)])
def test_a_table_of_ordinary_rows_fits_a_terminal_without_a_broken_name(
    name: str, width: int
) -> None:
    columns = LISTS[name]
    row = ordinary_row(columns)
    text = _printed(columns, [row, row], width)
    longest = max(longest_piece(str(row[key])) for key in (one.name for one in columns))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= max(width, longest)
    shown = {column.name for column in columns if not column.spare} & set(_NAMES)
    for key in shown:
        assert text.count(str(row[key])) >= 2, key


@pytest.mark.parametrize("name", LISTS)
def test_every_column_of_a_table_is_registered(name: str) -> None:
    unknown = {column.name for column in LISTS[name]} - set(quantities())
    assert unknown == set()


@pytest.mark.parametrize("name", LISTS)
def test_a_table_has_the_column_that_its_units_are_in(name: str) -> None:
    names = {column.name: column for column in LISTS[name]}
    for column in names.values():
        # Of a parameter and of a fact the value may be anything.
        if column.unit_beside and column.format is None:
            assert column.unit_beside in names, column.name
            assert not names[column.unit_beside].spare


def test_lists_of_columns_leave_units_headers_and_formats_to_the_registry() -> None:
    for path in sorted(Path(REPOSITORY, "skydb", "report").glob("columns*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Column":
                given = {keyword.arg for keyword in node.keywords}
                name = node.args[0].value if node.args else None
                assert len(node.args) <= 2, f"{path.name}: {name}"
                assert "unit" not in given, f"{path.name}: {name}"
                assert "format" not in given or name in OTHERWISE, f"{path.name}: {name}"


def test_a_unit_that_all_rows_share_is_in_the_header_and_its_column_is_left_out() -> None:
    columns = (Column("rootname"), Column("mdrizsky"), Column("unit"))
    rows = [
        {"rootname": "ibxl50clq", "mdrizsky": 0.5, "unit": "electron/s"},
        {"rootname": "ibxl50cmq", "mdrizsky": None, "unit": None},
    ]
    text = _printed(columns, rows)
    assert "[e-/s]" in text
    assert "electron/s" not in text


def test_units_that_differ_stay_in_their_column_however_narrow_the_terminal() -> None:
    columns = (Column("rootname"), Column("mdrizsky"), Column("unit", spare=9))
    rows = [
        {"rootname": "ibxl50clq", "mdrizsky": 0.5, "unit": "electron/s"},
        {"rootname": "jbxl50cmq", "mdrizsky": 50.0, "unit": "electron"},
    ]
    narrow, narrower = _printed(columns, rows, width=32), _printed(columns, rows, width=22)
    assert "ibxl50clq   0.500000  electron/s" in narrow
    assert "0.500000  electron/s" in narrower and "50.000000  electron" in narrower


def test_numbers_without_a_unit_are_counts_ratios_and_names() -> None:
    """Whoever adds a number says what it is in, or adds it here after thinking about it."""
    bare = {
        one.name
        for one in quantities().values()
        if one.kind is ColumnKind.NUMBER and not one.unit and not one.unit_beside
    }
    assert bare == {
        *("scale", "trust", "x", "y", "z", "em_res_power", "catalog_covered_share"),
        *("completeness", "completeness_on_sky", "false_alarm_rate", "significance"),
        "component_significance",
        "gain",
    }


def test_a_path_is_folded_between_folders_and_a_word_is_kept_whole() -> None:
    columns = (Column("rootname"), Column("path", wraps=True))
    name = "hst_13364_50_wfc3_ir_f160w_ibxl50_drz.fits"
    row = {"rootname": "ibxl50clq", "path": f"archive/{'x' * 60}/{name}"}
    text = _printed(columns, [row], width=60)
    assert re.search(rf"archive/\s+{'x' * 60}/\s+{name}", text)
