"""One table of columns: the documentation says the same, and the databases have them."""

from __future__ import annotations

import csv
import re
from functools import cache

import pytest
from astropy.io.votable.ucd import check_ucd
from astropy.units import Unit
from sqlalchemy import inspect

from skydb.domain.columns import ColumnKind
from skydb.store.columns import (
    described,
    documented,
    field_of,
    quantities,
    shown_units,
    unit_of,
    units_among,
)
from skydb.store.engine import open_engine, resolve_url
from tests.conftest import REPOSITORY

#: Mandatory columns of ObsCore 1.1 (REC-ObsCore-v1.1, table 1) with their units.
OBSCORE = {
    "dataproduct_type": None, "calib_level": None, "obs_collection": None, "obs_id": None,
    "obs_publisher_did": None, "access_url": None, "access_format": None,
    "access_estsize": "kbyte", "target_name": None, "s_ra": "deg", "s_dec": "deg", "s_fov": "deg",
    "s_region": None, "s_xel1": None, "s_xel2": None, "s_resolution": "arcsec", "t_min": "d",
    "t_max": "d", "t_exptime": "s", "t_resolution": "s", "t_xel": None, "em_min": "m",
    "em_max": "m", "em_res_power": None, "em_xel": None, "o_ucd": None, "pol_states": None,
    "pol_xel": None, "facility_name": None, "instrument_name": None,
}  # fmt: skip

#: What columns of PostgreSQL are.
KINDS = {
    "BIGINT": "integer", "INTEGER": "integer", "NUMERIC": "integer", "BOOLEAN": "boolean",
    "TIMESTAMP": "time", "DOUBLE PRECISION": "number",
}  # fmt: skip


@cache
def _pages():
    """Rows of docs/sql-views.md by view: column, unit, UCD or None, meaning."""
    text = (REPOSITORY / "docs" / "sql-views.md").read_text(encoding="utf-8")
    pages = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        lines = re.findall(r"^\| (?:[a-z0-9_]+|\*all\*) \|.*$", body, flags=re.MULTILINE)
        rows = [[cell.strip() for cell in line.strip("| ").split(" |")] for line in lines]
        if rows and rows[0][0] == "column":
            has_ucd = len(rows[0]) == 4
            pages[name.strip()] = [row if has_ucd else [*row[:2], None, row[2]] for row in rows[1:]]
    pages["v_alignment_current"] = pages["v_alignment_history"]
    return pages


def test_the_documentation_says_what_the_table_of_columns_says():
    units = shown_units()
    assert set(_pages()) == set(documented())
    for view, rows in _pages().items():
        columns = documented()[view]
        assert [row[0] for row in rows] == [column.name for column in columns], view
        for (name, unit, ucd, meaning), column in zip(rows, columns, strict=True):
            assert (unit, meaning) == (units[view, name], column.description), f"{view}.{name}"
            assert ucd is None or ucd == column.ucd, f"{view}.{name}"


def test_kinds_are_those_of_the_database(postgres_ledger_url):
    engine = open_engine(resolve_url(postgres_ledger_url))
    inspector = inspect(engine)
    found = {view: inspector.get_columns(view) for view in documented()}
    engine.dispose()
    for view, columns in documented().items():
        kinds = {c["name"]: KINDS.get(str(c["type"]), "string") for c in found[view]}
        for column in columns:
            assert column.kind == kinds[column.name], f"{view}.{column.name}"


def test_every_unit_and_every_ucd_is_one_that_the_ivoa_knows():
    for columns in documented().values():
        for column in columns:
            assert column.unit is None or Unit(column.unit, format="vounit")
            known = check_ucd(column.ucd, check_controlled_vocabulary=True)
            assert column.ucd is None or known, column


def test_every_quantity_has_a_meaning_and_words_of_the_ivoa():
    for one in quantities().values():
        assert one.meaning, one.name
        assert one.header, one.name
        assert one.unit is None or Unit(one.unit, format="vounit"), one.name
        assert check_ucd(one.ucd, check_controlled_vocabulary=True) or one.ucd is None, one


