"""Readers of files by themselves: how they end, what they do with a file that ends one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.checksum import stamp_of
from skydb.services.intake import reading, readworker
from skydb.services.intake.reading import _stamped, _Worker, _WorkerDiedError, _Workers
from skydb.services.intake.readworker import Companion, read_file
from tests.services.tools import write_exposure


class _Fragile(_Worker):
    """A reader that dies of one file, or of everything."""

    def __init__(self, deadly: str = "", *, is_ended: bool = False) -> None:
        super().__init__()
        self._deadly, self.asked = deadly, list[list[str]]()
        self._is_over = is_ended

    def _ask(self, paths: Sequence[Path]) -> list[Any]:
        self.asked.append([path.name for path in paths])
        if any(path.name == self._deadly for path in paths) or self._is_over:
            raise _WorkerDiedError("Killed")
        return [path.name for path in paths]


def test_of_files_that_end_a_reader_together_each_is_read_alone() -> None:
    worker = _Fragile("b")
    assert worker.read([Path("a"), Path("c")]) == ["a", "c"]
    first, rejected, last = worker.read([Path("a"), Path("b"), Path("c")])
    assert (first, last) == ("a", "c")
    assert worker.asked == [["a", "c"], ["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert isinstance(rejected, FileRejectedError)
    assert (rejected.path, rejected.reason) == (
        Path("b"), "the process that read it died (Killed)"
    )  # fmt: skip
    # A reader that was told to end has not died of a file.
    with pytest.raises(_WorkerDiedError):
        _Fragile(is_ended=True).read([Path("a")])


def _running(code: str) -> _Worker:
    worker = _Worker()
    worker._process = subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return worker


def test_how_a_reader_ended_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _Worker().end_process() == "it never began"
    for code, said in (("raise SystemExit(3)", "exit code 3"), ("", "exit code 0")):
        assert _running(code).end_process() == said
    killed = _running("import time; time.sleep(60)")
    killed.end()
    assert killed.end_process() == "Killed"
    assert killed.end_process() == "it never began"
    with pytest.raises(_WorkerDiedError):
        killed.read([Path("a")])
    # One that does not end when its input does is killed after a while.
    monkeypatch.setattr(reading, "_GRACE_S", 0.01)
    assert _running("import time; time.sleep(60)").end_process() == "Killed"


def test_a_reader_has_a_session_of_its_own_and_is_started_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "idle.py").write_text("main = input\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(reading, "_WORKER", "idle")
    worker = _Worker()
    process = worker._start()
    assert os.getsid(process.pid) == process.pid
    assert worker._process is process
    # It ends with an error when its input does.
    assert worker.end_process() == "exit code 1"
    worker.end()
    with pytest.raises(_WorkerDiedError):
        worker._start()


def test_some_chunks_are_read_ahead_and_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 2)
    asked: list[list[str]] = []

    def read(paths: Sequence[Path]) -> list[Any]:
        asked.append([path.name for path in paths])
        return [path.name for path in paths]

    with _Workers(1) as workers:
        monkeypatch.setattr(workers._workers[0], "read", read)
        found = workers.read([Path(str(number)) for number in range(15)])
        assert next(found) == "0"
        workers._threads.submit(lambda: None).result()
        # What is read ahead is bounded, however many files there are.
        assert len(asked) == 1 + reading._CHUNKS_AHEAD
        assert list(found) == [str(number) for number in range(1, 15)]
    assert asked == [[str(n) for n in range(k, min(k + 2, 15))] for k in range(0, 15, 2)]


def test_a_stamp_is_taken_before_the_next_file_is_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "ab"]
    paths[0].write_text("a")
    stamps: dict[Path, Any] = {}
    files = _stamped(paths, stamps)
    assert (next(files), list(stamps)) == (paths[0], paths[:1])
    assert stamps[paths[0]] == stamp_of(paths[0])
    paths[1].write_text("longer")
    assert next(files) == paths[1]
    assert stamps[paths[1]] == stamp_of(paths[1]) != stamps[paths[0]]


def test_a_file_that_changes_between_checksum_and_reading_is_rejected(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, "ibxl50iaq")
    stamp = stamp_of(path)
    sound: Any = read_file(path, lambda: "c" * 64, stamp)
    assert sound.sha256 == "c" * 64
    assert not isinstance(read_file(path), FileRejectedError)
    path.write_bytes(path.read_bytes() + b"\0" * 2880)
    changed = read_file(path, lambda: "c" * 64, stamp)
    assert isinstance(changed, UnreadableFileError)
    assert changed.reason == "it changed while it was read"
    assert readworker._unchanged(path, None) is None


def test_flags_are_read_with_the_pixels_that_they_are_of(tmp_path: Path) -> None:
    pixels, flags = (tmp_path / f"u2eb0101t_c{number}m.fits" for number in (0, 1))
    pixels.touch()
    flags.touch()
    assert read_file(flags) == Companion(flags, pixels)
    assert isinstance(read_file(pixels), FileRejectedError)
