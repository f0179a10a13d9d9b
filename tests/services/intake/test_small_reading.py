"""Readers of files by themselves: how they end, what they do with a file that ends one."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skydb.errors import FileRejectedError, NotHstImageError, UnreadableFileError
from skydb.files.checksum import sha256_of, stamp_of
from skydb.files.headerlets import HeaderletFacts
from skydb.services.intake import reading, readworker
from skydb.services.intake.reading import (
    _stamped,
    _Worker,
    _WorkerDiedError,
    _Workers,
    read_files,
)
from skydb.services.intake.readworker import Companion, read_file
from tests.files.headerlet_builder import headerlet_bytes
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
    # So is each of two.
    pair: list[Any] = worker.read([Path("d"), Path("b")])
    assert (pair[0], pair[1].path, len(pair)) == ("d", Path("b"), 2)
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


@pytest.mark.parametrize(
    ("jobs", "count", "how"),
    [
        (0, 5, "here"), (1, 5, "here"), (2, 0, "here"), (8, 0, "here"), (2, 1, "threads 2"),
        (2, 3, "threads 2"), (5, 3, "threads 5"), (2, 4, "processes 2"), (2, 5, "processes 2"),
        (4, 4, "processes 4"), (9, 4, "processes 4"),
    ],
)  # fmt: skip
def test_many_files_are_read_by_processes_some_with_threads_and_few_here(
    monkeypatch: pytest.MonkeyPatch, jobs: int, count: int, how: str
) -> None:
    used: list[str] = []

    class Workers:
        def __init__(self, count: int) -> None:
            used.append(f"processes {count}")

        def __enter__(self) -> Workers:
            return self

        def __exit__(self, *_: object) -> None:
            used.append("ended")

        def read(self, paths: Sequence[Path]) -> list[str]:
            return [f"{path.name} by a process" for path in paths]

    def ahead(paths: Iterable[Path], jobs: int) -> Iterator[Any]:
        used.append(f"threads {jobs}")
        yield from (SimpleNamespace(result=f"sum of {path.name}") for path in paths)

    monkeypatch.setattr(reading, "WORKERS_PAY_FILES", 4)
    monkeypatch.setattr(reading, "_Workers", Workers)
    monkeypatch.setattr(reading, "checksums_ahead", ahead)
    monkeypatch.setattr(reading, "stamp_of", lambda path: f"stamp of {path.name}")
    monkeypatch.setattr(reading, "read_file", lambda *told: told)
    paths = [Path(name) for name in "abcde"[:count]]
    found = list(read_files(paths, jobs))
    if how == "here":
        assert (found, used) == ([(path,) for path in paths], [])
    elif how.startswith("threads"):
        assert found == [(p, f"sum of {p}", f"stamp of {p}") for p in paths]
        assert used == [how]
    else:
        assert found == [f"{path} by a process" for path in paths]
        assert used == [how, "ended"]


def _answering(*answers: bytes) -> tuple[_Worker, Any]:
    """A reader whose process is made up: what it was sent, and its answers."""
    process = SimpleNamespace(
        stdin=io.BytesIO(), stdout=io.BytesIO(b"".join(answers)), wait=lambda _: -9
    )
    worker = _Worker()
    worker._process = process  # type: ignore[assignment]
    return worker, process


def test_a_reader_is_asked_for_lists_of_paths_and_dies_of_what_is_no_answer() -> None:
    paths = [Path("a"), Path("b")]
    worker, process = _answering(pickle.dumps(["of a", "of b"]), pickle.dumps(["of a"]))
    assert worker._ask(paths) == ["of a", "of b"]
    assert worker._ask(paths[:1]) == ["of a"]
    sent = io.BytesIO(process.stdin.getvalue())
    assert [pickle.load(sent), pickle.load(sent)] == [paths, paths[:1]]
    for answers in ((), (b"what a library prints",), (pickle.dumps(["of a"])[:-3],)):
        worker, process = _answering(*answers)
        with pytest.raises(_WorkerDiedError, match="Killed"):
            worker._ask(paths)
        assert worker._process is None
        assert process.stdin.closed and process.stdout.closed
    for name in ("stdin", "stdout"):
        worker, process = _answering()
        getattr(process, name).close()
        with pytest.raises(_WorkerDiedError, match="Killed"):
            worker._ask(paths)


class _Broken(io.BytesIO):
    """A pipe whose other end is gone."""

    def flush(self) -> None:
        if self.getvalue():
            raise BrokenPipeError

    def close(self) -> None:
        raise BrokenPipeError


def test_paths_that_were_not_sent_to_a_reader_that_died_are_dropped() -> None:
    worker, process = _answering()
    process.stdin = _Broken()
    with pytest.raises(_WorkerDiedError, match="Killed"):
        worker._ask([Path("a")])
    assert process.stdout.closed


@pytest.mark.parametrize(
    ("code", "said"), [(0, "exit code 0"), (2, "exit code 2"), (-15, "Terminated"),
                       (-1, "Hangup"), (-250, "signal 250")],
)  # fmt: skip
def test_signals_that_end_a_reader_have_their_names(
    monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    monkeypatch.setattr(
        reading.signal, "strsignal", {9: "Killed", 15: "Terminated", 1: "Hangup"}.get
    )
    worker, process = _answering()
    process.wait = {reading._GRACE_S: code}.get
    assert worker.end_process() == said


def test_of_several_readers_each_reads_some_chunks_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 2)
    lock, asked = threading.Lock(), list[str]()

    def read(paths: Sequence[Path]) -> list[Any]:
        with lock:
            asked.extend(path.name for path in paths)
        return [path.name for path in paths]

    with _Workers(2) as workers:
        for one in workers._workers:
            monkeypatch.setattr(one, "read", read)
        assert workers._idle.qsize() == 2
        found = workers.read([Path(str(number)) for number in range(40)])
        assert next(found) == "0"
        for _ in range(2):
            workers._threads.submit(lambda: None).result()
        assert len(asked) <= 2 * (1 + 2 * reading._CHUNKS_AHEAD)
        assert len(asked) > 2 * (2 * reading._CHUNKS_AHEAD - 1)
        assert list(found) == [str(number) for number in range(1, 40)]
        assert workers._idle.qsize() == 2


def test_what_is_ahead_is_not_read_any_more_when_the_first_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 1)
    asked: list[str] = []
    ended: list[str] = []
    with _Workers(1) as workers:
        (worker,) = workers._workers

        def read(paths: Sequence[Path]) -> list[Any]:
            asked.append(paths[0].name)
            if len(asked) > 1:
                while not workers._threads._shutdown:
                    time.sleep(0.001)
                time.sleep(0.05)
            return [paths[0].name]

        monkeypatch.setattr(worker, "read", read)
        monkeypatch.setattr(worker, "end", lambda: ended.append("told"))
        monkeypatch.setattr(worker, "end_process", lambda: ended.append("waited for"))
        found = workers.read([Path(str(number)) for number in range(9)])
        assert next(found) == "0"
    assert asked in (["0"], ["0", "1"])
    assert ended == ["told", "waited for"]


def test_a_reader_keeps_what_libraries_print_out_of_its_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [[Path("a"), Path("b")], [], [Path("c")]]
    asked = tmp_path / "asked"
    asked.write_bytes(b"".join(map(pickle.dumps, requests)))

    def read(path: Path) -> str:
        sys.stdout.write(f"a warning about {path}\n")
        sys.stdout.flush()
        return f"facts of {path}"

    monkeypatch.setattr(readworker, "read_file", read)
    with (
        asked.open() as requested,
        (tmp_path / "out").open("w") as out,
        (tmp_path / "errors").open("w") as errors,
    ):
        for name, file in (("stdin", requested), ("stdout", out), ("stderr", errors)):
            monkeypatch.setattr(sys, name, file)
        readworker.main()
        monkeypatch.undo()
    with (tmp_path / "out").open("rb") as answers:
        found = [pickle.load(answers) for _ in requests]
        assert answers.read() == b""
    assert found == [[f"facts of {path}" for path in paths] for paths in requests]
    said = (tmp_path / "errors").read_text()
    assert said.splitlines() == [f"a warning about {name}" for name in "abc"]


def test_an_answer_is_sent_as_soon_as_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readworker, "read_file", lambda path: f"facts of {path}")
    sent = io.BytesIO()
    buffered = io.BufferedWriter(sent, 1 << 20)  # type: ignore[arg-type]

    readworker.serve(io.BytesIO(pickle.dumps([Path("a")])), buffered)
    assert pickle.loads(sent.getvalue()) == ["facts of a"]


def test_a_file_is_read_with_its_checksum_as_an_image_a_headerlet_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a_hlet.fits"
    path.write_bytes(headerlet_bytes())
    mine = sha256_of(path)
    found: Any = read_file(path)
    assert (type(found), found.sha256) == (HeaderletFacts, mine)
    again: Any = read_file(path, lambda: "c" * 64)
    assert again.sha256 == "c" * 64
    path.write_bytes(path.read_bytes()[:2880])
    assert isinstance(read_file(path), NotHstImageError)
    monkeypatch.setattr(readworker, "is_utf8", lambda _: False)
    odd: Any = read_file(path)
    assert (type(odd), odd.reason) == (FileRejectedError, "its path is not UTF-8")
    # A stamp from before the checksum counts; of a file that has none nothing can be said.
    monkeypatch.undo()
    whole = write_exposure(tmp_path, "ibxl50iaq")
    now = stamp_of(whole)
    assert now is not None
    for apart in (-1, 1):
        # A file may also be put in its place that is older.
        other: Any = tuple(part + apart for part in now)
        assert isinstance(read_file(whole, stamp=other), UnreadableFileError)
    assert not isinstance(read_file(whole, stamp=now), FileRejectedError)
    monkeypatch.setattr(readworker, "stamp_of", lambda _: None)
    assert not isinstance(read_file(whole), FileRejectedError)
