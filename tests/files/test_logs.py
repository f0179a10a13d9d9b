"""Finding runs in logs."""

from __future__ import annotations

import gzip
from datetime import datetime

import pytest

from skydb.errors import ParseError, UnreadableFileError
from skydb.files.logs import LoggedTask, is_log, moment, number_in, read_runs, split_runs
from skydb.files.textfile import read_text_lines
from tests.files.loglines import DrizzleLog, fitted, tweakreg_log, write_log

BOTH = (DrizzleLog().lines(), tweakreg_log(fitted("ibxl50030_drz.fits")), DrizzleLog().lines())


def test_runs_of_both_tasks_in_one_file_are_told_apart(tmp_path):
    runs = read_runs(write_log(tmp_path / "log", *BOTH))
    assert [run.task.value for run in runs] == ["AstroDrizzle", "TweakReg", "AstroDrizzle"]
    drizzled = read_runs(tmp_path / "log", LoggedTask.ASTRODRIZZLE)
    assert [run.first_line for run in drizzled] == [2, len(BOTH[0]) + len(BOTH[1]) + 2]


def test_a_run_without_a_first_sentence_begins_with_its_packages():
    (run,) = split_runs(DrizzleLog(new=True).lines())
    assert (run.task, run.has_banner, run.first_line) == (LoggedTask.ASTRODRIZZLE, False, 2)


def test_a_first_sentence_that_cannot_be_read_is_kept_as_unread_and_splits_runs_all_the_same():
    good, bad = DrizzleLog().lines(), DrizzleLog().lines()
    bad[1] = bad[1].replace("Version", "V??sion")
    first, second = split_runs([*good, *bad])
    assert second.unread == ((len(good) + 2, bad[1][11:]),)
    assert first.lines[-1][0] == len(good)


def test_an_alignment_is_known_by_its_fits_when_its_first_sentence_is_lost():
    lines = tweakreg_log(fitted("ibxl50030_drz.fits"))
    del lines[1]
    assert [run.task for run in split_runs(lines)] == [LoggedTask.TWEAKREG]


def test_what_follows_a_run_does_not_change_what_it_is():
    alone, followed = DrizzleLog().lines(), [*DrizzleLog().lines(), *DrizzleLog().lines()]
    assert split_runs(alone)[0].identity(20) == split_runs(followed)[0].identity(20)
    assert [run.identity() for run in split_runs(alone)] == [split_runs(followed)[0].identity()]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_packing_and_line_ends_do_not_matter(tmp_path, end, pack):
    text = "".join(line + end for line in BOTH[0]).encode()
    (tmp_path / "log").write_bytes(pack(text))
    (run,) = read_runs(tmp_path / "log")
    assert run.identity() == split_runs(BOTH[0])[0].identity()


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path):
    path = write_log(tmp_path / "log", BOTH[0])
    path.write_bytes(path.read_bytes() + b"\xe9\x00\x85 caf\xe9\n" + b"end\n")
    (run,) = read_runs(path)
    assert run.lines[-1] == (len(BOTH[0]) + 2, "end")
    assert "\0" not in "".join(line for _, line in run.lines)


def test_a_damaged_gzip_stream_is_an_error(tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"AstroDrizzle Version " * 99)[:-20])
    with pytest.raises(UnreadableFileError, match="damaged gzip"):
        read_runs(tmp_path / "log.gz")


def test_a_table_must_be_text(tmp_path):
    (tmp_path / "table").write_bytes(b"1 2\n\0")
    with pytest.raises(ParseError, match="not a text file"):
        read_text_lines(tmp_path / "table")


def test_a_log_is_known_by_what_is_in_it():
    assert is_log(b"noise\n==== Processing Step  Blot  started at  1\n")
    assert not is_log(b"nothing of interest")


@pytest.mark.parametrize(
    ("clock", "second", "microsecond"),
    [
        ("14:15:16.999", 16, 999000),
        ("14:15:24.", 24, 0),
        ("14:15:24", 24, 0),
        ("14:15:24.5e", 24, 0),
    ],
)
def test_clocks_are_read_as_drizzlepac_cuts_them(clock, second, microsecond):
    assert moment(clock, "30/04/2019") == datetime(2019, 4, 30, 14, 15, second, microsecond)


@pytest.mark.parametrize("clock", ["14:75:00", "soon", ""])
def test_what_is_no_clock_is_no_time(clock):
    assert moment(clock, "30/04/2019") is None


@pytest.mark.parametrize("text", ["nan", "inf", "****", "1_0", "", "1e999", "0.79O000"])
def test_only_digits_are_numbers(text):
    with pytest.raises(ValueError, match="not a number"):
        number_in(text)
