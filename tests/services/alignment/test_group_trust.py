"""What is said of a fit of a group, from numbers that were made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydb.domain.motion import MotionRecord
from skydb.domain.trust import FitCheck
from skydb.domain.vocabulary import TrustComponent
from skydb.drizzle.groupoutcome import BodyOutcome, Evidence, Member
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.services.alignment import group_trust
from skydb.sky.fit_trust import Agreement
from skydb.sky.relative import Consistency
from tests.domain.entities import wcs
from tests.keeping import assert_kept

NAME = "ibxl50ivq"
FILE = Path("ibxl50ivq_flt.fits")


def fit(geometry: str = "rshift", **changes: Any) -> ProductFit:
    told = {"nmatches": 9, "x_rms_pix": 0.1, "y_rms_pix": 0.2, "fitted_copy": FILE, **changes}
    return ProductFit(FILE, FitStatus.FITTED, Path("log"), "IDC_a", geometry, 40, **told)


def evidence(**changes: Any) -> Evidence:
    told: dict[str, Any] = {
        "measurements": 30, "weight": 18, "before": 10, "jackknife_star_pix": 0.04,
        "jackknife_exposure_pix": {NAME: 0.03, "ibxl50iwq": 0.06}, "error_mas": {NAME: 2.0},
        "agreement": Agreement(8, 9, 0.5, 0.02, 0.01), "votes": "many", **changes,
    }  # fmt: skip
    return Evidence(**told)


def outcome(found: Evidence | None, rms_mas: float | None = 5.0) -> BodyOutcome:
    members = (Member(FILE, NAME, "50", "F160W"), Member(Path("b"), "ibxl50iwq", "50", "F160W"))
    consistency = {
        NAME: Consistency(12, rms_mas, 1.0, 2.0, 0.01, 1),
        "ibxl50iwq": Consistency(3, 99.0, 1.0, 2.0, 0.01, 1),
    }
    return BodyOutcome("body", members, (), consistency, (), found, None, 40.0)


@pytest.fixture
def quiet_archive(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The archive's fit says what it is told to, and what it was asked is kept."""
    asked: list[tuple] = []

    def judge(*arguments: Any) -> FitCheck:
        asked.append(arguments)
        return FitCheck(TrustComponent.ARCHIVE, 0.3, "far off", 0.9)

    monkeypatch.setattr(group_trust, "check_archive", judge)
    return asked


MOTION = MotionRecord(40, 0, None, None)


def test_every_witness_of_a_member_is_what_it_was(quiet_archive: list[tuple]) -> None:
    cases = {
        "good": (evidence(), fit()),
        "no rms": (evidence(), fit(x_rms_pix=None, y_rms_pix=None)),
        "x is worse": (evidence(), fit("shift", x_rms_pix=0.6)),
        "unknown geometry": (evidence(weight=13), fit("odd")),
        "few": (evidence(weight=3, measurements=4, before=20), fit("general", nmatches=3)),
        "alone": (evidence(jackknife_exposure_pix={}), fit()),
        "hangs on one star": (evidence(jackknife_star_pix=None), fit()),
        "hangs on one exposure": (evidence(jackknife_exposure_pix={NAME: None}), fit()),
        "confirmed": (evidence(agreement=Agreement(60, 70, 1.0, 0.02, 0.005)), fit()),
        "not there": (evidence(agreement=Agreement(1, 70, 1.0, 0.2, 0.1)), fit()),
    }
    found: dict[str, Any] = {}
    for name, (told, one) in cases.items():
        for rms_mas in (None, 5.0, 60.0):
            report = group_trust.check_member(outcome(told, rms_mas), one, FILE, wcs(), MOTION)
            found[f"{name} {rms_mas}"] = [report.checks, report.score, report.is_trusted]
    assert_kept("group trust", found)
    assert quiet_archive[0] == (wcs(), FILE, FILE, 0.04)


def test_a_chip_that_contradicts_decides_over_the_stars_of_the_body(
    quiet_archive: list[tuple],
) -> None:
    chip = FitCheck(TrustComponent.CROSS_MATCH, 0.05, "the stars of SCI,2 lie 5.00 pix off", 5.0)
    body = outcome(evidence(agreement=Agreement(60, 70, 1.0, 0.02, 0.005)))
    assert group_trust.check_member(body, fit(), FILE, wcs(), MOTION).is_trusted
    report = group_trust.check_member(body, fit(), FILE, wcs(), MOTION, chip)
    assert chip in report.checks and report.score == 0.05
    # Nothing is confirmed by it any more, so that the archive's fit is not overruled.
    assert FitCheck(TrustComponent.ARCHIVE, 0.3, "far off", 0.9) in report.checks
    alone = outcome(None, 5.0)
    assert group_trust.check_relative(alone, fit("shift")).is_trusted
    relative = group_trust.check_relative(alone, fit("shift"), chip)
    assert chip in relative.checks and relative.score == 0.05


def test_every_witness_of_a_relative_fit_is_what_it_was() -> None:
    found = {
        f"{matches} {rms}": group_trust.check_relative(
            outcome(None, rms), fit("shift", nmatches=matches, x_rms_pix=x_rms, y_rms_pix=x_rms)
        ).checks
        for matches, x_rms in ((0, None), (5, 0.1), (6, 0.3), (12, 0.1), (13, 0.1))
        for rms in (None, 5.0, 60.0)
    }
    assert_kept("relative trust", found)


@pytest.mark.parametrize("place", ["a", "b", "c"])
def test_a_member_agrees_with_the_others_as_it_does_itself(
    quiet_archive: list[tuple], place: str
) -> None:
    members = tuple(Member(Path(name), f"of {name}", "50", "F160W") for name in "abc")
    pairs = {"a": 11, "b": 12, "c": 13}
    consistency = {
        f"of {name}": Consistency(count, 5.0, 1.0, 2.0, 0.01, 1) for name, count in pairs.items()
    }
    body = BodyOutcome("body", members, (), consistency, (), evidence(), None, 40.0)
    one = replace(fit(), product=Path(place))
    for report in (
        group_trust.check_member(body, one, FILE, wcs(), MOTION),
        group_trust.check_relative(body, one),
    ):
        (check,) = (c for c in report.checks if c.component is TrustComponent.NEIGHBOURS)
        assert check.reason.startswith(f"{pairs[place]} stars shared with other exposures")


@pytest.mark.parametrize("missing", ["evidence", "agreement"])
def test_a_fit_without_evidence_is_not_judged(missing: str) -> None:
    told = None if missing == "evidence" else evidence(agreement=None)
    with pytest.raises(AssertionError):
        group_trust.check_member(outcome(told), fit(), FILE, wcs(), MOTION)
