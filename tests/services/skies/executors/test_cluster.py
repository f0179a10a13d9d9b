"""Runs on a Dask cluster: the same runs, once each, also when a worker goes away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import Finding, RunAttempt, SkyRun, SkyValue
from skydb.domain.grouping import Division
from skydb.domain.vocabulary import AttemptOutcome, FindingKind, SkyMethod
from skydb.errors import ExecutorError, UsageError
from skydb.services.intake.selection import Selection
from skydb.services.skies.executors.cluster import DaskExecutor
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.services.recorded import ingest_exposures
from tests.services.skies.executors.clusters import Cluster, awaited, cluster

PLAN = FieldPlan(SimDetector.IR, (2, 1), size=64, seed=5, products=False)
METHODS = (SkyMethod.LOCALMIN, SkyMethod.MATCH)


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two visits of two exposures."""
    directory = tmp_path_factory.mktemp("cluster-field")
    simulate_field(directory, PLAN)
    return directory


@pytest.fixture
def shared(postgres_ledger_url: str, tmp_path: Path, exposures: Path) -> Iterator[Services]:
    """A ledger in PostgreSQL with the exposures, and a data root that all processes see."""
    data = tmp_path / "data"
    data.mkdir()
    services = Services.open(postgres_ledger_url, data)
    ingest_exposures(services, exposures)
    yield services
    services.close()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as made:
        yield made


def run(services: Services, executor: DaskExecutor | None, **options: object) -> list[dict]:
    service = SkyRunService(services.context, executor=executor)
    fields = service.fields(Selection(), Division.VISIT)
    assert len(fields) == 2
    return service.run(METHODS, mosaic=False, fields=fields, **options)


def values(services: Services, rows: list[dict]) -> list[float | None]:
    ids = [row["run"] for row in rows]
    found = (
        select(SkyValue.mdrizsky)
        .where(SkyValue.run_id.in_(ids))
        .order_by(SkyValue.run_id, SkyValue.exposure_id)
    )
    with services.context.store.reading() as session:
        return list(session.scalars(found))


def attempts(services: Services) -> list[tuple[int, int, AttemptOutcome, str]]:
    found = select(RunAttempt).order_by(RunAttempt.activity_id, RunAttempt.number)
    with services.context.store.reading() as session:
        return [(a.activity_id, a.number, a.outcome, a.worker) for a in session.scalars(found)]


def test_a_worker_that_is_killed_loses_no_run_and_doubles_none(
    shared: Services, scheduler: Cluster
) -> None:
    doomed, claimed = scheduler.start_hanging_worker()
    with ThreadPoolExecutor() as pool:
        rows = pool.submit(run, shared, DaskExecutor(scheduler.address))
        lost = awaited(claimed)
        scheduler.start_worker()
        doomed.kill()
        done = rows.result(timeout=600)
    assert [row["status"] for row in done] == ["succeeded"] * 4
    with shared.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SkyRun)) == 4
        told = list(session.scalars(select(Finding).where(Finding.kind == "worker-lost")))
    tried = attempts(shared)
    # The first task's runs were claimed twice, the second's once.
    assert [outcome for _, _, outcome, worker in tried if worker == lost] == [
        AttemptOutcome.LOST
    ] * 2
    assert [number for _, number, outcome, _ in tried if outcome is AttemptOutcome.SUCCEEDED] == [
        2, 2, 1, 1,
    ]  # fmt: skip
    assert {finding.kind for finding in told} == {FindingKind.WORKER_LOST}
    assert len(told) == 2 and lost in told[0].message
    # What a cluster finds is what this machine finds.
    here = run(shared, None, force=True)
    assert values(shared, here) == values(shared, done)
    assert all(row["reused"] for row in run(shared, DaskExecutor(scheduler.address)))


def test_the_work_of_a_worker_that_is_told_to_stop_is_done_by_another_one(
    shared: Services, scheduler: Cluster
) -> None:
    doomed, claimed = scheduler.start_tireless_worker()
    with ThreadPoolExecutor() as pool:
        rows = pool.submit(run, shared, DaskExecutor(scheduler.address))
        awaited(claimed)
        scheduler.start_worker()
        doomed.terminate()
        doomed.wait(300)
        done = rows.result(timeout=600)
    # distributed itself would wait for 30 s for the task, and then leave it alone.
    assert claimed.with_name("broken-off").exists()
    assert [(row["status"], row["error"]) for row in done] == [("succeeded", None)] * 4
    tried = [(number, outcome) for _, number, outcome, _ in attempts(shared)]
    assert [number for number, _ in tried] == [1, 2, 1, 2, 1, 1]
    # The other worker may be there before it has broken off.
    assert {tried[0][1], tried[2][1]} <= {AttemptOutcome.INTERRUPTED, AttemptOutcome.LOST}
    assert {outcome for _, outcome in (*tried[1::2], *tried[4:])} == {AttemptOutcome.SUCCEEDED}


def test_a_task_that_takes_its_workers_down_is_given_up_and_its_runs_say_so(
    shared: Services, scheduler: Cluster
) -> None:
    for _ in range(4):
        scheduler.start_dying_worker()
    rows = run(shared, DaskExecutor(scheduler.address))
    assert {row["status"] for row in rows} == {"failed"}
    assert {row["error"] for row in rows} == {"the work was running when 2 workers died"}
    assert {outcome for *_, outcome, _ in attempts(shared)} == {AttemptOutcome.LOST}


def test_a_scheduler_that_goes_away_fails_the_runs_and_says_so(
    shared: Services, scheduler: Cluster
) -> None:
    _, claimed = scheduler.start_hanging_worker()
    with ThreadPoolExecutor() as pool:
        rows = pool.submit(run, shared, DaskExecutor(scheduler.address))
        awaited(claimed)
        scheduler.processes[0].kill()
        done = rows.result(timeout=600)
    assert {row["status"] for row in done} == {"failed"}
    assert all("scheduler" in row["error"] for row in done)


def test_a_worker_that_does_not_see_the_data_fails_the_runs_with_the_reason(
    shared: Services, scheduler: Cluster
) -> None:
    scheduler.start_worker()
    shared.context.workspace.root.rmdir()
    rows = run(shared, DaskExecutor(scheduler.address))
    assert {row["status"] for row in rows} == {"failed"}
    assert all("does not see the data root" in row["error"] for row in rows)


def test_a_ledger_in_sqlite_is_refused_before_anything_begins(
    services: Services, exposures: Path
) -> None:
    ingest_exposures(services, exposures)
    with pytest.raises(UsageError, match="needs a ledger in PostgreSQL"):
        run(services, DaskExecutor("dask://127.0.0.1:9"))
    with services.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SkyRun)) == 0


def test_without_a_scheduler_nothing_begins(
    shared: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skydb.services.skies.executors.cluster._CONNECT_TIMEOUT_S", 1)
    with pytest.raises(ExecutorError, match="No scheduler answers"):
        run(shared, DaskExecutor("dask://127.0.0.1:9"))
    with shared.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SkyRun)) == 0


@pytest.mark.parametrize("address", ["tcp://a:1", "dask://a", "dask://:1", "dask://a:b", "a:1"])
def test_what_is_no_address_of_a_cluster_is_a_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError, match="is not an executor"):
        DaskExecutor(address)
