"""Real logs of 2017 to 2025, imported and compared with the facts that are known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, SkyRun
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus
from skydb.services.history.outcome import HistoryStatus
from tests.services.history.expected import WRITTEN_ALL_THE_SAME, expected

DIRECTORIES = (
    *("align_multiple_visits_2019-01", "align_to_catalogs_2019-04", "drizzlepac_3.10_crash"),
    *("notebook_outputs", "use_ds9_regions_in_tweakreg_2019-04", "wfpc2_2017"),
)
REFERENCE = "The reference image"


@pytest.fixture
def facts(test_data: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    return expected(test_data)


def printed(value: float | None, fact: float | None) -> None:
    """The same to the last digit that the log has."""
    assert (value is None) == (fact is None)
    if value is not None and fact is not None:
        assert f"{value:.6g}" == f"{fact:.6g}"


def assert_is_alignment(run: AlignmentRun, fact: dict[str, Any], directory: str) -> None:
    assert run.tool_version == f"TweakReg {fact['version']}"
    assert len(run.parameters["products"]) == fact["images"]
    fits = [fit for fit in run.solutions if not (fit.reason or "").startswith(REFERENCE)]
    assert len(fits) == fact["fits"]
    assert sum(fit.status is SolutionStatus.FAILED for fit in fits) == fact["failed"]
    is_written = (directory, fact["start"]) in WRITTEN_ALL_THE_SAME
    by_name = {fit.product.filename: fit for fit in fits}
    for shift in fact["shifts"]:
        fit = by_name[shift["image"]]
        for column in ("dx_pix", "dy_pix"):
            value = getattr(fit, column)
            assert (None if value is None else round(value, 4)) == shift[column]
        assert fit.nmatches == shift["nmatches"]
        if shift["failed"]:
            assert fit.status is SolutionStatus.FAILED
        elif is_written or shift["wcs_written"]:
            assert fit.status is SolutionStatus.APPLIED
        else:
            assert fit.status is SolutionStatus.PROPOSED
    if "end_reason" in fact:
        assert fact["end_reason"] in str(run.error)
    succeeded = fact["ended_without_error"] and fact["failed"] == 0
    assert (run.status is ActivityStatus.SUCCEEDED) == succeeded


def assert_is_sky_run(run: SkyRun, fact: dict[str, Any]) -> None:
    assert run.tool_version == f"AstroDrizzle {fact['version']}"
    if fact["end"]:
        assert f"{run.finished_at:%Y-%m-%d %H:%M:%S}" == fact["end"]
    assert (run.status is ActivityStatus.FAILED) == fact["failed"]
    assert (run.requested_method.value if run.requested_method else None) == fact["method"]
    found = {(value.exposure.rootname, value.extver): value.mdrizsky for value in run.values}
    assert len(found) == fact["sky_values"]
    for value in fact["values"]:
        printed(found[value["image"][:9], value["extver"]], value["mdrizsky"])


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_facts_come_back_to_the_last_digit(services: Services, test_data, facts, directory):
    services.history.import_dirs([test_data / "logs" / directory])
    with services.context.store.reading() as session:
        for kind, check in ((AlignmentRun, "tweakreg"), (SkyRun, "astrodrizzle")):
            runs = list(session.scalars(select(kind).order_by(kind.id)))
            wanted = sorted(facts[directory][check], key=lambda fact: fact["start"])
            assert [f"{run.started_at:%Y-%m-%d %H:%M:%S}" for run in runs] == [
                fact["start"] for fact in wanted
            ]
            for run, fact in zip(runs, wanted, strict=True):
                if isinstance(run, AlignmentRun):
                    assert_is_alignment(run, fact, directory)
                else:
                    assert_is_sky_run(run, fact)


def test_every_directory_is_named_in_the_facts(facts):
    assert sorted(facts) == sorted(DIRECTORIES)


def test_several_directories_at_once_and_once_more(services: Services, test_data: Path):
    directories = [test_data / "logs" / name for name in DIRECTORIES]
    first = services.history.import_dirs(directories)
    again = services.history.import_dirs(directories)
    assert {outcome.directory for outcome in first} == set(map(str, directories))
    assert {one.status for one in again if one.run is not None} == {HistoryStatus.KNOWN}
    assert [one.run for one in again] == [one.run for one in first]


def test_what_was_applied_is_linked_to_the_dry_run_that_it_repeats(
    services: Services, test_data: Path
):
    services.history.import_dirs([test_data / "logs" / "align_multiple_visits_2019-01"])
    with services.context.store.reading() as session:
        *_, dry, written = session.scalars(select(AlignmentRun).order_by(AlignmentRun.id))
        repeats = {fit.product.filename: fit.repeats for fit in written.solutions if fit.repeats}
        assert set(repeats) == {"j9irw4b1q_flc.fits", "j9irw5kaq_flc.fits"}
        assert {fit.activity_id for fit in repeats.values()} == {dry.id}


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        ("drizzlepac_3.10_crash", "KeyError: \"Keyword 'ROOTNAME' not found.\""),
        ("drizzlepac_3.10_crash", "Quitting as a result of user request (Ctrl-C)"),
        ("use_ds9_regions_in_tweakreg_2019-04", "Fewer than two images available for alignment"),
    ],
)
def test_the_reason_that_the_log_gives_is_the_one_on_record(
    services: Services, test_data: Path, directory: str, reason: str
):
    services.history.import_dirs([test_data / "logs" / directory])
    answer = services.plain.sql("SELECT error FROM activities WHERE error IS NOT NULL")
    assert any(reason in error for (error,) in answer.rows)


def test_a_number_leads_to_its_line(services: Services, test_data: Path):
    home = test_data / "logs" / "align_multiple_visits_2019-01"
    services.history.import_dirs([home])
    lines = (home / "astrodrizzle.log").read_text().split("\n")
    with services.context.store.reading() as session:
        (run,) = session.scalars(select(SkyRun))
        for value in run.values:
            assert value.log_line is not None
            assert f"{value.mdrizsky:.6g}"[:5] in lines[value.log_line - 1]
        fits = (home / "tweakreg.log").read_text().split("\n")
        for alignment in session.scalars(select(AlignmentRun)):
            for fit in alignment.solutions:
                if fit.nmatches is not None:
                    name, _, number = fit.read_from["nmatches"].partition(":")
                    assert name == "tweakreg.log"
                    assert f" {fit.nmatches} " in fits[int(number) - 1]
