"""A run is begun once and recorded once, however often and by whomever it is tried."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Environment, Finding, RunAttempt, SkyRun
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome, FindingKind, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import Interrupted, ToolCrashedError
from skydb.services.intake.selection import Selection
from skydb.services.skies.engines.astrodrizzle import AstroDrizzleEngine
from skydb.services.skies.engines.choice import EngineRequest
from skydb.services.skies.executors.base import LedgerAddress, SkyTask
from skydb.services.skies.executors.claims import claim, fail_lost
from skydb.services.skies.executors.cluster import _submit_all
from skydb.services.skies.executors.work import perform
from skydb.services.skies.pieces import RunPiece, recipes_of
from skydb.services.skies.recipe import selected_inputs
from tests.services.tools import Toolbox

LOCALMIN = (SkyMethod.LOCALMIN,)


@pytest.fixture
def piece(services_anywhere: Services, visit: list[Path]) -> RunPiece:
    """One run of two exposures that was begun."""
    services = services_anywhere
    services.ingest.ingest(visit)
    request = EngineRequest(None, True, AstroDrizzleSettings(), 1)
    engine = AstroDrizzleEngine(services.context)
    inputs = selected_inputs(services.context, Selection(), read_files=True)
    recipes = recipes_of(LOCALMIN, engine, inputs)
    made = RunPiece(services.context, Toolbox(), request, recipes)
    made.begin()
    return made


def run_of(piece: RunPiece) -> SkyRun:
    with piece.context.store.reading() as session:
        run = session.get_one(SkyRun, piece.runs[SkyMethod.LOCALMIN])
        assert (run.values is not None and run.mosaic is None) or run.mosaic
        return run


def outcomes(piece: RunPiece) -> list[tuple[int, str, AttemptOutcome]]:
    with piece.context.store.reading() as session:
        found = session.scalars(select(RunAttempt).order_by(RunAttempt.number))
        return [(one.number, one.worker, one.outcome) for one in found]


def test_a_run_that_was_done_is_not_done_again(piece: RunPiece) -> None:
    perform(piece.context, piece.runner, piece.begin(), "a")
    assert run_of(piece).status is ActivityStatus.SUCCEEDED
    perform(piece.context, Toolbox(crashes={"astrodrizzle"}), piece.begin(), "b")
    assert outcomes(piece) == [(1, "a", AttemptOutcome.SUCCEEDED)]


def test_who_claims_a_run_that_somebody_holds_takes_it_over_and_says_so(piece: RunPiece) -> None:
    claim(piece.context, piece.begin().run_ids, "a")
    perform(piece.context, piece.runner, piece.begin(), "b")
    assert outcomes(piece) == [(1, "a", AttemptOutcome.LOST), (2, "b", AttemptOutcome.SUCCEEDED)]
    with piece.context.store.reading() as session:
        (told,) = session.scalars(select(Finding).where(Finding.kind == FindingKind.WORKER_LOST))
    assert "a went away; b took attempt 2" in told.message
    # Each attempt has files of its own, so that a late one cannot touch what is on record.
    run = run_of(piece)
    assert run.mosaic is not None
    assert run.mosaic.science_path.startswith(f"runs/{run.id}.2/")


class Overtaken(Toolbox):
    """While it works, somebody else takes the run and is done first."""

    piece: RunPiece

    def run(self, task, request, scratch):  # type: ignore[no-untyped-def]
        report = super().run(task, request, scratch)
        perform(self.piece.context, Toolbox(), self.piece.begin(), "fast")
        return report


def test_who_was_thought_lost_and_comes_late_changes_nothing(piece: RunPiece) -> None:
    slow = Overtaken()
    slow.piece = piece
    perform(piece.context, slow, piece.begin(), "slow")
    assert outcomes(piece) == [
        (1, "slow", AttemptOutcome.LOST),
        (2, "fast", AttemptOutcome.SUCCEEDED),
    ]
    run = run_of(piece)
    assert run.status is ActivityStatus.SUCCEEDED and run.error is None
    assert run.mosaic is not None
    assert piece.context.workspace.resolve(run.mosaic.science_path).is_file()


def test_who_was_thought_lost_and_fails_late_does_not_end_the_run_of_another_one(
    piece: RunPiece, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = piece.begin().run_ids

    def overtaken(*_: object) -> dict[str, object]:
        claim(piece.context, ids, "fast")
        raise ToolCrashedError("AstroDrizzle", "Killed by SIGKILL.")

    monkeypatch.setattr(piece.runner, "run", overtaken)
    with suppress(ToolCrashedError):
        perform(piece.context, piece.runner, piece.begin(), "slow")
    assert run_of(piece).status is ActivityStatus.RUNNING
    assert outcomes(piece) == [
        (1, "slow", AttemptOutcome.LOST),
        (2, "fast", AttemptOutcome.RUNNING),
    ]


def test_a_worker_that_is_told_to_stop_leaves_its_run_to_another_one(piece: RunPiece) -> None:
    class Stopped(Toolbox):
        def run(self, *_: object) -> dict[str, object]:
            raise Interrupted("the end of the worker")

    leaving = replace(piece.context, moves_on=True)
    with pytest.raises(Interrupted):
        perform(leaving, Stopped(), piece.begin(), "a")
    assert run_of(piece).status is ActivityStatus.RUNNING
    perform(leaving, Toolbox(), piece.begin(), "b")
    assert run_of(piece).status is ActivityStatus.SUCCEEDED
    assert outcomes(piece) == [
        (1, "a", AttemptOutcome.INTERRUPTED),
        (2, "b", AttemptOutcome.SUCCEEDED),
    ]


def test_a_run_that_fails_ends_the_attempt_with_the_reason(piece: RunPiece) -> None:
    perform(piece.context, Toolbox(crashes={"astrodrizzle"}), piece.begin(), "a")
    assert run_of(piece).status is ActivityStatus.FAILED
    assert outcomes(piece) == [(1, "a", AttemptOutcome.FAILED)]


def test_a_run_that_nobody_could_do_is_failed_and_one_that_was_done_is_left(
    piece: RunPiece,
) -> None:
    ids = piece.begin().run_ids
    claim(piece.context, ids, "a")
    fail_lost(piece.context, ids, "all workers are gone")
    run = run_of(piece)
    assert (run.status, run.error) == (ActivityStatus.FAILED, "all workers are gone")
    assert outcomes(piece) == [(1, "a", AttemptOutcome.LOST)]
    fail_lost(piece.context, ids, "again")
    assert run_of(piece).error == "all workers are gone"


def test_a_run_that_nobody_is_to_do_any_more_is_interrupted_with_its_attempt(
    piece: RunPiece,
) -> None:
    ids = piece.begin().run_ids
    claim(piece.context, ids, "a")
    piece.give_up("It was interrupted by SIGTERM.", interrupted=True)
    assert run_of(piece).status is ActivityStatus.INTERRUPTED
    assert outcomes(piece) == [(1, "a", AttemptOutcome.INTERRUPTED)]


def test_an_attempt_that_is_interrupted_says_so(
    piece: RunPiece, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(piece.runner, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        perform(piece.context, piece.runner, piece.begin(), "a")
    assert run_of(piece).status is ActivityStatus.INTERRUPTED
    assert outcomes(piece) == [(1, "a", AttemptOutcome.INTERRUPTED)]


def test_runs_that_wait_for_a_cluster_are_closed_when_nobody_waits_for_it(
    piece: RunPiece, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Mock()
    monkeypatch.setattr("distributed.as_completed", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _submit_all(client, [piece], LedgerAddress("postgresql://", "data"))
    assert run_of(piece).status is ActivityStatus.INTERRUPTED
    client.cancel.assert_called_once_with([client.submit.return_value])


def test_a_run_says_in_which_environment_it_was_really_done(
    piece: RunPiece, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"drizzlepac": "3.9.0"}
    monkeypatch.setattr(
        "skydb.services.core.environment.describe_environment",
        lambda: Environment("3.12.1", "Linux", other),
    )
    claim(piece.context, piece.begin().run_ids, "elsewhere")
    with piece.context.store.reading() as session:
        run = session.get_one(SkyRun, piece.runs[SkyMethod.LOCALMIN])
        assert run.environment is not None and run.environment.packages == other
        assert run.tool_version == "drizzlepac 3.9.0"


def test_a_task_survives_its_journey() -> None:
    settings = AstroDrizzleSettings(final_bits="64", extra={"final_kernel": "gaussian"})
    task = SkyTask((3, 4), EngineRequest(None, True, settings, 2))
    assert SkyTask.from_document(task.as_document()) == task
