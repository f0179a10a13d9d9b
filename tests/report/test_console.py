from __future__ import annotations

import io

from rich.console import Console

from skydb.report.console import render_table
from skydb.report.tables import Column

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


def test_a_failed_status_stands_out_in_colour() -> None:
    text = _printed(
        [{"product": "a", "status": "failed"}], force_terminal=True, color_system="standard"
    )
    assert "\x1b[1;31mfailed" in text
