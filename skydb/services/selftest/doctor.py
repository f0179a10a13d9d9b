"""The self-test of an environment; its result is kept with every sky run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from skydb.domain import CheckResult, Environment, SelfTest, SelfTestCheck
from skydb.domain.base import utc_now
from skydb.domain.selftest import verdict_of
from skydb.domain.vocabulary import Verdict
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import UsageError
from skydb.files.temporary import temporary
from skydb.services.core import Context, describe_environment, remember_environment
from skydb.services.selftest.fields import FieldMaker
from skydb.services.selftest.memory import PassedEnvironments
from skydb.services.selftest.suite import TIMEOUT_S, Suite

#: Environment variable that holds a :class:`SelfTestPolicy`.
POLICY_VARIABLE = "SKYDB_SELFTEST"


class SelfTestPolicy(StrEnum):
    """Condition for the self-test before a sky run."""

    AUTO = "auto"
    """Once for every new environment."""
    ALWAYS = "always"
    """Before every sky run."""
    NEVER = "never"
    """Only when ``skydb doctor`` is called; an unchecked environment is then no finding."""

    @classmethod
    def configured(cls) -> SelfTestPolicy:
        """Read ``$SKYDB_SELFTEST``; AUTO when it is not set.

        Raises
        ------
        UsageError
            When it says something else.
        """
        text = os.environ.get(POLICY_VARIABLE, "").strip().lower()
        try:
            return cls(text or cls.AUTO)
        except ValueError as error:
            known = ", ".join(cls)
            raise UsageError(
                f"{POLICY_VARIABLE} is {text!r}.", advice=f"It can be {known}."
            ) from error


def examine(
    fields: FieldMaker,
    runner: DrizzlepacRunner | None = None,
    *,
    passed: PassedEnvironments | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[CheckResult]:
    """Self-test without a ledger: the answers, and a pass remembered for this user."""
    with temporary("skydb-doctor") as scratch:
        suite = Suite(fields, runner or DrizzlepacRunner(TIMEOUT_S))
        results = suite.run(scratch, say)
    _keep_in_mind(passed or PassedEnvironments(), describe_environment(), results)
    return results


def _keep_in_mind(
    passed: PassedEnvironments, environment: Environment, results: list[CheckResult]
) -> None:
    if verdict_of(results) is Verdict.PASSED:
        passed.remember(environment.fingerprint, utc_now())
    else:
        passed.forget(environment.fingerprint)


@dataclass(frozen=True)
class DoctorService:
    """Runs the self-test and keeps its result with the environment.

    Parameters
    ----------
    context : Context
    fields : FieldMaker
        Who makes the tiny fields; a service does not simulate.
    runner : DrizzlepacRunner
        The subprocess under test.
    passed : PassedEnvironments
        What other ledgers have found.
    """

    context: Context
    fields: FieldMaker
    runner: DrizzlepacRunner = field(default_factory=lambda: DrizzlepacRunner(TIMEOUT_S))
    passed: PassedEnvironments = field(default_factory=PassedEnvironments)

    def run(self) -> list[CheckResult]:
        """Run all checks, and conclude on the environment.

        Returns
        -------
        list of CheckResult
            All answers; a tool that fails is an answer, not an error.
        """
        activity_id = self._begin("run")
        label = f"self-test-{activity_id}"
        with (
            self.context.guarded(SelfTest, activity_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            results = Suite(self.fields, self.runner).run(scratch, self.context.progress.begin)
            self._conclude(activity_id, results)
        _keep_in_mind(self.passed, describe_environment(), results)
        return results

    def check_once(self) -> Verdict:
        """Result for this environment; the self-test runs when there is none yet."""
        known = verdict_here(self.context)
        if known is not Verdict.UNCHECKED:
            return known
        passed_at = self.passed.recall(describe_environment().fingerprint)
        if passed_at is None:
            return verdict_of(self.run())
        message = f"The self-test of this environment passed on {passed_at:%Y-%m-%d}."
        before = [CheckResult("remembered", Verdict.PASSED, message)]
        return self._conclude(self._begin("memory"), before, passed_at)

    def _begin(self, source: str) -> int:
        return self.context.begin(lambda _, stamp: SelfTest({"source": source}, stamp))

    def _conclude(
        self, activity_id: int, results: list[CheckResult], when: datetime | None = None
    ) -> Verdict:
        with self.context.closing(SelfTest, activity_id) as (_, test):
            return test.conclude(results, when)


@dataclass(frozen=True)
class EnvironmentGate:
    """Check of the environment before every sky run.

    Parameters
    ----------
    context : Context
    fields : FieldMaker or None
        Who makes the fields of a self-test; without one none can run.
    """

    context: Context
    fields: FieldMaker | None = None

    def remark(self, *, selftest: bool = True) -> str | None:
        """A finding for every run, or None when there is nothing to remark.

        Parameters
        ----------
        selftest : bool
            False when the user has refused a self-test for these runs: an environment
            that was not checked is then remarked on.
        """
        policy = SelfTestPolicy.configured()
        verdict = self._verdict(policy, selftest=selftest)
        if verdict is Verdict.FAILED:
            return f"The self-test of this environment failed: {self._failures()}"
        is_silenced = selftest and policy is SelfTestPolicy.NEVER
        if verdict is Verdict.PASSED or is_silenced:
            return None
        return "This environment was not checked; run `skydb doctor`."

    def _verdict(self, policy: SelfTestPolicy, *, selftest: bool) -> Verdict:
        if self.fields is None or not selftest or policy is SelfTestPolicy.NEVER:
            return verdict_here(self.context)
        doctor = DoctorService(self.context, self.fields)
        if policy is SelfTestPolicy.ALWAYS:
            return verdict_of(doctor.run())
        return doctor.check_once()

    def _failures(self) -> str:
        newest = (
            select(SelfTest.id)
            .join(Environment, Environment.id == SelfTest.environment_id)
            .where(Environment.fingerprint == describe_environment().fingerprint)
            .order_by(SelfTest.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        failed = (
            select(SelfTestCheck.check, SelfTestCheck.detail)
            .where(SelfTestCheck.activity_id == newest, SelfTestCheck.verdict != Verdict.PASSED)
            .order_by(SelfTestCheck.id)
        )
        with self.context.store.reading() as session:
            answers = [f"{check}: {detail}" for check, detail in session.execute(failed)]
        return " ".join(answers) or "see `skydb doctor`."


def verdict_here(context: Context) -> Verdict:
    """Recorded result for this environment."""
    with context.store.writing() as session:
        environment = remember_environment(session)
        session.commit()
        return environment.verdict
