from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from skydb.report.columns import COMPARISON_SIGMA
from skydb.report.console import render_table
from skydb.report.longtables import MANY_ROWS
from skydb.report.tables import Column
from tests.report.column_lists import column_lists, ordinary_row

COLUMNS = [Column("product"), Column("rms", "rms RA", "mas", ".2f"), Column.status()]


def _printed(rows: list[dict[str, object]], **console: object) -> str:
    stream = io.StringIO()
    options = {"width": 80, "force_terminal": False, **console}
    render_table("Fits", COLUMNS, rows, Console(file=stream, **options), note="A note.")
    return stream.getvalue()


def test_a_table_shows_units_values_and_missing_values() -> None:
    text = _printed([{"product": "a.fits", "rms": 5.123, "status": "failed"}, {"product": "b"}])
    lines = text.splitlines()
    assert lines[0].strip() == "Fits"
    assert "[mas]" in text
    assert next(line for line in lines if "a.fits" in line).split() == ["a.fits", "5.12", "failed"]
    assert next(line for line in lines if line.strip().startswith("b")).split() == ["b", "-", "-"]
    assert "A note." in text


def test_markup_in_a_file_name_is_shown_and_not_obeyed() -> None:
    assert "[bold]x[/bold].fits" in _printed([{"product": "[bold]x[/bold].fits"}])


def test_an_escape_sequence_in_a_file_name_does_not_reach_the_terminal() -> None:
    text = _printed([{"product": "\x1b[2Jx.fits"}], force_terminal=True, color_system=None)
    assert "\x1b[2J" not in text
    assert "\\x1b[2Jx.fits" in text


def test_numbers_are_never_folded_on_a_narrow_terminal() -> None:
    rows: list[dict[str, object]] = [{"product": "a" * 60, "rms": 12345.678}]
    assert "12345.68" in _printed(rows, width=40)


def test_a_path_is_whole_where_a_sentence_beside_it_can_be_folded() -> None:
    columns = [Column("path", wraps=True), Column("reason", wraps=True)]
    row = {"path": "figures/ibxl50030_drz_ibxl52030_drz.png", "reason": "sources of images " * 4}
    stream = io.StringIO()
    render_table("", columns, [row], Console(file=stream, width=80))
    assert row["path"] in stream.getvalue()
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def test_a_path_that_is_longer_than_the_terminal_is_still_folded_between_folders() -> None:
    columns = [Column("path", wraps=True), Column("reason", wraps=True)]
    stream = io.StringIO()
    row = {"path": "a_folder_of_this_name/" * 6, "reason": "sources of images " * 4}
    render_table("", columns, [row], Console(file=stream, width=80))
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    assert stream.getvalue().count("a_folder_of_this_name/") == 6


def test_a_title_that_is_wider_than_its_table_stays_on_one_line() -> None:
    stream = io.StringIO()
    title = "Parameters that differ from the defaults"
    render_table(title, [Column("name")], [{"name": "preset"}], Console(file=stream, width=80))
    assert stream.getvalue().splitlines()[0] == title


def test_matches_and_rms_of_fits_are_shown_on_80_columns() -> None:
    stream = io.StringIO()
    fits = LISTS["columns.FITS"]
    long = {**ordinary_row(fits), "product": "ibxl50030_drz.fits", "status": "proposed"}
    render_table("Fits", fits, [long], Console(file=stream, width=80))
    head = stream.getvalue().partition("\u2500")[0]
    assert "matches" in head and head.count("[mas]") == 2 and "trust" in head


def test_columns_that_do_not_fit_are_continued_below_with_the_names_of_their_rows() -> None:
    stream = io.StringIO()
    shown = COMPARISON_SIGMA
    values = {"localmin": 1.0, "match": 0.25, "globalmin_match": 1.5, "globalmin": 0.5}
    sigmas = {f"{name}_sigma": 0.01 for name in values}
    row = {"rootname": "ibxl50clq", "extver": 1, **values, **sigmas, "unit": "electron/s"}
    render_table("MDRIZSKY", shown, [row], Console(file=stream, width=60), note="The note.")
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert [line[2:] for line in lines if line[:2] == ["ibxl50clq", "1"]] == [
        ["1.000000", "0.01", "0.250000", "0.01"],
        ["1.500000", "0.01", "0.500000", "0.01"],
    ]
    assert [line for line in lines if line in (["MDRIZSKY"], ["The", "note."])] == [
        ["MDRIZSKY"],
        ["The", "note."],
    ]


