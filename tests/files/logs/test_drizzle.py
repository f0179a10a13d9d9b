"""Reading what AstroDrizzle logged."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import UnreadableFileError
from skydb.files.logs import LoggedRun, read_drizzle_log
from skydb.files.logs.blocks import Block
from skydb.files.logs.drizzle import DrizzleBuilder
from skydb.files.logs.reader import RunReader
from tests.files.loglines import SKIES, DrizzleLog
from tests.files.logs.manners import DrizzleManner

START = (
    "[INFO    ] AstroDrizzle Version 3.11.0 (2025-06-01 10:00:00 -0400) started at: {} (02/03/2026)"
)
END = "[INFO    ] AstroDrizzle Version 3.11.0 is finished processing at {} (02/03/2026)."
HEADINGS = {
    SkyMethod.LOCALMIN: ["Computing sky values requested image extensions (detector chips):"],
    SkyMethod.MATCH: ["Computing differences in sky values in overlapping regions:"],
    SkyMethod.GLOBALMIN: ['Computing "global" sky on requested image extensions (chips):'],
}
HEADINGS[SkyMethod.GLOBALMIN_MATCH] = HEADINGS[SkyMethod.MATCH] + HEADINGS[SkyMethod.GLOBALMIN]


def skymatch(method: SkyMethod, *, ends: bool = True) -> list[str]:
    lines = ["***** skymatch started on 2026-03-02 10:00:01.0"]
    lines += [f"-----  {heading}  -----" for heading in HEADINGS[method]]
    lines += ["***** skymatch ended on 2026-03-02 10:00:02.0"] if ends else []
    return [f"[INFO    ] {line}" for line in lines]


def log_of(
    requested: str, calls: list[str], *, skies: tuple[str, ...] = (), ends: bool = True
) -> list[str]:
    return [
        START.format("10:00:00.000"),
        "[INFO    ] astropy Version -> 8.0.2 ",
        "[INFO    ] Setting up output name: field_drz.fits",
        "[INFO    ] USER INPUT PARAMETERS for Sky Subtraction Step:",
        f"[INFO    ] \tskymethod :\t{requested}",
        *calls,
        *(f"[INFO    ] {sky}" for sky in skies),
        *([END.format("10:00:09.500")] if ends else []),
    ]


@pytest.fixture
def read(tmp_path: Path):
    def of(*logs: list[str]) -> list[LoggedRun]:
        path = tmp_path / "astrodrizzle.log"
        path.write_text("\n".join(line for log in logs for line in log) + "\n")
        return read_drizzle_log(path)

    return of


@pytest.mark.parametrize("method", list(COMPUTED_METHODS))
def test_the_method_is_known_by_what_skymatch_said_it_did(read, method):
    (run,) = read(log_of(method.value, skymatch(method)))
    assert (run.requested_method, run.effective_method) == (method, method)


def test_a_match_that_was_given_up_is_a_localmin(read):
    reverting = '[WARNING ] Reverting sky computation to "localmin" from "match'
    calls = [*skymatch(SkyMethod.MATCH, ends=False), reverting, *skymatch(SkyMethod.LOCALMIN)]
    (run,) = read(log_of("match", calls))
    assert run.requested_method is SkyMethod.MATCH
    assert run.effective_method is SkyMethod.LOCALMIN


def test_a_skymatch_that_never_ended_did_nothing(read):
    (run,) = read(log_of("match", skymatch(SkyMethod.MATCH, ends=False), ends=False))
    assert run.effective_method is None
    assert not run.is_complete


def test_skies_are_those_that_were_applied_to_every_chip(read):
    skies = (
        "Applying sky value of 0.790000 to ib1101abq_flc.fits[sci,1]",
        "Applying sky value of 12.500000 to ib1101abq_flc.fits[sci,2]",
    )
    (run,) = read(log_of("localmin", skymatch(SkyMethod.LOCALMIN), skies=skies))
    assert [(s.filename, s.extver, s.mdrizsky, s.printed) for s in run.skies] == [
        ("ib1101abq_flc.fits", 1, 0.79, "0.790000"),
        ("ib1101abq_flc.fits", 2, 12.5, "12.500000"),
    ]


def test_a_line_that_cannot_be_read_is_reported_and_not_guessed(read):
    garbled = "Applying sky value of ****** to ib1101abq_flc.fits[sci,1]"
    (run,) = read(log_of("localmin", skymatch(SkyMethod.LOCALMIN), skies=(garbled,)))
    assert run.skies == []
    assert [problem.text for problem in run.problems] == [garbled]
    assert run.problems[0].line_number == 9


def test_one_file_holds_many_runs(read):
    first = log_of("localmin", skymatch(SkyMethod.LOCALMIN), ends=False)
    runs = read(["noise before"], first, log_of("match", skymatch(SkyMethod.MATCH)))
    assert [run.effective_method for run in runs] == [SkyMethod.LOCALMIN, SkyMethod.MATCH]
    assert [run.is_complete for run in runs] == [False, True]


def test_a_log_without_a_run_is_empty_and_a_missing_one_is_an_error(read, tmp_path):
    assert read(["nothing of interest"]) == []
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_drizzle_log(tmp_path / "absent.log")


def made_up(**how: object) -> LoggedRun:
    return only(DrizzleLog(**how).lines())  # type: ignore[arg-type]


def only(lines: list[str]) -> LoggedRun:
    (run,) = RunReader().runs([Block.of(enumerate(lines, start=1))])
    assert isinstance(run, LoggedRun)
    return run


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("method", list(COMPUTED_METHODS))
def test_old_and_new_versions_tell_the_same_story(new, method):
    run = made_up(method=method.value, new=new)
    assert (run.requested_method, run.effective_method) == (method, method)
    assert {sky.chip: sky.printed for sky in run.skies} == SKIES
    assert run.is_complete
    assert run.problems == []
    assert run.tool_version == ("3.11.0" if new else "2.2.6")
    assert run.python_version == "3.6.8"
    assert run.packages["stsci.skypac"] == "1.0.2"
    assert set(run.units.values()) == {"COUNT-RATE"}
    assert str(run.started_at) == f"2019-04-30 14:15:00.{'2' if new else '1'}00000"
    assert str(run.finished_at) == f"2019-04-30 14:15:0{'8' if new else '9'}.500000"


def test_what_is_added_to_blotted_images_is_no_sky_that_was_taken_off():
    run = made_up(separate=True)
    assert run.problems == []
    assert {chip: sky.printed for chip, sky in run.applied.items()} == SKIES
    assert run.conflicts == {}


def test_an_image_that_could_not_be_matched_is_named():
    assert made_up(undetermined=["ibxl50clq_flt.fits"]).undetermined == ["ibxl50clq_flt.fits"]


@pytest.mark.parametrize("new", [False, True])
def test_a_run_that_broke_down_has_failed_and_says_when(new):
    lines = DrizzleLog(new=new, ends=False).lines()
    lines += [
        "[ERROR   ] # AstroDrizzle Version 2.2.6 encountered a problem!  Processing       #",
        "[ERROR   ] # terminated at 14:15:07.250 (30/04/2019).                            #",
        "[INFO    ] Trailer file written to:  astrodrizzle.log",
    ]
    run = only(lines)
    assert not run.is_complete
    assert run.failure == "AstroDrizzle encountered a problem in step Final Drizzle"
    assert str(run.finished_at) == "2019-04-30 14:15:07.250000"


def test_a_heading_of_skymatch_that_is_not_known_leaves_the_method_unknown():
    lines = [line.replace("differences in sky", "d1fferences") for line in DrizzleLog().lines()]
    run = only(lines)
    assert run.effective_method is None
    assert "d1fferences" in run.problems[0].text


def test_a_method_that_does_not_exist_is_reported():
    lines = [line.replace("\tmatch", "\tm@tch") for line in DrizzleLog().lines()]
    run = only(lines)
    assert run.requested_method is None
    assert [lines[problem.line_number - 1][11:] for problem in run.problems] == [
        "\tskymethod :\tm@tch"
    ]


_PRINTED = st.decimals(-99999, 99999, places=6).map(lambda number: f"{number:.6f}")
_CHIPS = st.dictionaries(
    st.tuples(st.sampled_from(["ibxl50clq_flc.fits", "jb4m01a1q_flc.fits"]), st.integers(1, 4)),
    _PRINTED,
    min_size=1,
)


@given(_CHIPS, st.booleans())
def test_every_value_that_was_printed_survives_to_the_last_digit(skies, new):
    run = made_up(skies=skies, new=new)
    for chip, sky in run.applied.items():
        assert f"{sky.mdrizsky:.6f}" == skies[chip]
    assert {chip: sky.printed for chip, sky in run.applied.items()} == skies


@given(st.data())
def test_a_value_that_is_damaged_is_reported_by_its_line_and_not_taken(data):
    lines = DrizzleLog(
        skies={(f"ibxl5{n}clq_flt.fits", 1): f"0.{n}00000" for n in range(8)}
    ).lines()
    values = [number for number, line in enumerate(lines) if "Applying" in line]
    number = data.draw(st.sampled_from(values))
    damage = data.draw(st.text("*#?xnaO ", min_size=1, max_size=8))
    lines[number] = lines[number].replace("value of 0.", f"value of {damage}.")
    run = only(lines)
    assert [problem.line_number for problem in run.problems] == [number + 1]
    assert len(run.skies) == 7


@pytest.mark.parametrize("date", ["2019-04-30", "2019-05-15"])
def test_the_real_runs_give_the_published_skies_to_all_digits(test_data: Path, date):
    runs = read_drizzle_log(test_data / "horsehead_runs" / date / "astrodrizzle.log")
    with (test_data / "horsehead_runs" / "mdrizsky_2019.csv").open() as file:
        table = {
            row["rootname"]: row for row in csv.DictReader(file) if row["run"].startswith(date)
        }
    assert [run.effective_method for run in runs] == [
        SkyMethod.LOCALMIN,
        SkyMethod.MATCH,
        SkyMethod.GLOBALMIN_MATCH,
        SkyMethod.GLOBALMIN,
    ]
    for run in runs:
        read = {sky.filename[:9]: sky.printed for sky in run.skies}
        assert read == {name: row[run.effective_method.column] for name, row in table.items()}
        assert run.is_complete
        assert run.problems == []


def test_the_inputs_that_a_log_lists_are_not_replaced_by_what_was_drizzled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builder = DrizzleBuilder.__new__(DrizzleBuilder)
    builder.run = run = LoggedRun(task="", lines=(1, 1))
    builder.draft = SimpleNamespace(python_version="3.11")
    monkeypatch.setattr(DrizzleBuilder, "is_over", True)
    run.drizzled = [("b_flt.fits", 1), ("a_flt.fits", 1), ("b_flt.fits", 2)]
    assert builder.finish().inputs == ["b_flt.fits", "a_flt.fits"]
    run.inputs = ["z_flt.fits"]
    assert builder.finish().inputs == ["z_flt.fits"]


def test_a_downgrade_that_a_console_states_is_known_without_parameters():
    lines = DrizzleManner("2.2.6", console=True).lines()
    begin = next(n for n, line in enumerate(lines) if "skymatch started" in line)
    said = 'Reverting sky computation to "localmin" from "match'
    (run,) = RunReader().runs([Block.of(enumerate([*lines[:begin], said, *lines[begin:]], 1))])
    assert isinstance(run, LoggedRun)
    assert (run.requested_method, run.effective_method) == (SkyMethod.MATCH, SkyMethod.LOCALMIN)
    assert run.problems == []


@pytest.mark.parametrize("day", ["08-01-2019", "08/01/19"])
def test_a_first_step_without_a_date_is_reported_where_no_other_line_has_one(day):
    lines = [line.replace("08/01/2019", day) for line in DrizzleManner("3.11.0").lines()]
    (run,) = RunReader().runs([Block.of(enumerate(lines, 1))])
    assert run.started_at is None
    assert "Initialization" in run.problems[0].text
