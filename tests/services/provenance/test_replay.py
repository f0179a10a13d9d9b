from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, Environment, Exposure, SkyRun, SkyRunGroup, SkyValue, Stamp
from skydb.domain.history import HistoryImport
from skydb.domain.values import Rootname, SkyLevel
from skydb.domain.vocabulary import (
    FindingKind,
    ReplayVerdict,
    SkyMethod,
    SolutionStatus,
)
from skydb.errors import NotFoundError, StateError, ToolError
from skydb.services.provenance.replay import ReplayService
from skydb.services.provenance.skydiff import sky_tolerance
from skydb.services.provenance.verdict import Replay
from tests.logged import recall, recall_values
from tests.services.provenance.conftest import Story, remarks_of
from tests.services.tools import MEMBERS, PRODUCT, Toolbox

#: Levels of the fake tool when nothing is changed.
LEVELS = dict(zip(MEMBERS, (1.0, 1.125), strict=True))


def replay(story: Story, run: int | None = None, **more: Any) -> Replay:
    service = ReplayService(story.services.context, story.tools)
    return service.replay(run or story.run, **more)


def shifted(by: float) -> dict[str, float]:
    return {**LEVELS, MEMBERS[1]: LEVELS[MEMBERS[1]] + by}


def test_the_same_run_again_is_identical(story_anywhere: Story) -> None:
    story = story_anywhere
    found = replay(story)
    assert found.verdict is ReplayVerdict.IDENTICAL
    assert found.max_difference == 0.0
    assert (found.differences, found.packages_changed) == ((), ())
    assert found.environment_changed is False
    assert found.recipe_hash == found.replay_recipe_hash != found.environment_fingerprint
    with story.services.context.store.reading() as session:
        again = session.get_one(SkyRun, found.replay)
        assert (again.replay_of_id, again.replay_verdict) == (story.run, found.verdict)
        assert again.recipe_hash == session.get_one(SkyRun, story.run).recipe_hash
    assert f"run {found.replay} repeats it: identical" in _said(story, f"run:{story.run}")


def test_a_value_that_moves_less_than_the_noise_is_within_tolerance(story: Story) -> None:
    story.tools.levels = shifted(1e-9)
    found = replay(story)
    assert found.verdict is ReplayVerdict.WITHIN_TOLERANCE
    assert [one.subject for one in found.differences] == [f"{MEMBERS[1]}[1]"]
    assert found.max_difference == pytest.approx(1e-9, rel=1e-3)


def test_the_tolerance_is_told_from_the_noise_of_the_inputs(tmp_path: Path) -> None:
    paths = [tmp_path / "quiet.fits", tmp_path / "loud.fits"]
    for path, noise in zip(paths, (0.05, 0.5), strict=True):
        pixels = np.random.default_rng(5).normal(1.0, noise, (100, 100)).astype("f4")
        fits.PrimaryHDU(pixels).writeto(path)
    tolerance = sky_tolerance(paths, "electron/s", None)
    assert tolerance.absolute == pytest.approx(5e-6, rel=0.1)
    assert tolerance.admits(1e-6, 0.0)
    assert not tolerance.admits(1e-5, 1.0)


def test_a_value_that_moves_more_is_different_and_named_with_the_cause(story: Story) -> None:
    story.tools.levels = shifted(0.5)
    with story.services.context.store.writing() as session:
        run = session.get_one(SkyRun, story.run)
        assert run.environment is not None
        packages = {**run.environment.packages, "astropy": "1.0"}
        run.environment = Environment("3.11.0", "Linux", packages)
        session.commit()
    found = replay(story)
    assert found.verdict is ReplayVerdict.DIFFERENT
    assert found.environment_changed is True
    assert {one.package for one in found.packages_changed} == {"astropy", "platform", "python"}
    assert "astropy 1.0 -> " in " ".join(found.remarks)
    with story.services.context.store.reading() as session:
        again = session.get_one(SkyRun, found.replay)
        assert [one.kind for one in again.findings] == [FindingKind.CONTRADICTION]


def test_a_difference_without_a_cause_says_that_nothing_has_changed(story: Story) -> None:
    story.tools.levels = shifted(0.5)
    assert "nothing that the ledger knows of has changed" in " ".join(replay(story).remarks)


