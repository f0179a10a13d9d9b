from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from skydb import interruption
from skydb.api.composition import Services
from skydb.domain import Activity, IngestActivity
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import FileRejectedError, Interrupted, UsageError
from skydb.services.core.begun import close_begun
from skydb.services.core.context import Context
from tests.ledgers import interface_of


@pytest.fixture
def context(services_anywhere: Services) -> Context:
    return services_anywhere.context


def begin(context: Context) -> int:
    return context.begin(lambda _, stamp: IngestActivity({"why": "a test"}, stamp))


def look(context: Context, activity_id: int) -> IngestActivity:
    with context.store.reading() as session:
        return session.get_one(IngestActivity, activity_id)


def test_an_activity_is_on_record_as_running_while_it_works(context: Context) -> None:
    activity = look(context, begin(context))
    assert activity.status is ActivityStatus.RUNNING
    assert activity.started_at is not None
    assert activity.agent == context.agent


def test_what_ends_work_badly_is_kept_and_raised_again(context: Context) -> None:
    activity_id = begin(context)
    with pytest.raises(ZeroDivisionError), context.guarded(IngestActivity, activity_id):
        _ = 1 / 0
    activity = look(context, activity_id)
    assert activity.status is ActivityStatus.FAILED
    assert activity.error == "ZeroDivisionError: division by zero"


def test_an_error_of_skydb_is_kept_in_its_own_words(context: Context) -> None:
    activity_id = begin(context)
    with pytest.raises(FileRejectedError), context.guarded(IngestActivity, activity_id):
        raise FileRejectedError("a.fits", "is empty", advice="Fetch it again.")
    assert look(context, activity_id).error == "a.fits: is empty. Fetch it again."


@pytest.mark.parametrize("told", [KeyboardInterrupt, SystemExit, Interrupted("SIGTERM")])
def test_an_interruption_is_no_failure(
    context: Context, told: BaseException | type[BaseException]
) -> None:
    activity_id = begin(context)
    with pytest.raises(BaseException), context.guarded(IngestActivity, activity_id):  # noqa: B017
        raise told
    activity = look(context, activity_id)
    assert activity.status is ActivityStatus.INTERRUPTED
    assert (activity.error or "").startswith("It was interrupted by ")


def test_nothing_is_begun_after_a_signal(context: Context) -> None:
    interruption.stop_all("SIGTERM")
    try:
        with pytest.raises(Interrupted, match="SIGTERM"):
            begin(context)
    finally:
        interruption.forget()
    with context.store.reading() as session:
        assert session.scalars(select(Activity)).all() == []


def test_what_was_begun_and_never_guarded_is_closed_at_the_end(context: Context) -> None:
    ended, left = begin(context), begin(context)
    with context.closing(IngestActivity, ended):
        pass
    close_begun(context.store, "SIGHUP")
    assert look(context, ended).status is ActivityStatus.SUCCEEDED
    assert look(context, left).error == "It was interrupted by SIGHUP."


def test_a_ledger_that_is_left_by_an_interruption_closes_what_it_has_begun(
    services_anywhere: Services,
) -> None:
    context = services_anywhere.context
    with pytest.raises(KeyboardInterrupt), interface_of(services_anywhere):
        activity_id = begin(context)
        raise KeyboardInterrupt
    assert look(context, activity_id).status is ActivityStatus.INTERRUPTED


def test_work_that_closed_well_has_succeeded(context: Context) -> None:
    activity_id = begin(context)
    with context.closing(IngestActivity, activity_id) as (_, activity):
        activity.log_path = "runs/1"
    activity = look(context, activity_id)
    assert (activity.status, activity.log_path) == (ActivityStatus.SUCCEEDED, "runs/1")


def test_a_block_may_close_work_badly_itself(context: Context) -> None:
    activity_id = begin(context)
    with context.closing(IngestActivity, activity_id) as (_, activity):
        activity.fail("nothing was kept")
    assert look(context, activity_id).status is ActivityStatus.FAILED


def test_a_close_that_raises_keeps_nothing_and_is_a_failure(context: Context) -> None:
    activity_id = begin(context)
    with (
        pytest.raises(UsageError),
        context.guarded(IngestActivity, activity_id),
        context.closing(IngestActivity, activity_id) as (_, activity),
    ):
        activity.log_path = "never"
        raise UsageError("no.")
    activity = look(context, activity_id)
    assert (activity.status, activity.log_path) == (ActivityStatus.FAILED, None)


def test_an_error_after_the_good_end_is_raised_and_does_not_rewrite_it(context: Context) -> None:
    activity_id = begin(context)
    with (
        pytest.raises(PermissionError, match="scratch"),
        context.guarded(IngestActivity, activity_id),
    ):
        with context.closing(IngestActivity, activity_id):
            pass
        raise PermissionError("scratch cannot be removed")
    assert look(context, activity_id).status is ActivityStatus.SUCCEEDED


def test_the_logs_of_a_failure_are_named_where_there_are_any(context: Context) -> None:
    with_logs, without = begin(context), begin(context)
    for activity_id, logs in ((with_logs, True), (without, False)):
        label = f"ingest-{activity_id}"
        with (
            pytest.raises(UsageError),
            context.guarded(IngestActivity, activity_id, label),
            context.workspace.scratch(label) as scratch,
        ):
            if logs:
                (Path(scratch) / "tool.log").write_text("what went wrong")
            raise UsageError("no.")
    assert look(context, with_logs).log_path == f"logs/ingest-{with_logs}"
    assert look(context, without).log_path is None
