"""How long ``skydb --help`` takes, and that no command imports drizzlepac without need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.benchmarks.timing import Result, in_turns

_LIMIT_S = 0.4


def measure(workdir: Path, repeats: int) -> Result:
    """The command's help against a Python that does nothing."""

    def run(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, *arguments], cwd=workdir, check=True, stdout=subprocess.DEVNULL
        )

    help_ = ("-c", "from skydb.cli.main import main; main(['--help'])")
    nothing_s, help_s, floor_s = in_turns(
        lambda: run("-c", "pass"),
        lambda: run(*help_),
        # Without the packages that are installed, which a command could do without.
        lambda: run("-I", "-S", "-c", "pass"),
        repeats=3 * repeats,
    )
    return {
        "name": "skydb --help",
        "target": f"<= {_LIMIT_S} s",
        "ratio": help_s / _LIMIT_S,
        "median_reference_s": nothing_s,
        "median_s": help_s,
        "floor_s": floor_s,
        "passed": help_s <= _LIMIT_S,
        "note": "the reference is `python -c pass`; the floor is without site-packages, too",
    }
