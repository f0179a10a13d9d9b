"""A command that is over is not ended by a signal any more."""

from __future__ import annotations

import subprocess
import sys

#: What happens between the last handler of `atexit` and the end of the interpreter.
CODE = """
import os, signal
from skydb.cli.main import main

class Late:
    def __del__(self, kill=os.kill, pid=os.getpid(), write=os.write):
        for number in (2, 15, 1):
            kill(pid, number)
        write(1, b"still here\\n")

late = Late()
main(["version"])
"""


def test_a_signal_while_the_interpreter_ends_changes_nothing(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("still here\n")
