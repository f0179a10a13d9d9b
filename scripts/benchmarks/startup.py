"""What the commands that people type all day take of the processor, interpreter and all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.benchmarks.timing import Result, by_processor, in_turns
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan

_HELP_S, _QUESTION_S = 0.12, 0.45
#: The last word is one argument.
_QUESTIONS = (
    ("status",),
    ("findings",),
    ("runs",),
    ("sql", "SELECT count(*) FROM exposures"),
)
_RUNS_FOR_EACH_REPEAT = 5

#: What a question needs at least: SQLAlchemy, and one number out of the ledger.
_BARE = """
from sqlalchemy import create_engine, text
with create_engine("sqlite:///skydb.sqlite").connect() as connection:
    print(connection.scalar(text("SELECT count(*) FROM exposures")))
"""


def measure(workdir: Path, repeats: int) -> Iterator[Result]:
    """One row a command, on a ledger of four exposures.

    Parameters
    ----------
    workdir : Path
        Directory for the ledger, which is made anew.
    repeats : int
        A fifth of how often each command runs, in turns with a bare interpreter.
    """
    home = workdir / "home"
    shutil.rmtree(home, ignore_errors=True)
    simulate_field(home / "field", FieldPlan(tiles=(2, 1), size=64, products=False))
    for words in (("init",), ("ingest", "field")):
        _run(home, *_skydb(words))
    times = _RUNS_FOR_EACH_REPEAT * repeats
    yield _row(home, ("--help",), _HELP_S, ("-I", "-S", "-c", "pass"), times)
    for words in _QUESTIONS:
        yield _row(home, words, _QUESTION_S, ("-c", _BARE), times)


def _row(
    home: Path, words: Sequence[str], limit_s: float, bare: Sequence[str], times: int
) -> Result:
    ways = (("-c", "pass"), _skydb(words), bare)
    nothing, ours, floor = in_turns(*(_runs(home, way) for way in ways), repeats=times)
    return {
        "name": f"skydb {words[0]}",
        "target": f"<= {limit_s} s",
        "ratio": ours.cpu_s / limit_s,
        **by_processor(nothing, ours, floor),
        "passed": ours.cpu_s <= limit_s,
        "note": "processor time; the reference is `python -c pass`",
    }


def _runs(home: Path, way: Sequence[str]) -> Callable[[], None]:
    return lambda: _run(home, *way)


def _skydb(words: Sequence[str]) -> tuple[str, ...]:
    return ("-c", "from skydb.cli.main import main; main()", *words)


def _run(home: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=home, check=True, stdout=subprocess.DEVNULL)
