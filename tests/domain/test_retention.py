from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import Mosaic, SkyRun
from skydb.domain.base import utc_now
from skydb.domain.retention import RetentionPolicy, abandon
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import ActivityStatus, EntryKind, Retention, SkyMethod, SkyUnit
from skydb.errors import StateError, UsageError
from tests.domain.entities import sky_run, version_of

WHO, WHY = "Ada", "because"
LEVEL = SkyLevel("ibxl50ivq", 1, 0.5, SkyUnit.ELECTRON_PER_S)


def finished() -> SkyRun:
    run = sky_run()
    run.finish([LEVEL], {"ibxl50ivq": version_of()}, SkyMethod.MATCH)
    run.keep_mosaic(
        Mosaic("a", "b", science_sha256="a", weight_sha256="b", naxis_pix=(1, 1), size_bytes=2)
    )
    return run


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("pin", EntryKind.PIN),
        ("keep_metrics_only", EntryKind.METRICS_ONLY),
        ("purge", EntryKind.PURGE),
        ("delete", EntryKind.DELETE),
    ],
)
def test_every_decision_is_a_line_about_the_run(verb: str, kind: EntryKind) -> None:
    run = finished()
    entry = getattr(run, verb)(WHO, WHY)
    assert (entry.activity, entry.kind, entry.author, entry.reason) == (run, kind, WHO, WHY)


@pytest.mark.parametrize("verb", ["pin", "keep_metrics_only", "purge", "delete"])
def test_a_decision_without_a_reason_changes_nothing(verb: str) -> None:
    run = finished()
    with pytest.raises(StateError, match="needs a reason"):
        getattr(run, verb)(WHO, "")
    assert (run.retention, run.deleted_at, run.has_mosaic) == (Retention.NORMAL, None, True)


@pytest.mark.parametrize("verb", ["pin", "keep_metrics_only", "purge", "delete"])
def test_a_pinned_run_is_left_alone_until_it_is_unpinned(verb: str) -> None:
    run = finished()
    run.pin(WHO, WHY)
    with pytest.raises(StateError, match="is pinned and cannot be"):
        getattr(run, verb)(WHO, WHY)
    run.unpin(WHO, WHY)
    getattr(run, verb)(WHO, WHY)


def test_what_was_not_decided_cannot_be_taken_back() -> None:
    run = finished()
    with pytest.raises(StateError, match="not pinned"):
        run.unpin(WHO, WHY)
    with pytest.raises(StateError, match="not deleted"):
        run.undelete(WHO, WHY)


def test_what_was_decided_is_not_decided_twice() -> None:
    for verb in ("keep_metrics_only", "purge", "delete"):
        run = finished()
        getattr(run, verb)(WHO, WHY)
        with pytest.raises(StateError):
            getattr(run, verb)(WHO, WHY)


def test_a_purge_says_when_and_a_deletion_can_be_undone() -> None:
    run = finished()
    entry = run.purge(WHO, WHY, "(two files)")
    assert run.mosaic is not None and run.mosaic.purged_at == entry.made_at
    assert entry.reason == "because (two files)"
    assert not run.has_mosaic
    run.delete(WHO, WHY)
    assert run.deleted_at is not None
    run.undelete(WHO, WHY)
    assert run.deleted_at is None


def test_a_run_that_goes_on_is_neither_deleted_nor_purged_but_can_be_given_up() -> None:
    run = sky_run()
    with pytest.raises(StateError, match="is running"):
        run.delete(WHO, WHY)
    with pytest.raises(StateError, match="no mosaic"):
        run.purge(WHO, WHY)
    entry = abandon(run, WHO, WHY)
    assert (run.status, run.error) == (ActivityStatus.FAILED, "Given up by Ada: because")
    assert entry.label == "abandoned"
    with pytest.raises(StateError, match="failed: only one that is running") as caught:
        abandon(run, WHO, WHY)
    assert "`skydb runs delete" in caught.value.advice


@pytest.mark.parametrize(
    ("retention", "days", "rank", "goes"),
    [
        (Retention.NORMAL, 91, 2, True),
        (Retention.NORMAL, 89, 2, False),
        (Retention.NORMAL, 91, 1, False),
        (Retention.PINNED, 91, 2, False),
        (Retention.METRICS_ONLY, 0, 0, True),
    ],
)
def test_a_policy_releases_old_runs_that_are_not_the_newest(
    retention: Retention, days: int, rank: int, goes: bool
) -> None:
    run = finished()
    run.retention = retention
    run.finished_at = utc_now() - timedelta(days=days)
    assert RetentionPolicy(timedelta(days=90), 2).releases(run, rank) is goes


@given(st.integers(0, 99999))
def test_an_age_is_read_as_days_or_weeks(number: int) -> None:
    assert RetentionPolicy.parse(f"{number}d", 2).older_than == timedelta(days=number)
    assert RetentionPolicy.parse(f" {number}W", 2).older_than == timedelta(weeks=number)


@pytest.mark.parametrize("age", ["", "90", "d", "-3d", "1.5d", "90 days", "9999999d", "90d\n1"])
def test_what_is_no_age_is_wrong_usage(age: str) -> None:
    with pytest.raises(UsageError, match="Invalid age"):
        RetentionPolicy.parse(age, 2)


def test_less_than_none_cannot_be_kept() -> None:
    with pytest.raises(UsageError, match="cannot be kept"):
        RetentionPolicy.parse("90d", -1)
    assert RetentionPolicy.parse("90d", 0).keep_latest == 0


def test_unless_told_the_two_newest_runs_of_a_method_keep_their_mosaics() -> None:
    run = finished()
    run.finished_at = utc_now() - timedelta(days=100)
    policy = RetentionPolicy(timedelta(days=90))
    assert [policy.releases(run, rank) for rank in range(4)] == [False, False, True, True]