def test_a_time_is_utc_and_a_text_has_no_unit():
    for one in quantities().values():
        assert (one.documented_unit == "UTC") == (one.kind is ColumnKind.TIME), one.name
        if one.kind in (ColumnKind.STRING, ColumnKind.BOOLEAN):
            assert not one.documented_unit and not one.format, one.name


def test_a_name_that_ends_in_a_unit_has_that_unit():
    for one in quantities().values():
        if one.kind in (ColumnKind.INTEGER, ColumnKind.NUMBER):
            assert field_of(f"another_{one.name}").unit in (None, one.unit), one.name


def test_a_column_of_units_is_there_for_every_quantity_that_names_one():
    for one in quantities().values():
        if one.unit_beside:
            assert quantities()[one.unit_beside].kind is ColumnKind.STRING


@pytest.mark.parametrize("what", ["kind", "unit", "ucd", "meaning"])
def test_a_view_repeats_nothing_that_the_quantity_says(what):
    home = REPOSITORY / "skydb" / "store"
    tables = {}
    for name in ("quantities", "columns"):
        with (home / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            tables[name] = list(csv.DictReader(stream))
    usual = {row["name"]: row for row in tables["quantities"]}
    assert len(usual) == len(tables["quantities"])
    for row in tables["columns"]:
        said = row[what]
        assert not said or said != usual[row["column"]][what], row
        assert said != "-" or usual[row["column"]][what], row


def test_every_view_gives_a_name_the_same_unit_but_for_marks_of_exposures():
    for (view, name), unit in shown_units().items():
        if view != "v_exposure_status":
            counts = {"downgraded": "exposures"} if view.endswith("status") else {}
            assert unit == counts.get(name, quantities()[name].documented_unit), (view, name)


def test_units_of_rows_are_the_units_of_a_column_where_all_are_the_same():
    rows = [
        {"mdrizsky": 0.5, "unit": "electron/s", "rms_ra_mas": 1.0},
        {"mdrizsky": None, "unit": "electron", "rms_ra_mas": 2.0},
    ]
    names = ["mdrizsky", "unit", "rms_ra_mas"]
    assert units_among(names, rows) == {"mdrizsky": "electron/s"}
    assert units_among(names, [*rows, {"mdrizsky": 3.0, "unit": "electron"}]) == {}
    assert units_among(names, [{"mdrizsky": 3.0, "unit": None}]) == {}


def test_a_name_that_nobody_registered_has_the_unit_that_it_ends_in():
    one = field_of("drift_in_y_mas")
    assert (one.header, one.unit, one.kind) == ("drift in y", "mas", None)
    moment = field_of("created_at")
    assert (moment.kind, moment.unit, moment.shown_unit) == (ColumnKind.TIME, None, "UTC")


def test_obscore_has_all_mandatory_columns_first_with_their_units_and_utypes():
    columns = {column.name: column for column in documented()["ivoa_obscore"]}
    assert {name: columns[name].unit for name in OBSCORE} == OBSCORE
    for name in OBSCORE:
        assert columns[name].ucd, name
        assert (columns[name].utype or "").startswith("obscore:"), name


def test_the_columns_of_an_answer_are_looked_up_in_the_views_that_it_names():
    names = ["visit", "version", "nothing"]
    first, second, third = described(names, "SELECT * FROM v_footprints")
    assert first is not None and first.kind is ColumnKind.STRING
    assert second is not None and second.description.endswith("the newest")
    assert third is None


@pytest.mark.parametrize(
    ("name", "unit"), [("rms_ra_mas", "mas"), ("exptime_s", "s"), ("size_bytes", "byte"),
                       ("rootname", None), ("em_min_m", "m"), ("pm_ra_mas_yr", "mas/yr")],
)  # fmt: skip
def test_a_unit_is_taken_from_a_name_that_ends_in_one(name, unit):
    assert unit_of(name) == unit
