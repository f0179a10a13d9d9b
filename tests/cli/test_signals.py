"""A command that is over is not ended by a signal any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: What happens between the last handler of `atexit` and the end of the interpreter.
CODE = """
import os, signal, sys
from skydb.cli.main import main

class Late:
    def __del__(self, kill=os.kill, pid=os.getpid(), write=os.write):
        for number in (2, 15, 1):
            kill(pid, number)
        write(1, b"still here\\n")

sys.late = Late()
main(["version"])
"""

#: An object that nothing but a search for garbage finds.
GARBAGE = """
import os
from skydb.cli.main import main

class Late:
    def __del__(self, write=os.write):
        write(1, b"searched\\n")

late = Late()
late.itself = late
main(["version"])
"""


def ended(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A process that runs some code to its end."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_signal_while_the_interpreter_ends_changes_nothing(tmp_path: Path) -> None:
    done = ended(CODE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("still here\n")


def test_the_interpreter_ends_without_a_search_for_garbage(tmp_path: Path) -> None:
    done = ended(GARBAGE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "searched" not in done.stdout