def test_a_tolerance_can_be_asked_for(story: Story) -> None:
    story.tools.levels = shifted(0.01)
    assert replay(story, tolerance=0.02).verdict is ReplayVerdict.WITHIN_TOLERANCE
    assert replay(story, tolerance=0.005).verdict is ReplayVerdict.DIFFERENT


def test_another_method_than_before_is_different(story: Story) -> None:
    story.tools.becomes = {SkyMethod.MATCH: SkyMethod.LOCALMIN}
    found = replay(story)
    assert found.verdict is ReplayVerdict.DIFFERENT
    assert found.differences[0].what == "effective_method"
    assert found.max_difference is None


def test_a_value_that_is_lost_is_different(story: Story) -> None:
    story.tools.alone = {MEMBERS[1]}
    found = replay(story)
    assert found.verdict is ReplayVerdict.DIFFERENT
    assert (found.differences[0].after, found.max_difference) == (None, None)


class Brighter(Toolbox):
    """Makes mosaics that are a little brighter than they were."""

    def _astrodrizzle(self, job, directory):
        answer = super()._astrodrizzle(job, directory)
        path = directory / f"{job['parameters']['output']}_drz_sci.fits"
        fits.PrimaryHDU(np.full((8, 10), 1.25, "f4")).writeto(path, overwrite=True)
        return answer


def test_other_pixels_of_the_mosaic_are_different(story: Story) -> None:
    found = ReplayService(story.services.context, Brighter()).replay(story.run)
    assert found.verdict is ReplayVerdict.DIFFERENT
    assert [one.subject for one in found.differences] == ["mosaic, science image"]
    assert found.max_difference == 0.25


def test_a_mosaic_that_is_gone_is_said_not_to_be_compared(story: Story) -> None:
    with story.services.context.store.reading() as session:
        mosaic = session.get_one(SkyRun, story.run).mosaic
        assert mosaic is not None
        story.services.context.workspace.resolve(mosaic.science_path).unlink()
    found = replay(story)
    assert found.verdict is ReplayVerdict.INCOMPLETE
    assert "is gone" in found.not_compared[0]
    assert "Not compared: the mosaics (runs/" in found.sentence
    assert found.is_to_be_looked_at


def test_inputs_that_are_gone_or_changed_are_all_named_and_nothing_runs(story: Story) -> None:
    workspace = story.services.context.workspace
    with story.services.context.store.reading() as session:
        run = session.get_one(SkyRun, story.run)
        first, second = sorted(workspace.resolve(link.version.path) for link in run.used)
    first.unlink()
    second.write_bytes(b"something else")
    story.tools.ran.clear()
    with pytest.raises(StateError, match="2 of its inputs") as refused:
        replay(story)
    assert str(first) in str(refused.value)
    assert str(second) in str(refused.value)
    assert story.tools.ran == []


def test_a_repetition_that_fails_leaves_a_row_and_no_verdict(story: Story) -> None:
    story.tools.crashes = {"astrodrizzle"}
    with pytest.raises(ToolError, match="SIGKILL"):
        replay(story)
    with story.services.context.store.reading() as session:
        again = session.scalars(select(SkyRun).where(SkyRun.replay_of_id == story.run)).one()
        assert (again.error is None, again.replay_verdict) == (False, None)


def test_a_run_that_failed_is_not_repeated(story: Story) -> None:
    story.tools.crashes = {"astrodrizzle"}
    (failed,) = story.sky(SkyMethod.LOCALMIN)
    with pytest.raises(StateError, match="is failed and found no values"):
        replay(story, failed)


@pytest.mark.parametrize("run", [99, 1])
def test_only_runs_are_repeated(story: Story, run: int) -> None:
    with pytest.raises((NotFoundError, StateError), match=r"is not a run|no sky run"):
        replay(story, run)


