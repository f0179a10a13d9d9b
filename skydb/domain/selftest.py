"""Results of the self-test of an environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity
from skydb.domain.base import Base, Key, choice
from skydb.domain.vocabulary import ActivityKind, Verdict
from skydb.errors import StateError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One question to an environment, and the answer.

    Parameters
    ----------
    check : str
        Question, e.g. ``footprints UVIS``.
    verdict : Verdict
        FAILED, or UNCHECKED when it could not run.
    detail : str
        What was measured; of a failure, its cause and its cure.
    """

    check: str
    verdict: Verdict
    detail: str


def verdict_of(results: Iterable[CheckResult]) -> Verdict:
    """PASSED when everything was asked and answered well, else FAILED."""
    verdicts = [result.verdict for result in results]
    good = bool(verdicts) and all(verdict is Verdict.PASSED for verdict in verdicts)
    return Verdict.PASSED if good else Verdict.FAILED


class SelfTest(Activity):
    """One run of ``skydb doctor`` on the environment of its stamp."""

    checks: Mapped[list[SelfTestCheck]] = relationship(
        back_populates="self_test", cascade="all, delete-orphan", order_by="SelfTestCheck.id"
    )

    __mapper_args__ = {"polymorphic_identity": ActivityKind.SELF_TEST}

    def conclude(self, results: Iterable[CheckResult], when: datetime | None = None) -> Verdict:
        """Record the answers and the verdict on the environment.

        Parameters
        ----------
        results : iterable of CheckResult
            All answers.
        when : datetime, optional
            When they were given, of answers that were given before; now by default.

        Raises
        ------
        StateError
            When the test is not running, or has no environment.
        """
        answers = list(results)
        if self.environment is None:
            raise StateError(f"Self-test {self.id} has no environment.")
        self.checks = [SelfTestCheck(answer) for answer in answers]
        verdict = verdict_of(answers)
        self.environment.record_verdict(verdict, when)
        self.succeed()
        return verdict


class SelfTestCheck(Base):
    """One answer of a self-test."""

    __tablename__ = "self_test_checks"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), index=True
    )
    check: Mapped[str] = mapped_column("check_name", String(64))
    verdict: Mapped[Verdict] = mapped_column(choice(Verdict))
    detail: Mapped[str] = mapped_column(Text)

    self_test: Mapped[SelfTest] = relationship(back_populates="checks")

    def __init__(self, result: CheckResult) -> None:
        self.check = result.check
        self.verdict = result.verdict
        self.detail = result.detail
