"""Plans of records from made-up logs, without a ledger."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skydb.domain.vocabulary import FindingKind, SkyMethod, SkyUnit, SolutionStatus
from skydb.files.logs import read_drizzle_log, read_tweakreg_log
from skydb.services.history.alignplan import Latest, alignment_plan
from skydb.services.history.companions import Listing
from skydb.services.history.plan import AlignmentPlan, SkyPlan
from skydb.services.history.skyplan import sky_plan
from tests.files.loglines import DrizzleLog, failed, fitted, tweakreg_log, write_log

ONE, TWO = "ibxl50030_drz.fits", "ibxl51030_drz.fits"
REFERENCE = "ibxl54030_drz.fits"
OMITTED = f"Image '{TWO}' will not be aligned since it contains fewer than 5 sources."
#: An image without enough sources is matched after the fits, and nothing is fitted.
LATE = f"""
Matching sources from '{TWO}' with sources from reference image '{REFERENCE}'
# Not enough matches (< 5) found for input image: {TWO}         #
"""


@pytest.fixture
def alignment(tmp_path: Path):
    """Plan of the run in a log of TweakReg."""

    def of(lines: list[str]) -> AlignmentPlan:
        path = write_log(tmp_path / "tweakreg.log", lines)
        (run,) = read_tweakreg_log(path)
        latest = Latest(frozenset(run.products), shift_file=True)
        return alignment_plan(path, run, latest, {}, Listing(tmp_path))

    return of


@pytest.fixture
def skies(tmp_path: Path):
    """Plan of the run in a log of AstroDrizzle."""

    def of(lines: list[str]) -> SkyPlan:
        path = write_log(tmp_path / "astrodrizzle.log", lines)
        (run,) = read_drizzle_log(path)
        return sky_plan(path, run, {})

    return of


def _after(lines: list[str], text: str, *added: str) -> list[str]:
    place = next(n for n, line in enumerate(lines) if text in line) + 1
    return [*lines[:place], *(f"[INFO    ] {line}" for line in added), *lines[place:]]


def test_a_fit_that_succeeds_when_it_is_tried_again_is_one_fit(alignment):
    plan = alignment(tweakreg_log(failed(ONE), fitted(TWO), fitted(ONE), products=[ONE, TWO]))
    assert {fit.product: fit.status for fit in plan.fits} == {
        TWO: SolutionStatus.APPLIED,
        ONE: SolutionStatus.APPLIED,
        REFERENCE: SolutionStatus.RECORDED,
    }
    assert len(plan.fits) == 3
    assert FindingKind.FIT_FAILED not in {note.kind for note in plan.notes}


def test_a_fit_that_fails_twice_has_failed_once(alignment):
    lines = tweakreg_log(failed(ONE), fitted(TWO), failed(ONE), products=[ONE, TWO])
    failures = [fit for fit in alignment(lines).fits if fit.status is SolutionStatus.FAILED]
    assert [fit.product for fit in failures] == [ONE]


@pytest.mark.parametrize("late", [LATE, ""], ids=["matched", "never named again"])
def test_an_image_with_too_few_sources_has_failed_for_that_reason(alignment, late):
    lines = tweakreg_log(fitted(ONE), *([late] if late else []), products=[ONE, TWO])
    plan = alignment(_after(lines, "updatehdr", "", f"WARNING: {OMITTED}", "", OMITTED))
    found = {fit.product: (fit.status, fit.reason) for fit in plan.fits}
    reason = "The image contains fewer than 5 sources."
    assert found[TWO] == (SolutionStatus.FAILED, reason)
    assert found[ONE] == (SolutionStatus.APPLIED, None)
    assert [note.kind for note in plan.notes] == [FindingKind.FIT_FAILED]
    assert plan.error is None


def test_the_reason_for_no_fit_at_all_is_that_of_the_log(alignment):
    said = "No images available for alignment. Quitting..."
    lines = tweakreg_log(products=[])[:-2]
    plan = alignment([*lines, f"[INFO    ] WARNING: {said}", "[INFO    ] No trailer file saved..."])
    assert (plan.remark, plan.error) == (said, None)


@pytest.mark.parametrize(
    ("image", "printed", "mask", "unit"),
    [
        ("u2n901abm_c0m.fits", "COUNTS", "WFPC2PC", SkyUnit.COUNT),
        ("n8xi01abq_cal.fits", "COUNT-RATE", "", SkyUnit.COUNT_PER_S),
        ("o8xi01abq_flt.fits", "COUNTS", "", SkyUnit.COUNT),
        ("ib1101abq_flt.fits", "COUNT-RATE", "", SkyUnit.ELECTRON_PER_S),
        ("j8xi01abq_flt.fits", "COUNTS", "ACSSBC", SkyUnit.COUNT),
        ("j8xi01abq_flt.fits", "COUNTS", "ACSHRC", SkyUnit.ELECTRON),
        ("j8xi01abq_flc.fits", "COUNTS", "", SkyUnit.ELECTRON),
        ("j8xi01abq_flt.fits", "COUNTS", "", None),
    ],
)
def test_units_are_those_of_the_camera_where_the_log_shows_it(skies, image, printed, mask, unit):
    lines = DrizzleLog(skies={(image, 1): "1.000000"}, units=printed).lines()
    named = [f"Saving static mask to disk: ./{mask}_1024x1024_1_staticMask.fits"] if mask else []
    plan = skies(_after(lines, "Initialization", *named))
    assert [level.unit for level in plan.levels] == [unit]
    assert [note.kind for note in plan.notes] == ([] if unit else [FindingKind.UNIT_UNKNOWN])


def test_a_second_chip_shows_that_images_of_acs_are_in_electrons(skies):
    chips = {("j8xi01abq_flt.fits", 1): "1.000000", ("j8xi01abq_flt.fits", 2): "1.250000"}
    plan = skies(DrizzleLog(skies=chips, units="COUNTS").lines())
    assert [level.unit for level in plan.levels] == [SkyUnit.ELECTRON, SkyUnit.ELECTRON]


def test_a_single_image_that_was_to_be_matched_keeps_its_sky_and_has_no_method(skies):
    lines = DrizzleLog(skies={("ibxl50clq_flt.fits", 1): "0.790000"}).lines()
    cut = [line for line in lines if "Computing" not in line and "skymatch ended" not in line]
    quiet = [line for line in cut if "units type" not in line]
    said = "skymatch: Need at least 2 images for sky matching. Aborting..."
    plan = skies(_after(quiet, "Input image:", "", said))
    assert [level.mdrizsky for level in plan.levels] == [0.79]
    assert (plan.requested, plan.effective) == (SkyMethod.MATCH, None)
    (note,) = plan.notes
    assert (note.kind, note.subject) == (FindingKind.NO_OVERLAP, "ibxl50clq")
    assert "which it had before" in note.message


def test_an_image_without_a_sky_of_its_own_was_not_left_as_it_was(skies):
    images = {("ibxl50clq_flt.fits", 1): "0.790000", ("ibxl50cqq_flt.fits", 1): "0.000000"}
    lines = DrizzleLog(method="localmin", skies=images).lines()
    said = "   *   Image:   'ibxl50cqq_flt.fits['SCI',1]'  --  SKY = None (brightness units)"
    taken = "      - EXT = 'SCI',1   delta(MDRIZSKY) = 0   NEW MDRIZSKY = 0"
    plan = skies(_after(lines, "Computing sky", said, taken))
    assert [level.mdrizsky for level in plan.levels] == [0.79, 0.0]
    (note,) = plan.notes
    assert (note.kind, note.subject) == (FindingKind.NO_SIGNAL, "ibxl50cqq")
    assert note.message == "has no pixels to compute a sky from; AstroDrizzle took 0.000000 for it."


def _with_seconds(lines: list[str], text: str, seconds: str) -> list[str]:
    """The lines, with other seconds in the one that has a text."""
    clock = re.compile(r"(\d\d:\d\d:)[\d.]+\d")
    return [clock.sub(rf"\g<1>{seconds}", line) if text in line else line for line in lines]


def test_a_time_of_which_digits_are_not_printed_mixes_no_runs(tmp_path):
    killed = DrizzleLog(ends=False).lines()
    lines = _with_seconds(DrizzleLog(clock="15:15:{}").lines(), "Initialization  fin", "01.376")
    path = write_log(
        tmp_path / "astrodrizzle.log", killed, _with_seconds(lines, "Sky  st", "01.37")
    )
    _, run = read_drizzle_log(path)
    assert (run.is_mixed, run.is_complete) == (False, True)


@pytest.mark.parametrize("closed", [True, False])
def test_a_run_that_was_broken_off_goes_on_no_more_when_its_log_was_closed(tmp_path, closed):
    broken = DrizzleLog(ends=False).lines()
    broken += ["[INFO    ] Trailer file written to:  astrodrizzle.log"] if closed else []
    lines = DrizzleLog(clock="15:15:{}").lines()
    autumn = [line.replace("15:15:04", "14:15:04") for line in lines]
    path = write_log(tmp_path / "astrodrizzle.log", broken, autumn)
    first, run = read_drizzle_log(path)
    assert not first.is_complete
    assert run.is_mixed is not closed


def test_a_run_that_ends_at_once_does_not_end_before_it_begins(skies):
    lines = _with_seconds(DrizzleLog().lines(), "started at: ", "09.476")
    plan = skies(_with_seconds(lines, "is finished processing", "09.47"))
    assert plan.finished_at == plan.started_at
    assert plan.notes == ()
