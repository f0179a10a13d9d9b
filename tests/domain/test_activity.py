from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import Environment
from skydb.domain.base import UtcDateTime, utc_now
from skydb.domain.fingerprint import fingerprint
from skydb.domain.vocabulary import ActivityStatus, FindingKind, LinkRole, Verdict
from skydb.errors import StateError
from tests.domain.entities import ingest, version_of

documents = st.dictionaries(
    st.text(max_size=8), st.one_of(st.integers(), st.text(max_size=8), st.none()), max_size=6
)


def test_an_activity_goes_from_pending_through_running_to_succeeded() -> None:
    activity = ingest()
    seen = [activity.status]
    activity.start()
    seen.append(activity.status)
    activity.succeed()
    assert [*seen, activity.status] == [
        ActivityStatus.PENDING,
        ActivityStatus.RUNNING,
        ActivityStatus.SUCCEEDED,
    ]
    assert activity.created_at <= activity.started_at <= activity.finished_at


def test_work_that_was_interrupted_ended_badly_and_says_by_what() -> None:
    activity = ingest()
    activity.start()
    assert not activity.ended_badly
    activity.interrupt("SIGTERM", log_path="tweakreg.log")
    assert (activity.status, activity.error, activity.log_path) == (
        ActivityStatus.INTERRUPTED,
        "SIGTERM",
        "tweakreg.log",
    )
    assert activity.ended_badly
    assert activity.finished_at >= activity.started_at


def test_what_was_to_begin_can_be_interrupted_too() -> None:
    activity = ingest()
    activity.interrupt("its process died")
    assert (activity.status, activity.started_at) == (ActivityStatus.INTERRUPTED, None)


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        ([], "succeed"),
        ([], "fail"),
        (["start"], "start"),
        (["start", "succeed"], "start"),
        (["start", "succeed"], "succeed"),
        (["start", "succeed"], "fail"),
        (["start", "fail"], "start"),
        (["start", "fail"], "succeed"),
        (["start", "fail"], "fail"),
        (["start", "succeed"], "be interrupted"),
        (["start", "be interrupted"], "be interrupted"),
        (["start", "be interrupted"], "succeed"),
        (["start", "be interrupted"], "fail"),
    ],
)
def test_a_verb_out_of_order_is_forbidden_and_changes_nothing(before: list[str], verb: str) -> None:
    activity = ingest()
    verbs = {"start": activity.start, "succeed": activity.succeed}
    verbs["fail"] = lambda: activity.fail("the disk was full")
    verbs["be interrupted"] = lambda: activity.interrupt("SIGTERM")
    for earlier in before:
        verbs[earlier]()
    state = (activity.status, activity.error, activity.finished_at)
    with pytest.raises(StateError, match=f"cannot {verb}"):
        verbs[verb]()
    assert (activity.status, activity.error, activity.finished_at) == state


def test_a_failure_keeps_its_reason_and_its_log() -> None:
    activity = ingest()
    activity.start()
    activity.fail("the disk was full", "logs/ingest-1")
    assert activity.status is ActivityStatus.FAILED
    assert (activity.error, activity.log_path) == ("the disk was full", "logs/ingest-1")


def test_a_failure_without_a_log_does_not_forget_an_earlier_one() -> None:
    activity = ingest()
    activity.log_path = "runs/1/astrodrizzle.log"
    activity.start()
    activity.fail("killed")
    assert activity.log_path == "runs/1/astrodrizzle.log"


def test_the_time_of_an_activity_is_known_once_it_has_ended() -> None:
    activity = ingest()
    activity.start()
    assert activity.seconds is None
    activity.succeed()
    activity.started_at = activity.finished_at - timedelta(seconds=2.5)
    assert activity.seconds == 2.5


def test_what_was_used_generated_and_noticed_is_kept_with_its_role() -> None:
    activity, version = ingest(), version_of()
    activity.use(version, LinkRole.REFERENCE)
    activity.generate(version, LinkRole.INGESTED)
    finding = activity.notice(FindingKind.CATALOG, "gaia", "gave 50 rows only.")
    assert [(link.version, link.role) for link in activity.used] == [(version, LinkRole.REFERENCE)]
    assert [link.version for link in activity.generated] == [version]
    assert activity.findings == [finding]
    assert finding.noticed_at.tzinfo is UTC


@given(documents, st.randoms(use_true_random=False))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(document, random) -> None:
    items = list(document.items())
    random.shuffle(items)
    assert fingerprint(dict(items)) == fingerprint(document)


@given(documents, documents)
def test_documents_that_differ_have_different_fingerprints(one, other) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_the_same_versions_are_the_same_environment() -> None:
    one = Environment("3.11.7", "Linux x86_64", {"numpy": "2.4.6", "astropy": "8.0.2"})
    same = Environment("3.11.7", "Linux x86_64", {"astropy": "8.0.2", "numpy": "2.4.6"})
    other = Environment("3.11.7", "Linux x86_64", {"astropy": "8.0.2", "numpy": "2.4.5"})
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_an_environment_is_unchecked_until_it_is_judged() -> None:
    environment = Environment("3.11.7", "Linux x86_64", {})
    assert (environment.verdict, environment.checked_at) == (Verdict.UNCHECKED, None)
    environment.record_verdict(Verdict.PASSED)
    assert environment.verdict is Verdict.PASSED
    assert environment.checked_at is not None


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)
    with pytest.raises(ValueError, match=r"has no time zone; use .*utc_now"):
        UtcDateTime().process_bind_param(naive, None)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_time_of_any_zone_comes_back_as_the_same_moment_in_utc(moment, minutes) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    column = UtcDateTime()
    stored = column.process_bind_param(zoned, None)
    # SQLite forgets the zone.
    for returned in (stored, stored.replace(tzinfo=None)):
        read = column.process_result_value(returned, None)
        assert read == zoned
        assert read.tzinfo is UTC


def test_the_present_has_a_zone() -> None:
    assert utc_now().utcoffset() == timedelta(0)
