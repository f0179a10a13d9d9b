"""How long a table of many rows takes on a terminal, against one that is drawn whole."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from scripts.benchmarks.timing import Result, by_clock, in_turns
from skydb.report.columns_comparison import TIMELINE_OF_SKIES
from skydb.report.console import render_table
from skydb.report.longtables import MANY_ROWS

_TIMES = 100
_LIMIT = 30


def measure(workdir: Path, repeats: int) -> Result:
    """A hundred times as many rows as are drawn at once."""
    row = {
        "at": "2026-01-31 12:00:00", "quantity": "sky", "subject": "ibxl50clq", "extver": 1,
        "method": "match", "value": 0.123456, "sigma": 0.01, "unit": "electron/s", "run": 12,
        "downgraded": False, "is_imported": False,
    }  # fmt: skip

    def bare() -> None:
        stream, layout = io.StringIO(), " ".join(["%s"] * len(row)) + "\n"
        for values in [tuple(row.values())] * (_TIMES * MANY_ROWS):
            stream.write(layout % values)

    def shown(count: int) -> None:
        console = Console(file=io.StringIO(), width=80)
        render_table("Over time", TIMELINE_OF_SKIES, [row] * count, console)

    drawn, written, floor = in_turns(
        lambda: shown(MANY_ROWS), lambda: shown(_TIMES * MANY_ROWS), bare, repeats=repeats
    )
    return {
        "name": f"a table of {_TIMES * MANY_ROWS} rows against one of {MANY_ROWS}",
        "target": f"<= {_LIMIT} x",
        "ratio": written.wall_s / drawn.wall_s,
        **by_clock(drawn, written, floor),
        "passed": written.wall_s <= _LIMIT * drawn.wall_s,
        "note": "more than the reference are written row by row",
    }
