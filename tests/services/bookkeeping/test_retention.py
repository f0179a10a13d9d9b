"""Retention of runs: pinned, released, purged and hidden ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain import Mosaic, SkyRun
from skydb.domain.retention import RetentionPolicy
from skydb.domain.vocabulary import Retention, SkyMethod
from skydb.errors import NotFoundError, StateError, StoreError
from skydb.services.bookkeeping.retention import PurgeStatus
from skydb.services.skies.skyrun import SkyRunService
from tests.services.survey import Survey
from tests.services.tools import MEMBERS, Toolbox, files_below, write_exposure

OLD = RetentionPolicy(timedelta(days=90), keep_latest=1)


@pytest.fixture
def runs(services_anywhere: Services) -> list[int]:
    """Four runs of one group, the newest last: three of ``match``, of 100 to 98 days; one new."""
    return _runs(services_anywhere)


def _runs(services: Services) -> list[int]:
    with services.context.store.writing() as session:
        survey = Survey(session)
        version = survey.content(survey.exposure("50"))
        made = []
        for method, days in ((1, 100), (1, 99), (1, 98), (0, 0)):
            run = survey.sky([version], SkyMethod.MATCH if method else SkyMethod.LOCALMIN)
            survey.mosaic(run, services.context.workspace.root, timedelta(days=days))
            made.append(run.id)
        session.commit()
        return made


def _files(services: Services) -> list[str]:
    return [name for name in files_below(services.context.workspace.root) if "scratch" not in name]


def _run(services: Services, run_id: int) -> SkyRun:
    with services.context.store.reading() as session:
        run = session.get_one(SkyRun, run_id)
        assert run.mosaic is not None and run.values
        return run


def _mosaic_files(run_id: int) -> list[str]:
    return [f"runs/{run_id}/f160w_{part}.fits" for part in ("sci", "wht")]


def test_a_purge_deletes_the_mosaic_and_keeps_every_row(
    services_anywhere: Services, runs: list[int]
) -> None:
    before = _files(services_anywhere)
    (outcome,) = services_anywhere.retention.purge(runs[:1], "no room", "Ada")
    assert (outcome.run, outcome.method, outcome.status) == (runs[0], "match", PurgeStatus.PURGED)
    assert outcome.freed_bytes == 2000
    assert set(before) - set(_files(services_anywhere)) == set(_mosaic_files(runs[0]))
    run = _run(services_anywhere, runs[0])
    assert run.mosaic is not None and run.mosaic.purged_at is not None
    assert run.mosaic.science_sha256 == "a" * 64
    assert run.retention is Retention.METRICS_ONLY
    (line,) = services_anywhere.books.entries(f"run:{runs[0]}")
    assert (line["kind"], line["author"]) == ("purge", "Ada")
    assert line["reason"] == (
        f"no room (Deleted {', '.join(_mosaic_files(runs[0]))}: 2,000 bytes.)"
    )


def test_masks_of_cosmic_rays_are_purged_with_the_mosaic(services_anywhere: Services) -> None:
    (run, *_) = _runs(services_anywhere)
    masks = services_anywhere.context.workspace.root / "runs" / str(run) / "crmasks.fits"
    masks.write_bytes(b"m" * 500)
    with services_anywhere.context.store.writing() as session:
        session.get_one(SkyRun, run).masks_path = f"runs/{run}/crmasks.fits"
        session.commit()
    (planned,) = services_anywhere.retention.purge([run], "", dry_run=True)
    assert planned.freed_bytes == 2500 and f"runs/{run}/crmasks.fits" in planned.files
    assert str(masks) in planned.paths and len(planned.paths) == len(planned.files)
    (outcome,) = services_anywhere.retention.purge([run], "no room", "Ada")
    assert outcome.freed_bytes == 2500 and not masks.exists()
    assert "crmasks.fits" in services_anywhere.books.entries(f"run:{run}")[0]["reason"]
    assert services_anywhere.audit.found(run).masks == {}


def test_a_dry_run_deletes_nothing_and_needs_no_reason(services: Services) -> None:
    runs, before = _runs(services), None
    before = _files(services)
    outcomes = services.retention.purge(runs, "", dry_run=True)
    assert [one.status for one in outcomes] == [PurgeStatus.PLANNED] * 4
    assert sum(one.freed_bytes for one in outcomes) == 8000
    assert _files(services) == before
    assert services.books.entries() == []


def test_a_purge_is_refused_without_a_reason_or_of_what_is_not_there(services: Services) -> None:
    (run, *_) = _runs(services)
    with pytest.raises(StateError, match="needs a reason"):
        services.retention.purge([run], " ")
    with pytest.raises(NotFoundError, match="no sky run 999"):
        services.retention.purge([999], "why")
    services.retention.purge([run], "why")
    with pytest.raises(StateError, match="purged already"):
        services.retention.purge([run], "why")


def test_nothing_is_purged_when_one_of_the_runs_is_pinned(services: Services) -> None:
    runs = _runs(services)
    services.retention.pin(runs[1], "figure 3")
    before = _files(services)
    with pytest.raises(StateError, match=f"{runs[1]} is pinned and cannot be purged"):
        services.retention.purge(runs, "why")
    assert _files(services) == before
    services.retention.unpin(runs[1], "the paper is out")
    assert len(services.retention.purge(runs, "why")) == 4


def test_files_that_are_gone_already_are_no_hindrance(services: Services) -> None:
    (run, *_) = _runs(services)
    for name in _mosaic_files(run):
        (services.context.workspace.root / name).unlink()
    (outcome,) = services.retention.purge([run], "why")
    assert (outcome.freed_bytes, outcome.files) == (0, ())
    (line,) = services.books.entries(f"run:{run}")
    assert line["reason"] == "why (Its files were gone already.)"


def _outside(services: Services, path: Path) -> int:
    """A run whose science mosaic is said to be elsewhere."""
    (run, *_) = _runs(services)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not ours")
    with services.context.store.writing() as session:
        mosaic = session.get_one(Mosaic, run)
        mosaic.science_path = services.context.workspace.relative(path)
        session.commit()
    return run


def test_a_file_outside_of_the_data_root_is_never_deleted(
    services: Services, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere" / "mine.fits"
    run = _outside(services, path)
    with pytest.raises(StateError, match="not below the data root"):
        services.retention.purge([run], "why")
    assert path.read_bytes() == b"not ours"


def test_a_link_does_not_lead_out_of_the_data_root(services: Services, tmp_path: Path) -> None:
    root = services.context.workspace.root
    outside = tmp_path / "elsewhere" / "mine.fits"
    root.mkdir(parents=True, exist_ok=True)
    outside.parent.mkdir()
    (root / "linked").symlink_to(outside.parent)
    run = _outside(services, root / "linked" / "mine.fits")
    with pytest.raises(StateError, match="not below the data root"):
        services.retention.purge([run], "why")
    assert outside.read_bytes() == b"not ours"


def test_a_file_that_is_another_run_s_too_is_not_deleted(services: Services) -> None:
    first, second, *_ = _runs(services)
    with services.context.store.writing() as session:
        shared = session.get_one(Mosaic, second).weight_path
        session.get_one(Mosaic, first).weight_path = shared
        session.commit()
    with pytest.raises(StateError, match=f"is that of run {second}, too"):
        services.retention.purge([first], "why")


def test_files_are_back_when_the_ledger_refuses(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run, *_) = _runs(services)
    before = _files(services)

    def refuse(*_: object) -> None:
        raise StoreError("The database refused.")

    monkeypatch.setattr(SkyRun, "purge", refuse)
    with pytest.raises(StoreError):
        services.retention.purge([run], "why")
    assert _files(services) == before


def test_a_repetition_has_no_place_among_the_newest(services_anywhere: Services) -> None:
    runs = _runs(services_anywhere)
    with services_anywhere.context.store.writing() as session:
        session.get_one(SkyRun, runs[2]).repeat(session.get_one(SkyRun, runs[1]))
        session.commit()
    purged = services_anywhere.retention.purge_by(OLD, "no room")
    assert [one.run for one in purged] == [runs[0], runs[2]]


def test_a_policy_keeps_the_newest_and_the_young(
    services_anywhere: Services, runs: list[int]
) -> None:
    purge = services_anywhere.retention.purge_by
    kept_two = RetentionPolicy(timedelta(days=90), keep_latest=2)
    assert [one.run for one in purge(kept_two, "", dry_run=True)] == runs[:1]
    younger = RetentionPolicy(timedelta(days=99.5), keep_latest=0)
    assert [one.run for one in purge(younger, "", dry_run=True)] == runs[:1]
    assert [one.run for one in purge(OLD, "no room")] == runs[:2]
    assert purge(OLD, "no room") == []


def test_a_policy_passes_over_what_is_pinned_and_takes_what_was_released(
    services_anywhere: Services, runs: list[int]
) -> None:
    retention = services_anywhere.retention
    retention.pin(runs[0], "figure 3")
    retention.metrics_only(runs[3], "a trial")
    assert [one.run for one in retention.purge_by(OLD, "no room")] == [runs[1], runs[3]]


def test_a_deleted_run_is_not_among_the_newest_that_a_policy_keeps(services: Services) -> None:
    runs = _runs(services)
    services.retention.delete(runs[2], "wrong flat")
    purged = services.retention.purge_by(OLD, "", dry_run=True)
    assert [one.run for one in purged] == [runs[0], runs[2]]


def _views(services: Services, run: int) -> tuple[bool, bool, bool]:
    """Find a run in the table of values, in a comparison, among the current ones."""
    answers = [
        services.plain.sql(f"SELECT 1 FROM {view} WHERE run_id = {run}").rows
        for view in ("v_sky_values", "v_sky_current")
    ]
    shown = [row["run"] for row in services.comparison.methods.runs()]
    return bool(answers[0]), run in shown, bool(answers[1])


def test_a_deleted_run_is_hidden_and_its_predecessor_comes_back(
    services_anywhere: Services, runs: list[int]
) -> None:
    assert _views(services_anywhere, runs[2]) == (True, True, True)
    services_anywhere.retention.delete(runs[2], "wrong flat")
    assert _views(services_anywhere, runs[2]) == (False, False, False)
    assert _views(services_anywhere, runs[1]) == (True, True, True)
    services_anywhere.retention.undelete(runs[2], "it was another flat")
    assert _views(services_anywhere, runs[2]) == (True, True, True)
    kinds = [row["kind"] for row in services_anywhere.books.entries()]
    assert kinds == ["delete", "undelete"]


def test_when_all_runs_are_deleted_there_is_no_newest_group(services: Services) -> None:
    for run in _runs(services):
        services.retention.delete(run, "a trial")
    with pytest.raises(NotFoundError):
        services.comparison.methods.runs()
    assert services.runs.newest_environment() == []
    (status,) = services.todo.status()
    assert status["matched"] == 0


def test_the_values_of_a_purged_run_are_found_and_its_mosaic_is_made_anew(
    services: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    sky = SkyRunService(services.context, tools, jobs=1)
    ask: Callable[[], list[dict]] = lambda: sky.run([SkyMethod.MATCH])  # noqa: E731
    (first,) = ask()
    services.retention.purge([first["run"]], "no room")
    assert len(services.comparison.methods.values([first["run"]])) == 2
    assert services.evidence.mosaics([first["run"]]) == []
    (second,) = ask()
    assert not second["reused"] and second["run"] != first["run"]
    assert [one.run for one in services.evidence.mosaics()] == [second["run"]]
