"""Runs whose process is gone are found, ended, and begun anew without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from skydb.api.composition import Services
from skydb.domain import Activity, IngestActivity, Process, Repair, RunAttempt, SkyRun
from skydb.domain.vocabulary import ActivityStatus, AttemptOutcome, SkyMethod
from skydb.errors import StateError
from skydb.services.core.context import Context
from skydb.services.skies.skyrun import SkyRunService
from tests.services.fsck.killed import Child, Here, ingest, killed, sky_run, start
from tests.services.tools import Toolbox, files_below


def problems(services: Services, **asked: object) -> list[tuple[str, str]]:
    found = services.fsck.check(**asked)  # type: ignore[arg-type]
    return [(one.kind.value, one.subject) for one in found]


def statuses(services: Services, kind: type[Activity]) -> list[ActivityStatus]:
    with services.context.store.reading() as session:
        return list(session.scalars(select(kind.status).order_by(kind.id)))


@pytest.fixture
def waiting(services_anywhere: Services) -> Iterator[Child]:
    """A process that has begun something."""
    process = start(services_anywhere, ingest)
    yield process
    process.kill()


def test_what_runs_is_no_problem_until_its_process_is_killed(
    services_anywhere: Services, waiting: Child
) -> None:
    services = services_anywhere
    assert problems(services) == []
    waiting.kill()
    (found,) = services.fsck.check()
    assert found.as_row() | {"known": ""} == {
        "problem": "dead-run",
        "subject": "ingest 1",
        "known": "",
        "repair": "its row becomes interrupted",
        "repaired": None,
    }
    assert f"process {waiting.pid} on" in found.known
    assert statuses(services, IngestActivity) == [ActivityStatus.RUNNING]
    (done,) = services.fsck.repair()
    assert done.repaired is True
    assert statuses(services, IngestActivity) == [ActivityStatus.INTERRUPTED]


def test_a_repair_is_an_activity_and_repairing_twice_does_nothing_the_second_time(
    services: Services,
) -> None:
    killed(services, ingest)
    services.fsck.repair()
    assert services.fsck.repair() == []
    with services.context.store.reading() as session:
        (repair,) = session.scalars(select(Repair))
        assert [one.subject for one in repair.findings] == ["ingest 1"]
        assert repair.status is ActivityStatus.SUCCEEDED
        assert session.scalar(select(func.count()).select_from(Activity)) == 2


def test_the_same_work_ends_what_is_dead_and_leaves_other_work_alone(services: Services) -> None:
    killed(services, ingest)
    for parameters in ({"files": ["b"]}, {"files": ["a"]}):
        services.context.begin(lambda _, stamp, asked=parameters: IngestActivity(asked, stamp))
        dead = statuses(services, IngestActivity)[0]
        ended = parameters == {"files": ["a"]}
        assert (dead is ActivityStatus.INTERRUPTED) is ended


def test_the_same_work_of_a_process_that_lives_is_left_alone(services: Services) -> None:
    process = start(services, ingest)
    services.context.begin(lambda _, stamp: IngestActivity({"files": ["a"]}, stamp))
    assert statuses(services, IngestActivity) == [ActivityStatus.RUNNING] * 2
    process.kill()


def test_a_sky_run_that_was_killed_leaves_nothing_and_is_done_again(
    services_anywhere: Services, visit: list[Path]
) -> None:
    services = services_anywhere
    services.ingest.ingest(visit)
    killed(services, sky_run)
    root = services.context.workspace.root
    assert {kind for kind, _ in problems(services)} == {"scratch", "dead-run"}
    assert all(one.repaired for one in services.fsck.repair())
    assert problems(services, deep=True) == []
    assert list((root / "scratch").iterdir()) == []
    with services.context.store.reading() as session:
        (run,) = session.scalars(select(SkyRun))
        (attempt,) = session.scalars(select(RunAttempt))
        assert attempt.outcome is AttemptOutcome.LOST
        assert run.log_path is not None
        assert files_below(root / run.log_path) == ["astrodrizzle.1.log", "astrodrizzle.log"]
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    assert (row["status"], row["reused"]) == ("succeeded", False)
    assert problems(services, deep=True) == []


def test_a_run_is_given_up_with_all_that_its_process_had_begun_once_that_is_gone(
    services: Services, visit: list[Path], request: pytest.FixtureRequest
) -> None:
    services.ingest.ingest(visit)

    def work(context: Context, here: Here) -> None:
        context.begin(lambda _, stamp: IngestActivity({"files": ["a"]}, stamp))
        sky_run(context, here)

    process = start(services, work)
    request.addfinalizer(process.kill)
    with services.context.store.reading() as session:
        (run,) = session.scalars(select(SkyRun.id))
    with pytest.raises(StateError, match=f"goes on in process {process.pid}"):
        services.books.abandon(run, "it takes so long")
    assert statuses(services, SkyRun) == [ActivityStatus.RUNNING]
    process.kill()
    services.books.abandon(run, "its machine went down", "Ada")
    assert statuses(services, SkyRun) == [ActivityStatus.FAILED]
    assert statuses(services, IngestActivity)[-1] is ActivityStatus.INTERRUPTED
    assert {kind for kind, _ in problems(services)} == {"scratch"}
    with pytest.raises(StateError, match="is failed"):
        services.books.abandon(run, "again")


def test_a_sky_run_ends_what_was_killed_of_its_own_recipe(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    killed(services, sky_run)
    SkyRunService(services.context, Toolbox()).run([SkyMethod.LOCALMIN])
    assert statuses(services, SkyRun)[0] is ActivityStatus.RUNNING
    SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    assert statuses(services, SkyRun)[0] is ActivityStatus.INTERRUPTED


def test_attempts_end_in_the_transaction_that_ends_their_run(
    services: Services, visit: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    services.ingest.ingest(visit)
    # Nothing that comes after the end of the run is done.
    monkeypatch.setattr("skydb.services.skies.executors.claims._end", lambda _: None)
    SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    SkyRunService(services.context, Toolbox(crashes={"astrodrizzle"})).run([SkyMethod.LOCALMIN])
    with services.context.store.reading() as session:
        outcomes = list(
            session.scalars(select(RunAttempt.outcome).order_by(RunAttempt.activity_id))
        )
    assert outcomes == [AttemptOutcome.SUCCEEDED, AttemptOutcome.FAILED]


def test_an_attempt_that_is_open_after_the_end_of_its_run_is_closed(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    with services.context.store.writing() as session:
        session.execute(update(RunAttempt).values(outcome=AttemptOutcome.RUNNING))
        session.commit()
    assert problems(services) == [("open-attempt", "attempt 1 at run 2")]
    services.fsck.repair()
    with services.context.store.reading() as session:
        assert session.scalars(select(RunAttempt.outcome)).all() == [AttemptOutcome.SUCCEEDED]
    assert problems(services) == []


def test_what_runs_on_another_machine_is_believed_until_that_is_said_to_be_gone(
    services: Services,
) -> None:
    killed(services, ingest)
    with services.context.store.writing() as session:
        session.execute(update(Process).values(host="elsewhere"))
        session.commit()
    assert problems(services) == []
    assert problems(services, gone=["elsewhere2"]) == []
    assert problems(services, gone=["elsewhere"]) == [("dead-run", "ingest 1")]
    services.fsck.repair(gone=["elsewhere"])
    assert statuses(services, IngestActivity) == [ActivityStatus.INTERRUPTED]


def test_after_a_day_what_runs_on_another_machine_is_asked_after(services: Services) -> None:
    killed(services, ingest)
    with services.context.store.writing() as session:
        session.execute(update(Process).values(host="elsewhere"))
        (activity,) = session.scalars(select(Activity))
        assert activity.started_at is not None
        activity.started_at = activity.started_at.replace(year=2020)
        session.commit()
    (found,) = services.fsck.repair()
    assert (found.kind.value, found.repaired) == ("unknown-run", None)
    assert "skydb fsck --repair --gone elsewhere" in found.repair
