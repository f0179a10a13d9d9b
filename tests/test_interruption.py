"""Work that is told to stop: held steps, threads, processes, and what must not stay behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb import interruption
from skydb.errors import Interrupted, SkydbError, ToolCrashedError
from skydb.interruption import check, current, draft, held, litter, reason


@pytest.fixture
def told() -> Iterator[None]:
    interruption.stop_all("SIGTERM")
    yield
    interruption.forget()


def test_work_goes_on_as_long_as_nobody_says_otherwise() -> None:
    check()
    with held():
        check()
    assert reason(SkydbError("something")) is None
    assert interruption.patience_s(60.0) == 60.0


def test_whoever_was_told_stops_at_the_next_step(told: None) -> None:
    with pytest.raises(Interrupted, match="interrupted by SIGTERM"):
        check()
    assert interruption.patience_s(60.0) < 2.0


def test_steps_that_are_held_together_come_to_their_end_first(told: None) -> None:
    done = []
    with pytest.raises(Interrupted), held():
        with held():
            check()
        done.append("both")
    assert done == ["both"]


def test_what_fails_within_held_steps_is_not_hidden_by_the_interruption(told: None) -> None:
    with pytest.raises(ZeroDivisionError), held():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "by"),
    [
        (Interrupted("SIGHUP"), "SIGHUP"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (SystemExit(3), "SystemExit"),
        (ToolCrashedError("TweakReg", "was killed by SIGKILL"), None),
    ],
)
def test_an_interruption_is_told_from_a_failure(error: BaseException, by: str | None) -> None:
    assert reason(error) == by


def test_what_fails_because_something_was_stopped_is_interrupted_too(told: None) -> None:
    assert reason(ToolCrashedError("TweakReg", "was killed by SIGKILL")) == "SIGTERM"


def test_a_process_ends_with_what_it_has_started_when_its_thread_is_told() -> None:
    script = "sleep 600 & echo $!; wait"
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    stop = interruption.Stop(current())
    with process.stdout, stop.watching(process):
        stop.request("SIGINT")
        assert process.wait() == -signal.SIGKILL
        # Its end of the pipe is closed when the child is gone, too.
        assert process.stdout.read() == b""
    assert child > 0


def test_a_task_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    theirs, ours = os.pipe()
    program = (
        "import subprocess, sys; from skydb.drizzle.worker import end_with;"
        f"end_with({theirs}); print('up', flush=True);"
        "subprocess.run(['sleep', '600'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE, pass_fds=(theirs,), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"up\n"
        os.close(ours)
        assert process.stdout.read() == b""
    assert process.wait() == -signal.SIGKILL


@given(st.lists(st.sampled_from(["file", "directory", "nothing", "done"]), max_size=6))
def test_a_sweep_removes_what_is_there_for_a_while_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    home = tmp_path_factory.mktemp("sweep")
    (home / "of the user").write_text("mine")
    blocks = []
    for number, kind in enumerate(kinds):
        path = home / f"{number}"
        block = litter(path)
        block.__enter__()
        if kind == "directory":
            (path / "below").mkdir(parents=True)
            (path / "below" / "it").write_text("x")
        elif kind != "nothing":
            path.write_text("x")
        if kind == "done":
            block.__exit__(None, None, None)
        else:
            blocks.append(block)
    interruption.sweep("SIGTERM")
    for block in blocks:
        block.__exit__(None, None, None)
    kept = {str(number) for number, kind in enumerate(kinds) if kind == "done"}
    assert {path.name for path in home.iterdir()} == {"of the user", *kept}


def test_a_draft_is_gone_after_its_block_unless_it_has_got_its_name(tmp_path: Path) -> None:
    with draft(tmp_path / ".a.part") as part:
        part.write_text("whole")
        part.replace(tmp_path / "a")
    with pytest.raises(KeyboardInterrupt), draft(tmp_path / ".b.part") as part:
        part.write_text("ha")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_thread_is_told_to_stop_when_something_is_so_and_not_after_that() -> None:
    over = threading.Event()
    with interruption.stopped_when(over.is_set, "the end of the worker"):
        check()
        over.set()
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        with current().watching(child):
            assert child.wait(20) == -signal.SIGKILL
        with pytest.raises(Interrupted, match="the end of the worker"):
            check()
    check()
