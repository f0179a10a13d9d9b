"""Run benchmarks, print what they found, keep it as JSON and as a table for people."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.timing import Result, with_share

NAMES = (
    "startup",
    "tables",
    "ingest",
    "skyvalues",
    "skysigma",
    "skyadvice",
    "onepass",
    "batch",
    "large",
    "rejecting",
    "survey",
    "browse",
    "alignment",
    "cosmicrays",
    "trust",
    "workers",
)
PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
RECORD = PAGE.with_suffix(".json")
_TABLE = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->)", re.DOTALL)
#: Columns of a terminal that the table needs.
_WIDTH = 180
#: Field of a result, and the head of its column.
_COLUMNS = {
    "name": "what",
    "target": "target",
    "ratio": "ratio",
    "median_reference_s": "reference [s]",
    "median_s": "measured [s]",
    "cpu_s": "CPU [s]",
    "wall_s": "wall [s]",
    "floor_s": "floor [s]",
    "floor_share": "share of floor reached",
    "passed": "met",
    "measured_at": "on",
}


def main() -> int:
    """Measure; exit code 1 when a target was missed."""
    options = _options()
    with _directory(options.keep) as workdir:
        results = list(_measure(options.names or NAMES, workdir, options))
    report = {"machine": _machine(), "results": results}
    Path(options.out).write_text(json.dumps(report, indent=2, default=str) + "\n")
    _show(results)
    if options.write_docs:
        _write_docs(report)
    return 0 if all(result["passed"] for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], help="what to measure")
    parser.add_argument("--repeats", type=int, default=3, help="of everything that is timed")
    parser.add_argument("--exposures", type=int, default=1_000_000, help="size of the survey")
    parser.add_argument("--keep", help="directory to work in, kept")
    parser.add_argument("--out", default="bench-results.json", help="results as JSON")
    parser.add_argument("--write-docs", action="store_true", help="into docs/performance.md")
    return parser.parse_args()


@contextmanager
def _directory(kept: str | None) -> Iterator[Path]:
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="skydb-bench-") as name:
        yield Path(name)


def _measure(names: Sequence[str], workdir: Path, options: argparse.Namespace) -> Iterator[Result]:
    for name in names:
        sys.stderr.write(f"bench: {name}\n")
        module = importlib.import_module(f"scripts.benchmarks.{name}")
        home = workdir / name
        home.mkdir(exist_ok=True)
        more = {"exposures": options.exposures} if name in ("survey", "browse") else {}
        found = module.measure(home, options.repeats, **more)
        for result in [found] if isinstance(found, dict) else found:
            sys.stderr.write(f"bench: {result['name']}: {result['ratio']:.3g}\n")
            day = f"{datetime.now(UTC):%F}"
            yield {"bench": name, "measured_at": day, **with_share(result)}


def _write_docs(report: dict[str, Any]) -> None:
    """Keep the results beside those of other benchmarks, of which each has its day."""
    kept = json.loads(RECORD.read_text())["results"]
    anew = {result["bench"] for result in report["results"]}
    known = [*(one for one in kept if one["bench"] not in anew), *report["results"]]
    known.sort(key=lambda one: NAMES.index(one["bench"]))
    text = json.dumps({**report, "results": known}, indent=2, default=str)
    RECORD.write_text(text + "\n")
    PAGE.write_text(_TABLE.sub(rf"\1{_markdown(known)}\2", PAGE.read_text()))


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def _cells(result: Result) -> Iterator[str]:
    for column in _COLUMNS:
        value = result.get(column)
        if column == "floor_share":
            yield _percent(value)
        elif isinstance(value, bool):
            yield "yes" if value else "NO"
        else:
            yield f"{value:.3g}" if isinstance(value, float) else str(value or "-")


def _percent(share: float | None) -> str:
    """A share for people; a floor above what was measured is called so."""
    if share is None:
        return "-"
    return f"{100 * share:.3g} %" + (" (floor above)" if share > 1 else "")


def _show(results: Iterable[Result]) -> None:
    table = Table(*_COLUMNS, box=None)
    for result in results:
        table.add_row(*_cells(result))
    console = Console()
    console.print(table, width=max(console.width, _WIDTH), soft_wrap=True)


def _markdown(results: Iterable[Result]) -> str:
    rows = ["| " + " | ".join(_COLUMNS.values()) + " |", "|" + "---|" * len(_COLUMNS)]
    rows += ["| " + " | ".join(_cells(result)) + " |" for result in results]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
