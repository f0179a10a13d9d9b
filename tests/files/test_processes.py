"""A process is told from every other one, and dead is only said of one that surely is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.processmark import Fate, ProcessIdentity, ProcessMark
from skydb.files import processes
from skydb.files.processes import end_tools_below, fate_of, this_process

_TELL = """
import sys
from skydb.files.processes import this_process
print(this_process().mark, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], ProcessMark]]:
    """Another process that waits, and its mark."""
    process = subprocess.Popen(
        [sys.executable, "-c", _TELL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    mark = ProcessMark.found_in(process.stdout.readline())
    assert mark is not None
    yield process, mark
    process.kill()
    process.communicate()


def test_this_process_is_alive() -> None:
    assert fate_of(this_process().mark) is Fate.ALIVE


def test_a_process_is_alive_until_it_is_killed_and_then_dead(
    child: tuple[subprocess.Popen[str], ProcessMark],
) -> None:
    process, mark = child
    assert mark.pid == process.pid
    assert fate_of(mark) is Fate.ALIVE
    process.send_signal(signal.SIGKILL)
    # Not waited for: what nobody has waited for keeps its number, and does nothing any more.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert fate_of(mark) is Fate.DEAD
    process.wait()
    assert fate_of(mark) is Fate.DEAD


def test_another_process_with_the_number_of_an_earlier_one_is_not_taken_for_it() -> None:
    earlier = replace(this_process().mark, started_s=int(this_process().started_s) - 60)
    assert fate_of(earlier) is Fate.DEAD


def test_of_another_machine_or_container_nothing_is_said() -> None:
    here = this_process()
    for other in (
        replace(here, host=here.host + "2"),
        replace(here, machine="another"),
        replace(here, namespace="pid:[1]"),
    ):
        assert fate_of(other.mark) is Fate.UNKNOWN


@pytest.mark.parametrize(("machine", "fate"), [("m1", Fate.DEAD), (None, Fate.UNKNOWN)])
def test_what_ran_before_the_machine_was_started_is_dead_when_it_is_this_machine(
    monkeypatch: pytest.MonkeyPatch, machine: str | None, fate: Fate
) -> None:
    here = replace(this_process(), machine=machine)
    monkeypatch.setattr(processes, "this_process", lambda: here)
    assert fate_of(replace(here, boot_id="before").mark) is fate


def test_a_tool_is_ended_by_the_directory_that_it_is_in_and_no_other_process(
    child: tuple[subprocess.Popen[str], ProcessMark], tmp_path: Path
) -> None:
    code = "import time; time.sleep(600)"
    tool = subprocess.Popen([sys.executable, "-c", code, "skydb.drizzle.worker"], cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert end_tools_below(elsewhere) == []
    assert end_tools_below(tmp_path) == [tool.pid]
    tool.wait()
    assert not psutil.pid_exists(tool.pid)
    assert child[0].poll() is None


_NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(_NAMES, _NAMES, st.integers(1, 2**31), st.floats(0, 2e9), _NAMES)
def test_a_mark_is_found_again_in_a_name(
    host: str, boot: str, pid: int, started_s: float, around: str
) -> None:
    mark = ProcessIdentity(host, None, boot, None, pid, started_s).mark
    assert ProcessMark.found_in(f".{around}.{mark}.part") == mark


@pytest.mark.parametrize(("count", "cores"), [(7, 7), (None, 1)])
def test_without_a_set_of_processors_they_are_counted(
    count: int | None, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = SimpleNamespace(cpu_count=lambda: count)
    monkeypatch.setattr(processes, "os", counted)
    assert processes.available_cores() == cores
    monkeypatch.setattr(counted, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert processes.available_cores() == 3
