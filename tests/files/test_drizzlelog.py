"""Reading what AstroDrizzle logged."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UnreadableFileError
from skydb.files.drizzlelog import LoggedRun, read_drizzle_log

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


@pytest.mark.parametrize("method", list(SkyMethod))
def test_the_method_is_known_by_what_skymatch_said_it_did(read, method):
    (run,) = read(log_of(method.value, skymatch(method)))
    assert (run.requested_method, run.effective_method) == (method, method)


def test_a_match_that_was_given_up_is_a_localmin(read):
    reverting = '[WARNING ] Reverting sky computation to "localmin" from "match'
    calls = [*skymatch(SkyMethod.MATCH, ends=False), reverting, *skymatch(SkyMethod.LOCALMIN)]
    (run,) = read(log_of("match", calls))
    assert run.requested_method is SkyMethod.MATCH
    assert run.effective_method is SkyMethod.LOCALMIN
    assert run.reverted_from == "match"


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
