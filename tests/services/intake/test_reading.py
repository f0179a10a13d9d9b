"""Many files, read by threads and by processes, come back in order whatever happens."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.domain.values import FileFacts
from skydb.errors import FileRejectedError, NotHstImageError
from skydb.files.checksum import checksums_ahead, sha256_of
from skydb.files.processes import available_cores
from skydb.services.intake import reading
from skydb.services.intake.reading import read_files
from skydb.services.intake.readworker import read_file, serve
from tests.files.headerlet_builder import headerlet_bytes
from tests.services.tools import write_exposure

FILES = 40


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Exposures with two bad files and a headerlet among them."""
    directory = tmp_path_factory.mktemp("many")
    first = write_exposure(directory, "ibxl50i00")
    paths = [first]
    for number in range(1, FILES):
        name = f"ibxl50i{number:02d}"
        path = directory / f"{name}_flt.fits"
        path.write_bytes(first.read_bytes().replace(b"ibxl50i00", name.encode()))
        paths.append(path)
    paths[7].write_bytes(b"SIMPLE? no.")
    paths[8].write_bytes(headerlet_bytes())
    paths.append(directory / "nowhere_flt.fits")
    return paths


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes pay for a few files."""
    monkeypatch.setattr(reading, "WORKERS_PAY_FILES", 2)
    monkeypatch.setattr(reading, "_CHUNK", 6)


def summary(reads: Iterator[object]) -> list[object]:
    return [str(one) if isinstance(one, FileRejectedError) else one for one in reads]


@pytest.fixture(scope="module")
def expected(files: list[Path]) -> list[object]:
    return summary(map(read_file, files))


def test_one_after_the_other_is_the_measure(files: list[Path], expected: list[object]) -> None:
    assert summary(read_files(files, 1)) == expected
    assert sum(isinstance(one, FileFacts) for one in expected) == FILES - 2
    assert [files[7].name in str(expected[7]), "cannot be read" in str(expected[-1])] == [True] * 2


def test_threads_change_nothing(files: list[Path], expected: list[object]) -> None:
    assert summary(read_files(files, 3)) == expected


def test_processes_change_nothing_and_are_gone_in_the_end(
    files: list[Path],
    expected: list[object],
    processes: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    assert summary(read_files(files, 2)) == expected
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


def test_a_file_that_kills_its_reader_is_rejected_and_the_others_are_read(
    files: list[Path],
    expected: list[object],
    processes: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "deadly.py").write_text(
        "import os, signal\n"
        "from skydb.services.intake import readworker\n"
        "read = readworker.read_file\n"
        "def deadly(path):\n"
        f"    if path.name == {files[11].name!r}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(path)\n"
        "readworker.read_file = deadly\n"
        "main = readworker.main\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(reading, "_WORKER", "deadly")
    found = summary(read_files(files[:12], 2))
    assert "the process that read it died (Killed)" in str(found.pop())
    assert found == expected[:11]


def interrupted(process: subprocess.Popen[str]) -> str:
    """Output of a program whose user presses Ctrl-C until it ends.

    Python ignores an interrupt that happens to come within a finaliser, and says so.
    """
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("it did not end")


def test_ctrl_c_ends_the_readers_with_the_program(tmp_path: Path, files: list[Path]) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from skydb.services.intake import reading\n"
        "reading.WORKERS_PAY_FILES = 2\n"
        "paths = [Path(name) for name in sys.argv[1:]] * 1000\n"
        "for number, read in enumerate(reading.read_files(paths, 2)):\n"
        "    if number == 0:\n"
        "        print('reading', flush=True)\n"
    )
    command = [sys.executable, str(program), *map(str, files)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("reading")
        said = interrupted(process)
    # That its standard error is closed means that the readers, who share it, are gone too.
    assert process.returncode != 0
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert said.count("\nKeyboardInterrupt") == 1 + said.count("Exception ignored")


def test_a_reader_whose_program_is_gone_ends() -> None:
    answers = io.BytesIO()
    serve(io.BytesIO(), answers)
    assert answers.getvalue() == b""


def test_a_rejection_travels_between_processes_whole() -> None:
    error = NotHstImageError("x.fits", "a reason", advice="Do this.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is NotHstImageError
    assert (str(again), again.path, again.reason, again.advice) == (
        str(error),
        Path("x.fits"),
        "a reason",
        "Do this.",
    )


def test_checksums_come_in_order_and_fail_only_where_they_are_asked_for(
    files: list[Path],
) -> None:
    futures = list(checksums_ahead(files, 3))
    assert [one.result() for one in futures[:-1]] == [sha256_of(path) for path in files[:-1]]
    with pytest.raises(FileRejectedError, match="cannot be read"):
        futures[-1].result()


def test_there_is_a_processor() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
