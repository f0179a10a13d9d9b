"""Groups of exposures with a handful of stars each: fitted, or refused; all members or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from skydb.api.composition import Services
from skydb.domain.grouping import GroupBy
from skydb.domain.guards import GuardPolicy
from skydb.domain.trust import TRUST_FLOOR
from skydb.domain.vocabulary import (
    ActivityStatus,
    AlignmentRoad,
    FindingKind,
    ReplayVerdict,
    SolutionStatus,
)
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import (
    InputsRefusedError,
    Interrupted,
    StateError,
    ToolCrashedError,
)
from skydb.report.pages import alignment_pictures
from skydb.services.alignment import GroupAlignment, GroupOptions
from tests.services.alignment.group_fields import (
    GroupField,
    moved_exposure,
    newest_file,
    run_of,
)


@pytest.fixture
def ledger(services: Services, field: GroupField, tmp_path: Path) -> Services:
    """The field and its catalogue in a ledger."""
    services.ingest.ingest(field.exposures)
    services.refcat.import_file(field.catalog(tmp_path / "gaia.ecsv"), 2016.0, "gaia")
    return services


def test_a_group_is_trusted_more_than_an_exposure_that_has_few_stars(
    ledger: Services, field: GroupField
) -> None:
    first = field.rootnames("51")[0]
    alone = ledger.solutions.fits(ledger.align_groups.run("gaia", [first]))
    run = ledger.align_groups.run("gaia")
    fits = ledger.solutions.fits(run)

    assert alone[0]["nmatches"] == 5
    assert all(alone[0]["trust"] <= TRUST_FLOOR < fit["trust"] for fit in fits)
    assert len(fits) == 6
    assert all(fit["nmatches"] < 9 for fit in fits)
    # Of the catalogue that is given for the group, each exposure tells what lies on it.
    assert all(4 <= fit["catalog_sources_on_it"] <= fit["catalog_sources"] for fit in fits)
    assert {fit["catalog_covered_share"] for fit in fits} == {1.0}
    assert {(fit["group"], fit["nmatches"], fit["dx_pix"]) for fit in fits} == {
        (group, fits[place]["nmatches"], fits[place]["dx_pix"])
        for group, place in (("bxl50", 0), ("bxl51", 3))
    }
    assert run_of(ledger, run).what is AlignmentRoad.GROUP

    # Figures mark the stars that each exposure has measured, on its chips.
    drawn = ledger.evidence.fits(run)
    assert all(4 <= len(one.matches) <= fits[0]["nmatches"] for one in drawn)
    assert {int(chip) for one in drawn for chip in one.matches.extver} == {1, 2}

    before = {name: newest_file(ledger, name).read_bytes() for name in field.rootnames("50")}
    outcomes = ledger.accept.accept(run)

    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}
    assert max(one.residual_mas for one in outcomes) < 0.1
    for fit in fits:
        rootname = fit["product"].split("_")[0]
        # Largest error over all pixels; the fit's own error is along one axis.
        assert field.error_mas(ledger, rootname) < 3 * 2**0.5 * fit["error_mas"]
    assert all(newest_file(ledger, name).read_bytes() != old for name, old in before.items())


def test_a_target_is_one_body_of_all_its_visits(
    ledger: Services, field: GroupField, tmp_path: Path
) -> None:
    run = ledger.align_groups.run("gaia", options=GroupOptions(GroupBy.TARGET))

    assert ledger.replay().replay(run).verdict is ReplayVerdict.IDENTICAL
    (group,) = run_of(ledger, run).parameters["groups"].values()
    fits = ledger.solutions.fits(run)
    assert len(group["members"]) == 6
    assert not group["alone"]
    assert max(fit["relative_rms_mas"] for fit in fits) < 2.0
    _its_figures_show_every_exposure_by_itself(ledger, run, tmp_path)
    ledger.accept.accept(run)
    assert max(field.error_mas(ledger, name) for name in group["members"]) < 2.0


def _its_figures_show_every_exposure_by_itself(ledger: Services, run: int, out: Path) -> None:
    fits = ledger.evidence.fits(run)
    measured = {one.rootname: one for one in ledger.evidence.measured(fits)}
    for fit in fits:
        left = measured[fit.rootname].residuals_mas
        of_body = 1000 * fit.pixel_scale_arcsec * fit.matches.y_residual_pix
        assert len(left) == len(fit.matches) > 0
        # A star of the body is the mean of its measurements, which are close to it.
        assert 0.0 < np.abs(left[:, 1] - of_body).max() < 5.0
    shown = [row["shows"] for row in alignment_pictures(ledger, run, out / "figures")]
    assert shown[0] == f"residuals and agreement of {fits[0].group}"
    assert shown[1:7] == [f"sources of {fit.product}" for fit in fits]


def test_visits_are_aligned_to_each_other_without_a_catalogue(
    ledger: Services, field: GroupField, tmp_path: Path
) -> None:
    moved, rests = field.rootnames("51"), field.rootnames("50")
    still = newest_file(ledger, rests[0])

    run = ledger.align_groups.run(None)
    (picture,) = alignment_pictures(ledger, run, tmp_path / "figures")
    ledger.accept.accept(run)

    assert picture["shows"] == "residuals and agreement of visits/bxl51"

    solutions = run_of(ledger, run).solutions
    assert {one.catalog for one in solutions} == {None}
    assert {one.version.subject for one in solutions} == set(moved)
    assert {one.fit_catalog for one in solutions} == {"relative"}
    assert run_of(ledger, run).parameters["groups"]["visits/bxl51"]["resting"] == "bxl50"
    assert newest_file(ledger, rests[0]) == still
    # As wrong as the visit that stays, to the jitter of single exposures, and no more absolute.
    errors = [field.error_mas(ledger, name) for name in (*rests, *moved)]
    assert min(errors) > 900.0
    assert max(errors) - min(errors) < 60.0


def test_a_visit_is_not_aligned_to_where_another_visit_was_before_it_moved(
    ledger: Services, field: GroupField
) -> None:
    relative = ledger.align_groups.run(None)
    ledger.accept.accept(ledger.align_groups.run("gaia", field.rootnames("50")))
    stands = newest_file(ledger, field.rootnames("51")[0])

    with pytest.raises(StateError, match="aligned to visit bxl50"):
        ledger.accept.accept(relative)

    assert newest_file(ledger, field.rootnames("51")[0]) == stands
    assert {one.status for one in run_of(ledger, relative).solutions} == {SolutionStatus.REJECTED}


def test_a_fit_that_takes_the_place_of_another_road_says_so(
    ledger: Services, field: GroupField
) -> None:
    names = field.rootnames("50")
    first, second = (ledger.align_groups.run("gaia", names) for _ in range(2))

    assert {one.reason for one in ledger.accept.accept(first)} == {None}
    again = ledger.accept.accept(second)

    assert {one.status for one in again} == {SolutionStatus.APPLIED}
    assert {one.rootname: f"{one.rootname}@2" in str(one.reason) for one in again} == dict.fromkeys(
        names, True
    )
    found = [row for row in ledger.plain.findings() if row["kind"] == "stale-input"]
    assert sorted(row["subject"] for row in found) == sorted(names)


def test_a_mirrored_catalogue_is_refused(
    ledger: Services, field: GroupField, tmp_path: Path
) -> None:
    mirrored = field.catalog(tmp_path / "mirrored.ecsv", mirrored=True)
    ledger.refcat.import_file(mirrored, 2016.0, "mirrored")

    run = ledger.align_groups.run("mirrored", options=GroupOptions(GroupBy.TARGET))

    fits = ledger.solutions.fits(run)
    assert {fit["status"] for fit in fits} == {"failed"}
    assert "offset" in fits[0]["reason"]
    assert run_of(ledger, run).status is ActivityStatus.SUCCEEDED
    with pytest.raises(StateError):
        ledger.accept.accept(run)


def test_a_group_that_fails_does_not_end_the_others(
    ledger: Services,
) -> None:
    run = GroupAlignment(ledger.context, _FailingOnce("crash")).run("gaia")

    fits = ledger.solutions.fits(run)
    assert [fit["status"] for fit in fits] == ["failed"] * 3 + ["proposed"] * 3
    assert "crash" in fits[0]["reason"]
    assert {one.kind for one in run_of(ledger, run).findings} == {FindingKind.FIT_FAILED}


def test_fits_that_are_done_when_a_run_is_interrupted_stand(
    ledger: Services, field: GroupField
) -> None:
    with pytest.raises(Interrupted):
        GroupAlignment(ledger.context, _FailingOnce("interrupt", at=2)).run("gaia")

    run = 3
    assert run_of(ledger, run).status is ActivityStatus.INTERRUPTED
    outcomes = ledger.accept.accept(run)
    assert [one.rootname for one in outcomes] == field.rootnames("50")
    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}


def test_an_exposure_that_overlaps_no_other_is_named_before_anything_starts(
    ledger: Services, field: GroupField, tmp_path: Path
) -> None:
    # The same visit has an exposure of another piece of sky.
    away = moved_exposure(newest_file(ledger, field.rootnames("50")[0]), tmp_path, "ibxl50zzq")
    ledger.ingest.ingest([away])

    flagged = [row for row in ledger.align_groups.explain("gaia") if row["flags"]]
    assert [(row["rootname"], row["flags"]) for row in flagged] == [("ibxl50zzq", "islands")]
    with pytest.raises(InputsRefusedError, match="overlaps no other"):
        ledger.align_groups.run("gaia", policy=GuardPolicy(strict=True))


class _FailingOnce(DrizzlepacRunner):
    """Fails in one call, and does its work in all others."""

    def __init__(self, how: str, at: int = 1) -> None:
        super().__init__()
        self._how, self._at, self._calls = how, at, 0

    def run(self, task: str, request: Mapping[str, object], scratch: Path) -> dict[str, object]:
        self._calls += 1
        if self._calls == self._at:
            if self._how == "interrupt":
                raise Interrupted("SIGINT")
            raise ToolCrashedError("tweakwcs", "had a crash", log=scratch / "rigid.log")
        return super().run(task, request, scratch)
