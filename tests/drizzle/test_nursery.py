"""Passes of a batch are forked from one process, and each is a process like any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from skydb import interruption
from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.nursery import ForkedProcess, Nursery
from skydb.drizzle.onepass import OnePass
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import Interrupted, ToolCrashedError
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from tests.commands import LedgerDirectory
from tests.drizzle.exposures import Exposure, write_exposure
from tests.drizzle.test_runner import ends

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh_workers")]

#: A pass that waits for its exposure for ever, once there is a pipe of that name.
BLOCKED = {
    "directory": ".",
    "parameters": {},
    "exposures": ["waits_flt.fits"],
    "outputs": {"match": "match"},
    "skies": {"match": [["waits_flt.fits", 1, 0.0]]},
    "jobs": 1,
    "fewest_pixels": 1e9,
}


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[ForkedProcess | None]:
    """What every fork gave."""
    seen: list[ForkedProcess | None] = []
    fork = Nursery.fork

    def watched(nursery: Nursery, *given: object) -> ForkedProcess | None:
        seen.append(fork(nursery, *given))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(Nursery, "fork", watched)
    return seen


@pytest.fixture
def warm() -> Iterator[DrizzlepacRunner]:
    runner = DrizzlepacRunner(timeout_s=300)
    with runner.kept_warm():
        yield runner


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("exposures")
    some = [Exposure(f"ibxl5{number}aaq", (5.0 * number, 3.0), 0.8) for number in range(2)]
    return [write_exposure(directory, one, seed) for seed, one in enumerate(some)]


def mosaic(runner: DrizzlepacRunner, exposures: list[Path], scratch: Path) -> bytes:
    """Pixels and header of a pass of one method."""
    skies = {SkyMethod.MATCH: {(path.name, 1): 0.5 for path in exposures}}
    made = OnePass(runner).drizzle(
        exposures, skies, AstroDrizzleSettings(), scratch, {SkyMethod.MATCH: "match"}, jobs=1
    )
    return made[SkyMethod.MATCH].science.read_bytes()


def blocked(runner: DrizzlepacRunner, scratch: Path) -> None:
    """Run a pass that does not end."""
    scratch.mkdir()
    os.mkfifo(scratch / "waits_flt.fits")
    runner.run("onepass", BLOCKED, scratch)


def nurseries() -> list[psutil.Process]:
    """Those of this process."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if is_nursery(one)]


def is_nursery(process: psutil.Process) -> bool:
    try:
        # Others may have it among their arguments.
        return process.cmdline()[1:3] == ["-m", "skydb.drizzle.tasks.nursery"]
    except psutil.Error:  # it has ended
        return False