def test_a_unit_is_repeated_beside_the_values_that_it_is_of() -> None:
    stream = io.StringIO()
    shown = (Column("rootname"), Column("localmin"), Column("globalmin"), Column("unit"))
    rows = [
        {"rootname": "ibxl50clq", "localmin": 1.0, "globalmin": 2.0, "unit": "electron/s"},
        {"rootname": "jbxl50clq", "localmin": 3.0, "globalmin": 4.0, "unit": "electron"},
    ]
    render_table("", shown, rows, Console(file=stream, width=36))
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert [line for line in lines if line[:1] == ["jbxl50clq"]] == [
        ["jbxl50clq", "3.000000", "electron"],
        ["jbxl50clq", "4.000000", "electron"],
    ]


def test_a_value_and_its_sigma_part_only_where_both_are_too_wide() -> None:
    stream = io.StringIO()
    shown = (Column("match", "m" * 30, wraps=True), Column("match_sigma", "s" * 30, wraps=True))
    render_table("", shown, [{"match": 1, "match_sigma": 2}], Console(file=stream, width=40))
    assert max(map(len, stream.getvalue().splitlines())) <= 40


def test_a_column_without_a_value_does_not_bring_the_column_of_units_back() -> None:
    stream = io.StringIO()
    shown = (Column("rootname"), Column("localmin"), Column("globalmin"), Column("unit"))
    row = {"rootname": "ibxl50clq", "localmin": 1.0, "globalmin": None, "unit": "electron/s"}
    render_table("", shown, [row], Console(file=stream, width=80))
    assert "[e-/s]" in stream.getvalue() and "electron/s" not in stream.getvalue()


def test_a_failed_status_stands_out_in_colour() -> None:
    text = _printed(
        [{"product": "a", "status": "failed"}], force_terminal=True, color_system="standard"
    )
    assert "\x1b[1;31mfailed" in text


LISTS = dict(column_lists())
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


def _lines(columns: tuple[Column, ...], rows: list[dict[str, object]]) -> list[str]:
    out = io.StringIO()
    render_table("", columns, rows, Console(file=out, width=10_000), note="The note.")
    return [line for line in out.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize("name", ["columns.FITS", "columns.COMPARISON", "columns_runs.RUNS"])
def test_a_table_of_many_rows_says_what_a_short_one_says(name: str) -> None:
    row = ordinary_row(LISTS[name])
    short = _lines(LISTS[name], [row] * MANY_ROWS)
    long = _lines(LISTS[name], [row] * (MANY_ROWS + 1))
    rule = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
    expected = [line.rstrip() for line in (*short[:-1], short[-2], short[-1])]
    assert [line for line in long if rule not in line] == [
        line for line in expected if rule not in line
    ]


@given(st.lists(_WORDS, min_size=1, max_size=5))
def test_many_rows_are_written_whole_whatever_their_length(words: list[str]) -> None:
    columns = (Column("rootname"), Column("name", wraps=True), Column("localmin"))
    known = [{"rootname": "ibxl50clq", "name": "a", "localmin": 0.5}] * MANY_ROWS
    rows = [{"rootname": "ibxl50cmq", "name": word, "localmin": None} for word in words]
    found = _lines(columns, [*known, *rows])[-1 - len(words) : -1]
    assert [line.split() for line in found] == [["ibxl50cmq", word, "-"] for word in words]


def test_rows_are_written_before_the_last_one_is_printed() -> None:
    class Watched(io.StringIO):
        written = 0

        def write(self, text: str) -> int:
            self.written += text.count("\n")
            return len(text)

    out, seen = Watched(), []

    class Row(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            seen.append(out.written)
            return super().get(key, default)

    render_table("", (Column("run"),), [Row(run=n) for n in range(5000)], Console(file=out))
    assert max(seen) > 4000
