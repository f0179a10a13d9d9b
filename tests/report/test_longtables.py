"""Tables of many rows are drawn in another way, and look the same."""

from __future__ import annotations

import io
from typing import Any
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from skydb.report import console as drawing
from skydb.report.tables import Column

COLUMNS = [
    Column("log", "where it was read", wraps=True),
    Column("rms", "rms RA", "mas", ".2f"),
    Column.status(),
    Column.alarm("downgraded", spare=1),
    Column("tool", spare=2, wraps=True),
]
TEXTS = st.text(st.sampled_from("ab/ \u4e2d\u0301\t[]-_."), max_size=70)
ROW = st.fixed_dictionaries(
    {},
    optional={
        "log": TEXTS,
        "rms": st.floats(-1e9, 1e9),
        "status": st.sampled_from(["failed", "applied", "proposed", "else"]),
        "downgraded": st.booleans(),
        "tool": TEXTS | st.none(),
    },
)


def _printed(rows: list[dict[str, Any]], many: int, **console: Any) -> str:
    stream = io.StringIO()
    with patch.object(drawing, "_MANY", many):
        drawing.render_table("Fits", COLUMNS, rows, Console(file=stream, **console), note="All.")
    return stream.getvalue()


@given(rows=st.lists(ROW, min_size=1, max_size=4), width=st.integers(20, 160), colour=st.booleans())
@example(rows=[{"log": "a" * 60 + " b", "status": "failed"}, {"tool": " "}], width=60, colour=True)
def test_a_long_table_looks_as_rich_draws_it(
    rows: list[dict[str, Any]], width: int, colour: bool
) -> None:
    options: dict[str, Any] = {"width": width, "force_terminal": colour}
    options |= {"color_system": "standard"} if colour else {}
    assert _printed(rows, 0, **options) == _printed(rows, 100, **options)


def test_all_rows_of_a_long_table_are_there_in_their_order() -> None:
    text = _printed([{"log": f"{number}.log"} for number in range(300)], 100, width=80)
    shown = [line.split()[0] for line in text.splitlines() if ".log" in line]
    assert shown == [f"{number}.log" for number in range(300)]