def once(is_so, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_forked_passes_make_what_others_make(tmp_path, exposures, forked, warm):
    alone = mosaic(DrizzlepacRunner(), exposures, tmp_path / "alone")
    assert forked == []
    for number in range(3):
        scratch = tmp_path / f"{number}"
        assert mosaic(warm, exposures, scratch) == alone
        assert (scratch / "home").is_dir() and (scratch / "onepass.log").stat().st_size
    assert [one is not None and one.returncode for one in forked] == [0, 0, 0]
    assert len(nurseries()) == 1


def test_it_ends_with_the_batch(tmp_path, exposures, forked):
    runner = DrizzlepacRunner()
    with runner.kept_warm():
        mosaic(runner, exposures, tmp_path / "run")
        (nursery,) = nurseries()
    assert ends(nursery.pid) and forked[0] is not None and ends(forked[0].pid)
    mosaic(runner, exposures, tmp_path / "after")
    assert len(forked) == 1


def test_other_tasks_and_other_passes_are_started(tmp_path, forked, warm):
    for task, request in [
        ("tweakback", {}),
        ("onepass", {"parameters": {"driz_cr": True}}),
    ]:
        with pytest.raises(ToolCrashedError, match="raised KeyError"):
            warm.run(task, request, tmp_path)
    assert forked == [] and nurseries() == []


def test_a_pass_that_fails_says_why_and_the_next_one_is_made(tmp_path, exposures, forked, warm):
    with pytest.raises(ToolCrashedError, match="raised KeyError: 'directory'"):
        warm.run("onepass", {"parameters": {}}, tmp_path / "bad")
    log = (tmp_path / "bad" / "onepass.log").read_text()
    assert "Traceback" in log and "KeyError: 'directory'" in log
    assert mosaic(warm, exposures, tmp_path / "good")
    assert [one is not None and one.returncode for one in forked] == [1, 0]


def test_a_pass_that_is_killed_is_one_that_crashed(tmp_path, exposures, forked, warm):
    def kill() -> None:
        once(lambda: forked and forked[0] is not None)
        os.kill(forked[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ToolCrashedError, match="was killed by SIGKILL"):
        blocked(warm, tmp_path / "blocked")
    killer.join()
    assert mosaic(warm, exposures, tmp_path / "next")


def test_a_pass_that_takes_too_long_is_ended(tmp_path, forked):
    runner = DrizzlepacRunner(timeout_s=0.5)
    with runner.kept_warm(), pytest.raises(ToolCrashedError, match="ran out of time"):
        blocked(runner, tmp_path / "blocked")
    assert forked[0] is not None and ends(forked[0].pid)


def test_when_it_is_killed_passes_are_started_one_by_one(tmp_path, exposures, forked, warm):
    first = mosaic(warm, exposures, tmp_path / "first")
    (nursery,) = nurseries()
    nursery.kill()
    assert ends(nursery.pid)
    assert mosaic(warm, exposures, tmp_path / "second") == first
    assert mosaic(warm, exposures, tmp_path / "third") == first
    assert [one is None for one in forked] == [False, True]


def test_a_pass_that_may_have_begun_is_not_begun_again(
    tmp_path, exposures, forked, warm, monkeypatch
):
    mosaic(warm, exposures, tmp_path / "first")
    (nursery,) = nurseries()
    nursery.suspend()
    monkeypatch.setattr("skydb.drizzle.nursery._PATIENCE_S", 0.2)
    with pytest.raises(ToolCrashedError, match=r"a process that does not answer.*Repeat"):
        mosaic(warm, exposures, tmp_path / "second")
    assert ends(nursery.pid) and nurseries() == []
    assert mosaic(warm, exposures, tmp_path / "third")
    assert len(forked) == 1


def test_an_interpreter_that_has_none_starts_passes_one_by_one(tmp_path, exposures, forked, warm):
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\ncase "$2" in *nursery) exit 1;; esac\nexec {sys.executable} "$@"\n'
    )
    script.chmod(0o755)
    runner = DrizzlepacRunner(python=script)
    with runner.kept_warm():
        assert mosaic(runner, exposures, tmp_path / "run")
    assert forked == []


def test_a_signal_ends_a_forked_pass(tmp_path, forked, warm):
    def stop() -> None:
        once(lambda: forked and forked[0] is not None)
        interruption.stop_all("SIGTERM")
        interruption.current().kill()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        with pytest.raises(Interrupted):
            blocked(warm, tmp_path / "blocked")
    finally:
        stopper.join()
        interruption.forget()
    assert forked[0] is not None and ends(forked[0].pid)


def test_fields_of_one_command_are_forked_and_a_single_one_is_not(
    tmp_path, forked, sqlite_template
):
    (tmp_path / "skydb.sqlite").write_bytes(sqlite_template.read_bytes())
    ledger = LedgerDirectory(tmp_path)
    simulate_field(tmp_path / "field", FieldPlan(tiles=(2, 1), size=64, seed=4, products=False))
    ledger.json("ingest", tmp_path / "field")
    words = ("sky", "run", "--engine", "skydb", "--method", "all", "--each", "visit")
    visits = [row["visit"] for row in ledger.json("status")]
    assert ledger(*words, "--visit", visits[0]).code == 0
    assert forked == []
    rows = ledger.json(*words, "--force")
    assert len(rows) == 4 * len(visits) == 8
    assert {row["status"] for row in rows} == {"succeeded"}
    assert [one is not None and one.returncode for one in forked] == [0, 0]
    assert nurseries() == []


def test_all_end_with_the_process_that_asked(tmp_path):
    script = f"""
import os
from pathlib import Path
from tests.drizzle.test_nursery import blocked
from skydb.drizzle.runner import DrizzlepacRunner
runner = DrizzlepacRunner()
with runner.kept_warm():
    blocked(runner, Path({str(tmp_path / "blocked")!r}))
"""
    asking = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    process = psutil.Process(asking.pid)
    once(lambda: len(process.children(recursive=True)) == 2)
    below = [one.pid for one in process.children(recursive=True)]
    asking.kill()
    asking.wait()
    assert all(ends(pid) for pid in below)