def test_a_repeated_alignment_is_identical_and_its_fits_are_not_to_be_applied(
    story_anywhere: Story,
) -> None:
    story = story_anywhere
    found = replay(story, story.fit)
    assert found.verdict is ReplayVerdict.IDENTICAL
    assert found.recipe_hash == found.replay_recipe_hash
    with story.services.context.store.reading() as session:
        again = session.get_one(AlignmentRun, found.replay)
        assert {fit.status for fit in again.solutions} == {SolutionStatus.REJECTED}
        assert again.parameters["replay_of"] == story.fit
        # The content that was fitted, although the acceptance has made a newer one.
        assert [link.version.number for link in again.used] == [1]
    assert [*story.services.coverage().alignments()] == [story.fit]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [(1e-9, ReplayVerdict.WITHIN_TOLERANCE), (0.1, ReplayVerdict.DIFFERENT)],
)
def test_a_fit_with_another_shift_is_measured_in_pixels(
    story: Story, change: float, verdict: ReplayVerdict
) -> None:
    with story.services.context.store.writing() as session:
        (fit,) = session.get_one(AlignmentRun, story.fit).solutions
        assert fit.dx_pix is not None
        fit.dx_pix += change
        session.commit()
    found = replay(story, story.fit)
    assert found.verdict is verdict
    assert (found.differences[0].what, found.unit) == ("dx_pix", "pix")
    assert found.max_difference == pytest.approx(change, rel=1e-3)


def test_other_matches_or_no_fit_are_different(story: Story) -> None:
    story.tools.matches = 25
    found = replay(story, story.fit)
    assert "nmatches" in {one.what for one in found.differences}
    assert found.verdict is ReplayVerdict.DIFFERENT
    story.tools.unfitted = {PRODUCT}
    found = replay(story, story.fit)
    assert [(one.what, one.after) for one in found.differences] == [("fit", "none")]


def test_a_catalogue_that_changed_is_refused(story: Story) -> None:
    with story.services.context.store.reading() as session:
        path = session.get_one(AlignmentRun, story.fit).catalog.path
    story.services.context.workspace.resolve(path).write_text("ra,dec\n1,2\n")
    with pytest.raises(StateError, match="its catalogue"):
        replay(story, story.fit)


def test_an_old_run_is_repeated_when_all_its_exposures_are_here(story: Story) -> None:
    found = replay(story, _recall(story.services, MEMBERS, {"Step": {"skysub": "True"}}))
    assert "not recorded: the newest were used" in found.remarks[0]
    assert found.environment_changed is None
    assert found.verdict is ReplayVerdict.WITHIN_TOLERANCE


def test_an_old_run_of_exposures_that_are_not_here_is_refused_with_their_names(
    story: Story,
) -> None:
    with pytest.raises(StateError, match="no file of 1 of its 3 exposures: ibxl50zzq"):
        replay(story, _recall(story.services, (*MEMBERS, "ibxl50zzq"), {}))


def _recall(services: Services, members: tuple[str, ...], sections: dict[str, Any]) -> int:
    context = services.context
    reading = context.begin(lambda _, stamp: HistoryImport({}, stamp))
    with context.closing(HistoryImport, reading) as (session, importer):
        stamp = Stamp("somebody", "0.1.0")
        known = {one.rootname: one for one in session.scalars(select(Exposure))}
        visit = known[MEMBERS[0]].visit
        exposures = [known.get(name) or Exposure(visit, Rootname(name)) for name in members]
        group = SkyRunGroup("f" * 64, "old")
        recorded = {"astrodrizzle": sections}
        run = SkyRun(group, SkyMethod.MATCH, recorded, stamp, recipe_hash="e" * 64)
        recall(run, importer, None, None, "AstroDrizzle 2.2.6")
        values = [
            SkyValue(one, SkyLevel(one.rootname, 1, 0.125 * place + 1e-9 * place, None))
            for place, one in enumerate(exposures)
        ]
        recall_values(run, values, SkyMethod.MATCH)
        session.add(run)
        session.flush()
        return run.id


def _said(story: Story, what: str) -> str:
    return " ".join(remark.message for remark in remarks_of(story.explain(what)))


def test_the_files_of_the_first_run_stay_as_they_were(story: Story) -> None:
    home = story.services.context.workspace.root / "runs" / str(story.run)
    before = {path: path.read_bytes() for path in Path(home).iterdir()}
    replay(story)
    assert {path: path.read_bytes() for path in Path(home).iterdir()} == before
