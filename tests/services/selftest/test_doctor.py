"""The verdict on an environment: given once, kept, and carried by every sky run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import CheckResult, Environment, SelfTest
from skydb.domain.selftest import verdict_of
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SkyMethod, Verdict
from skydb.errors import StateError, UsageError
from skydb.services.core.environment import describe_environment
from skydb.services.selftest import doctor
from skydb.services.selftest.doctor import (
    DoctorService,
    EnvironmentGate,
    SelfTestPolicy,
    verdict_here,
)
from skydb.services.selftest.memory import PassedEnvironments
from skydb.services.skies.skyrun import SkyRunService
from tests.domain.entities import STAMP
from tests.services.tools import Toolbox

GOOD = [CheckResult("footprints UVIS", Verdict.PASSED, "corners are 0.029 arcsec off.")]
BAD = [*GOOD, CheckResult("sky methods IR", Verdict.FAILED, "match ran as localmin: pin it.")]
HERE = describe_environment().fingerprint
WHEN = datetime(2026, 3, 1, tzinfo=UTC)


class NoFields:
    """A maker whose fields nobody looks at."""

    def make(self, directory: Path) -> list[object]:
        raise AssertionError("the self-test ran")


class Answers:
    """A self-test that answers at once, and counts how often it was asked."""

    def __init__(self, results: list[CheckResult]) -> None:
        self.results = results
        self.asked = 0

    def __call__(self, *_: object) -> Answers:
        return self

    def run(self, *_: object) -> list[CheckResult]:
        self.asked += 1
        return self.results


@pytest.fixture
def passed(tmp_path: Path) -> PassedEnvironments:
    return PassedEnvironments(tmp_path / "cache")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, passed: PassedEnvironments) -> Answers:
    """The self-test, replaced by ready answers; good ones unless told."""
    answers = Answers(GOOD)
    monkeypatch.setattr(doctor, "Suite", answers)
    monkeypatch.setattr(
        "skydb.services.selftest.memory.default_directory", lambda: passed.directory
    )
    monkeypatch.delenv("SKYDB_SELFTEST", raising=False)
    return answers


def doctor_of(services: Services, passed: PassedEnvironments) -> DoctorService:
    return DoctorService(services.context, NoFields(), passed=passed)


def sky_runs(services: Services, visit: list[Path], **options: bool) -> list[dict]:
    services.ingest.ingest(visit[:2])
    gate = EnvironmentGate(services.context, NoFields())
    return SkyRunService(services.context, Toolbox(), gate=gate).run([SkyMethod.MATCH], **options)


def remarks(rows: list[dict]) -> list[str]:
    return [sentence for row in rows for sentence in row["findings"]]


def test_one_failure_condemns_and_silence_is_no_pass():
    assert verdict_of(GOOD) is Verdict.PASSED
    assert verdict_of(BAD) is Verdict.FAILED
    assert verdict_of([]) is Verdict.FAILED
    assert verdict_of([CheckResult("fit IR", Verdict.UNCHECKED, "")]) is Verdict.FAILED


def test_the_answers_and_the_verdict_are_kept_with_the_environment(
    services_anywhere, passed, answers
):
    services = services_anywhere
    assert verdict_here(services.context) is Verdict.UNCHECKED
    answers.results = BAD
    assert doctor_of(services, passed).run() == BAD
    with services.context.store.reading() as session:
        (environment,) = session.scalars(select(Environment))
        (test,) = session.scalars(select(SelfTest))
        assert environment.verdict is Verdict.FAILED
        assert environment.checked_at is not None
        assert test.status is ActivityStatus.SUCCEEDED
        assert test.environment is environment
        assert [(one.check, one.verdict, one.detail) for one in test.checks] == [
            (result.check, result.verdict, result.detail) for result in BAD
        ]


def test_a_pass_is_remembered_for_other_ledgers_and_a_failure_forgets_it(services, passed, answers):
    doctor_of(services, passed).run()
    assert passed.recall(HERE) is not None
    answers.results = BAD
    doctor_of(services, passed).run()
    assert passed.recall(HERE) is None


def test_a_new_ledger_takes_a_remembered_pass_with_its_date(services, passed, answers):
    passed.remember(HERE, WHEN)
    assert doctor_of(services, passed).check_once() is Verdict.PASSED
    assert answers.asked == 0
    with services.context.store.reading() as session:
        (environment,) = session.scalars(select(Environment))
        assert environment.checked_at == WHEN
        (test,) = session.scalars(select(SelfTest))
        assert test.parameters == {"source": "memory"}
        assert "2026-03-01" in test.checks[0].detail


def test_an_environment_is_asked_once(services, passed, answers):
    service = doctor_of(services, passed)
    assert [service.check_once() for _ in range(3)] == [Verdict.PASSED] * 3
    assert answers.asked == 1


def test_a_failed_environment_is_not_asked_again_by_itself(services, passed, answers):
    answers.results = BAD
    service = doctor_of(services, passed)
    assert [service.check_once() for _ in range(2)] == [Verdict.FAILED] * 2
    assert answers.asked == 1


def test_a_memory_is_bound_to_what_stands_before_the_packages(passed, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    passed.remember(HERE, WHEN)
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    assert passed.recall(HERE) is None
    monkeypatch.delenv("PYTHONPATH")
    assert passed.recall(HERE) == WHEN
    assert passed.recall("another environment") is None


@pytest.mark.parametrize("content", ["", "{}", '{"passed_at": 3}', '{"passed_at": "2026-03-01"}'])
def test_a_broken_memory_is_none(passed, content):
    passed.remember(HERE, WHEN)
    (path,) = passed.directory.iterdir()
    assert json.loads(path.read_text())["passed_at"] == WHEN.isoformat()
    path.write_text(content)
    assert passed.recall(HERE) is None


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").write_text("")
    passed = PassedEnvironments(tmp_path / "file" / "cache")
    passed.remember(HERE, WHEN)
    passed.forget(HERE)
    assert passed.recall(HERE) is None


def test_the_first_run_in_a_new_environment_checks_it_and_the_next_does_not(
    services, visit, answers
):
    assert remarks(sky_runs(services, visit)) == []
    assert remarks(sky_runs(services, visit, force=True)) == []
    assert answers.asked == 1


def test_every_run_in_a_failed_environment_says_so_also_one_that_is_found_again(
    services, visit, answers
):
    first = sky_runs(services, visit)
    answers.results = BAD
    DoctorService(services.context, NoFields()).run()
    again = sky_runs(services, visit)
    assert again[0]["run"] == first[0]["run"]
    assert again[0]["reused"]
    assert "self-test of this environment failed: sky methods IR: match ran" in remarks(again)[0]
    assert len(remarks(sky_runs(services, visit))) == 1
    (finding,) = services.plain.findings()
    assert finding["kind"] == FindingKind.ENVIRONMENT.value


def test_a_refused_self_test_flags_the_run(services, visit, answers):
    rows = sky_runs(services, visit, selftest=False)
    assert answers.asked == 0
    assert remarks(rows) == ["This environment was not checked; run `skydb doctor`."]


def test_a_refused_self_test_of_a_good_environment_flags_nothing(services, visit, answers):
    DoctorService(services.context, NoFields()).run()
    assert remarks(sky_runs(services, visit, selftest=False)) == []


def test_never_by_configuration_leaves_the_verdict_open_and_is_no_finding(
    services, visit, answers, monkeypatch
):
    monkeypatch.setenv("SKYDB_SELFTEST", "never")
    assert remarks(sky_runs(services, visit)) == []
    assert answers.asked == 0
    answer = services.plain.sql("SELECT DISTINCT environment_verdict FROM v_sky_values")
    assert answer.rows == [("unchecked",)]


def test_never_does_not_silence_a_failure(services, visit, answers, monkeypatch):
    answers.results = BAD
    DoctorService(services.context, NoFields()).run()
    monkeypatch.setenv("SKYDB_SELFTEST", "never")
    assert len(remarks(sky_runs(services, visit))) == 1


def test_always_asks_before_every_run(services, visit, answers, monkeypatch):
    monkeypatch.setenv("SKYDB_SELFTEST", "always")
    sky_runs(services, visit)
    sky_runs(services, visit)
    assert answers.asked == 2


def test_an_unknown_policy_is_refused(monkeypatch):
    monkeypatch.setenv("SKYDB_SELFTEST", "sometimes")
    with pytest.raises(UsageError, match=r"SKYDB_SELFTEST is 'sometimes'\. It can be auto"):
        SelfTestPolicy.configured()


def test_services_without_fields_flag_what_nobody_could_check(services, visit, answers):
    services.ingest.ingest(visit[:2])
    gate = EnvironmentGate(services.context)
    rows = SkyRunService(services.context, Toolbox(), gate=gate).run([SkyMethod.LOCALMIN])
    assert len(remarks(rows)) == 1
    with pytest.raises(UsageError, match="without the fields"):
        _ = services.doctor


def test_a_test_without_an_environment_judges_nothing():
    test = SelfTest({}, STAMP)
    with pytest.raises(StateError, match="no environment"):
        test.conclude(GOOD)
