"""Finding runs in logs."""

from __future__ import annotations

import gzip
from datetime import datetime

import pytest

from skydb.errors import ParseError, UnreadableFileError
from skydb.files.logs import Logged, LoggedRun, has_traces, moment, number_in, read_log
from skydb.files.logs.blocks import Block
from skydb.files.logs.reader import RunReader
from skydb.files.textfile import read_text_lines
from tests.files.loglines import DrizzleLog, fitted, tweakreg_log, write_log

BOTH = (
    DrizzleLog().lines(),
    tweakreg_log(fitted("ibxl50030_drz.fits")),
    DrizzleLog(day="01/05/2019").lines(),
)


def split(lines: list[str], checkpoints: tuple[int, ...] = ()) -> list[Logged]:
    return list(RunReader(checkpoints).runs([Block.of(enumerate(lines, start=1))]))


def test_runs_of_both_tasks_in_one_file_are_told_apart(tmp_path):
    runs = read_log(write_log(tmp_path / "log", *BOTH))
    assert [run.task.value for run in runs] == ["AstroDrizzle", "TweakReg", "AstroDrizzle"]
    third = len(BOTH[0]) + len(BOTH[1]) + 2
    assert [run.first_line for run in runs] == [2, len(BOTH[0]) + 2, third]


def test_a_run_that_stands_twice_in_a_log_is_one_run():
    for new in (False, True):
        assert len(split(DrizzleLog(new=new).lines() * 2)) == 1


def test_a_run_without_a_first_sentence_begins_with_its_packages():
    (run,) = split(DrizzleLog(new=True).lines())
    assert isinstance(run, LoggedRun)
    assert (run.tool_version, run.first_line) == ("3.11.0", 2)


def test_a_first_sentence_that_cannot_be_read_is_a_problem_and_splits_runs_all_the_same():
    good, bad = DrizzleLog().lines(), DrizzleLog(day="02/05/2019").lines()
    bad[1] = bad[1].replace("Version", "V??sion")
    first, second = split([*good, *bad])
    assert [(one.line_number, one.text) for one in second.problems] == [
        (len(good) + 2, bad[1][11:])
    ]
    assert first.problems == []


def test_an_alignment_is_known_by_its_fits_when_its_first_sentence_is_lost():
    lines = tweakreg_log(fitted("ibxl50030_drz.fits"))
    del lines[1]
    assert [run.task.value for run in split(lines)] == ["TweakReg"]


def test_what_follows_a_run_does_not_change_what_it_is():
    one, other = DrizzleLog().lines(), DrizzleLog(day="02/05/2019").lines()
    (alone,), (first, _) = split(one), split([*one, *other])
    assert alone.lines == first.lines


def test_the_checksum_of_a_beginning_is_that_of_a_log_that_ends_there():
    lines = DrizzleLog().lines()
    (cut,) = split(lines[:15])
    (whole,) = split(lines, (cut.lines.count,))
    assert whole.lines.beginnings == {cut.lines.count: cut.lines.identity}
    assert whole.lines.identity != cut.lines.identity


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_packing_and_line_ends_do_not_matter(tmp_path, end, pack):
    text = "".join(line + end for line in BOTH[0]).encode()
    (tmp_path / "log").write_bytes(pack(text))
    (run,) = read_log(tmp_path / "log")
    assert run.lines == split(BOTH[0])[0].lines


def test_bytes_that_are_no_text_do_not_stop_the_reading(tmp_path):
    path = write_log(tmp_path / "log", BOTH[0])
    path.write_bytes(path.read_bytes() + b"\xe9\x00\x85 caf\xe9\n" + b"end\n")
    (run,) = read_log(path)
    assert run.lines == split(BOTH[0])[0].lines


def test_a_damaged_gzip_stream_is_an_error(tmp_path):
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"AstroDrizzle Version " * 99)[:-20])
    with pytest.raises(UnreadableFileError, match="damaged gzip"):
        read_log(tmp_path / "log.gz")


def test_a_table_must_be_text(tmp_path):
    (tmp_path / "table").write_bytes(b"1 2\n\0")
    with pytest.raises(ParseError, match="not a text file"):
        read_text_lines(tmp_path / "table")


def test_a_log_is_known_by_what_is_in_it(tmp_path):
    (tmp_path / "log").write_bytes(b"noise\n==== Processing Step  Blot  started at  1\n")
    (tmp_path / "notes").write_bytes(b"nothing of interest")
    assert has_traces(tmp_path / "log")
    assert not has_traces(tmp_path / "notes")


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
