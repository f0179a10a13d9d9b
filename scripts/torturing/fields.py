"""Exposures, a catalogue and logs to work with."""

from __future__ import annotations

import shutil
from pathlib import Path

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.redelivery import Redelivery, redeliver_field
from tests.files.logs.manners import DRIZZLES, TWEAKREGS

#: Two visits of two exposures; small, but TweakReg finds enough of their stars.
PLAN = FieldPlan(SimDetector.IR, (2, 1), 2, size=200, seed=5)


def make_files(home: Path) -> Path:
    """Make ``files``, ``redelivered`` and ``logs`` in a new directory, which is returned."""
    shutil.rmtree(home, ignore_errors=True)
    simulate_field(home / "files", PLAN)
    redeliver_field(home / "files", Redelivery(), home / "redelivered")
    logs = home / "logs"
    logs.mkdir()
    for name, manner in DRIZZLES.items():
        _write(logs / f"astrodrizzle-{name}.log", manner.lines())
    for name, fit in TWEAKREGS.items():
        _write(logs / f"tweakreg-{name}.log", fit.lines())
    return home


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
