"""The end of the process of a command: its output may have no reader, or no place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

#: Short, so that all of it waits in a buffer until the process ends.
SHORT = "from skydb.cli.main import main; main(['status', '--json'])"
#: More than any buffer holds.
LONG = (
    "from skydb.cli.main import main; main(['sql', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
    "SELECT i + 1 FROM n WHERE i < 9000) SELECT i FROM n'] + {})"
)

Ended = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def ended(tmp_path: Path, sqlite_template: Path, request: pytest.FixtureRequest) -> Ended:
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    url = f"sqlite:///{tmp_path / 'skydb.sqlite'}"
    known = {**os.environ, "SKYDB_URL": url, "PYTHONUNBUFFERED": request.param}

    def run(
        *before: str, words: str = SHORT, output: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*before, sys.executable, "-c", words), stdout=output, stderr=subprocess.PIPE,
            text=True, check=False, env=known,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_a_command_calculates_on_one_thread_unless_asked(given: str | None, expected: str) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    known = {name: value for name, value in os.environ.items() if name not in names}
    if given is not None:
        known["OPENBLAS_NUM_THREADS"] = given
    words = (
        "import os, sys; from skydb.cli.main import main\n"
        "assert 'numpy' not in sys.modules\n"
        "try: main(['--version'])\n"
        "finally: print(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, env=known
    )
    assert done.stdout.splitlines()[-1] == expected


def test_a_reader_that_has_seen_enough_is_no_error_to_be_explained(ended: Ended) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = ended(output=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_disk_is_said_in_a_sentence(ended: Ended) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(output=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "skydb: The output was not written: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("form", ["['--json']", "[]"])
def test_an_output_that_is_refused_in_the_middle_is_said_once(ended: Ended, form: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(words=LONG.format(form), output=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "skydb: The output was not written: No space left on device.\n"


def test_a_reader_that_goes_in_the_middle_is_no_error_to_be_explained(ended: Ended) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = ended(words=LONG.format("['--json']"), output=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("command", ["['status']", "['runs', 'show', '9']"])
def test_a_remark_that_cannot_be_written_changes_no_work(ended: Ended, command: str) -> None:
    words = f"from skydb.cli.main import main; main({command})"
    usual = ended(words=words, output=subprocess.PIPE)
    unsaid = ended("sh", "-c", 'exec "$@" 2>/dev/full', "sh", words=words, output=subprocess.PIPE)
    assert unsaid.returncode == usual.returncode
    assert unsaid.stdout == usual.stdout


def test_a_command_without_an_output_ends_as_with_one(ended: Ended) -> None:
    done = ended("sh", "-c", 'exec "$@" >&-', "sh")
    assert (done.returncode, done.stderr) == (0, "")
