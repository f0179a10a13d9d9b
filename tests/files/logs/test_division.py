"""Large logs, of which a second process reads the later part."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

from skydb.errors import UnreadableFileError
from skydb.files.logs import LogFile, division, logfile, seam
from skydb.files.logs.division import DividedLog
from skydb.files.logs.laterpart import PLACE, Ending, Wanted, itself, read_part
from skydb.files.logs.patterns import LoggedTask
from skydb.files.logs.seam import Seam, seam_of
from skydb.files.textfile import count_lines
from tests.files.loglines import DrizzleLog, fitted, tweakreg_log, write_log


def days(*numbers: int) -> list[list[str]]:
    return [DrizzleLog(day=f"{number:02}/05/2019").lines() for number in numbers]


def divided(path: Path) -> DividedLog:
    found = seam_of(path)
    assert found is not None
    return DividedLog(path, found, frozenset({5, 30}), itself)


def as_one(path: Path) -> LogFile:
    return LogFile(path, checkpoints={5, 30})


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch) -> list[Ending | None]:
    """What came of the second process, each time."""
    found: list[Ending | None] = []
    plain = DividedLog._ending

    def watched(*arguments: object) -> Ending | None:
        found.append(plain(*arguments))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(DividedLog, "_ending", watched)
    return found


def agree(path: Path) -> None:
    log, whole = divided(path), as_one(path)
    assert list(log.runs()) == [run for run, _ in whole.runs()]
    assert log.orphans == whole.orphans


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_log_in_two_parts_has_the_same_runs(tmp_path, endings, end):
    stray = ["[INFO    ] Applying sky value of 0.5 to ibxl50clq_flt.fits[sci,1]"]
    path = write_log(tmp_path / "log", stray, *days(1, 2, 3, 4), ["no meaning"], end=end)
    agree(path)
    (ending,) = endings
    assert ending is not None
    assert ending.runs == 2


@pytest.mark.parametrize(
    "runs",
    [
        days(1, 2, 2, 1),
        [tweakreg_log(fitted("ibxl50030_drz.fits"), ends=False), *days(1, 2, 3)],
        days(1, 2, 3, 4, 1),
        [*days(1, 2), [f"at 7 o'clock> {line}" for line in days(3)[0]]],
    ],
    ids=["printed again", "run of the other task", "known name later", "prefix later"],
)
def test_a_log_whose_parts_depend_on_each_other_is_read_as_one(tmp_path, endings, runs):
    agree(write_log(tmp_path / "log", *runs))
    assert endings == [None]


def test_a_second_process_that_fails_makes_no_difference(tmp_path, endings, monkeypatch):
    monkeypatch.setattr(division, "_WORKER", "skydb.files.logs.absent")
    agree(write_log(tmp_path / "log", *days(1, 2, 3, 4)))
    assert endings == [None]


def test_reading_that_is_given_up_ends_the_second_process(tmp_path, monkeypatch):
    started = []
    start = division._start
    monkeypatch.setattr(
        division, "_start", lambda *asked: started.append(start(*asked)) or started[-1]
    )
    runs = divided(write_log(tmp_path / "log", *days(*range(1, 9)))).runs()
    next(runs)
    runs.close()
    assert started[0].returncode is not None


def test_only_a_large_log_is_divided(tmp_path, endings, monkeypatch):
    path = write_log(tmp_path / "log", *days(1, 2, 3, 4))
    monkeypatch.setattr(logfile, "available_cores", lambda: 2)
    assert len(list(LogFile(path).runs())) == 4
    assert endings == []
    monkeypatch.setattr(logfile, "LARGE_BYTES", path.stat().st_size)
    assert len(list(LogFile(path).runs())) == 4
    assert len(endings) == 1
    monkeypatch.setattr(logfile, "available_cores", lambda: 1)
    assert len(list(LogFile(path).runs())) == 4
    assert len(endings) == 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_seam_is_where_a_run_begins_or_is_announced(tmp_path, announced):
    runs = [lines if announced else lines[1:] for lines in days(1, 2, 3)]
    path = write_log(tmp_path / "log", *runs)
    found = seam_of(path)
    assert found is not None
    rest = path.read_text()[found.offset :].splitlines()
    assert rest == runs[2]
    assert found.task is LoggedTask.ASTRODRIZZLE
    assert "started at: " in found.name
    assert found.name.endswith("(03/05/2019)")


@pytest.mark.parametrize("head", [b"\x1f\x8b", b"\xff\xfe"])
def test_a_packed_log_has_no_seam(tmp_path, head):
    path = write_log(tmp_path / "log", *days(1, 2, 3))
    path.write_bytes(head + path.read_bytes())
    assert seam_of(path) is None


def test_a_log_without_a_run_near_its_middle_has_no_seam(tmp_path, monkeypatch):
    path = write_log(tmp_path / "log", *days(1), ["nothing"] * 3000, *days(2))
    monkeypatch.setattr(seam, "_SEARCHED_BYTES", 1000)
    assert seam_of(path) is None


def test_lines_before_a_part_are_counted_with_any_ends(tmp_path, monkeypatch):
    (tmp_path / "log").write_bytes(b"a\r\nb\rc\n\n\r\nrest")
    monkeypatch.setattr("skydb.files.textfile._CHUNK_BYTES", 2)
    assert count_lines(tmp_path / "log", 9) == 5


def test_the_later_part_is_written_with_its_ending(tmp_path):
    first, second = days(1, 2)
    path = write_log(tmp_path / "log", first, second)
    offset = len("".join(f"{line}\n" for line in first))
    answers = io.BytesIO()
    read_part(Wanted(path, offset, frozenset()), answers)
    (place,) = PLACE.unpack(answers.getvalue()[-PLACE.size :])
    answers.seek(place)
    assert pickle.load(answers).runs == 1
    answers.seek(0)
    assert pickle.load(answers).first_line == len(first) + 2


def test_a_log_that_is_gone_is_refused(tmp_path):
    log = DividedLog(tmp_path / "log", Seam(9, LoggedTask.TWEAKREG, "a run"), frozenset(), itself)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        list(log.runs())
