"""Activities: work that ran, the versions it used and generated, its host and its findings.

The names follow W3C PROV and the IVOA Provenance Data Model: an activity *used*
entities and *generated* others; here the entities are product versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from skydb.domain.activitystatus import OPEN
from skydb.domain.base import Base, Key, add_beside, choice, sparse_index, utc_now
from skydb.domain.fingerprint import fingerprint
from skydb.domain.process import Process
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import (
    ActivityKind,
    ActivityStatus,
    FindingKind,
    LinkRole,
    Verdict,
)
from skydb.errors import StateError

if TYPE_CHECKING:
    from skydb.domain.solution import AlignmentSolution


class Environment(Base):
    """Python and every package version that can change a result.

    Parameters
    ----------
    python_version : str
        Such as ``3.11.7``.
    packages : mapping of str to str
        Distribution name to version.
    """

    __tablename__ = "environments"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    python_version: Mapped[str] = mapped_column(String(16))
    platform: Mapped[str] = mapped_column(String(64))
    packages: Mapped[dict[str, Any]]
    verdict: Mapped[Verdict] = mapped_column(choice(Verdict))
    first_seen_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]

    def __init__(self, python_version: str, platform: str, packages: Mapping[str, str]) -> None:
        self.python_version = python_version
        self.platform = platform
        self.packages = dict(packages)
        self.fingerprint = self.fingerprint_of(python_version, platform, packages)
        self.verdict = Verdict.UNCHECKED
        self.first_seen_at = utc_now()

    @staticmethod
    def fingerprint_of(python_version: str, platform: str, packages: Mapping[str, str]) -> str:
        """Identity of an environment: the same versions, the same fingerprint."""
        return fingerprint(
            {"python": python_version, "platform": platform, "packages": dict(packages)}
        )

    def record_verdict(self, verdict: Verdict, when: datetime | None = None) -> None:
        """Record the verdict of the self-test and its time, by default now."""
        self.verdict = verdict
        self.checked_at = when or utc_now()


@dataclass(frozen=True)
class Stamp:
    """The user, skydb version, environment and process with which an activity started."""

    agent: str
    skydb_version: str
    environment: Environment | None = None
    process: Process | None = None

    @property
    def tool_version(self) -> str | None:
        """Version of drizzlepac in the environment."""
        packages = self.environment.packages if self.environment else {}
        return f"drizzlepac {packages['drizzlepac']}" if "drizzlepac" in packages else None


class Activity(Base):
    """Anything that ran.

    Parameters
    ----------
    parameters : mapping
        What it was asked to do, as JSON.
    stamp : Stamp
        Who asked, and where it runs.
    """

    __tablename__ = "activities"
    __table_args__: tuple[Index, ...] = (
        sparse_index("imported_by_id"),
        Index(None, "status", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[ActivityKind] = mapped_column(choice(ActivityKind), index=True)
    status: Mapped[ActivityStatus] = mapped_column(choice(ActivityStatus))
    agent: Mapped[str] = mapped_column(String(64))
    skydb_version: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[dict[str, Any]]
    environment_id: Mapped[int | None] = mapped_column(ForeignKey("environments.id"), index=True)
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    """Who began it; None for what ran without skydb."""
    tool_version: Mapped[str | None] = mapped_column(String(64))
    imported_by_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    log_path: Mapped[str | None] = mapped_column(Text)
    deleted_at: Mapped[datetime | None]

    environment: Mapped[Environment | None] = relationship()
    process: Mapped[Process | None] = relationship()
    used: Mapped[list[Usage]] = relationship(
        back_populates="activity", cascade="all, delete-orphan"
    )
    generated: Mapped[list[Generation]] = relationship(
        back_populates="activity", cascade="all, delete-orphan"
    )
    solutions: Mapped[list[AlignmentSolution]] = relationship(
        back_populates="activity", order_by="AlignmentSolution.id"
    )
    findings: Mapped[list[Finding]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="Finding.id"
    )
    imported_by: Mapped[Activity | None] = relationship(remote_side=[id])

    __mapper_args__ = {"polymorphic_on": "kind"}

    def __init__(self, parameters: Mapping[str, Any], stamp: Stamp) -> None:
        self.parameters = dict(parameters)
        self.agent = stamp.agent
        self.skydb_version = stamp.skydb_version
        self.environment = stamp.environment
        self.process = stamp.process
        self.status = ActivityStatus.PENDING
        self.created_at = utc_now()

    def start(self) -> None:
        """Begin the work.

        Raises
        ------
        StateError
            When it has begun before.
        """
        self._require(ActivityStatus.PENDING, "start")
        self.status = ActivityStatus.RUNNING
        self.started_at = utc_now()

    def succeed(self) -> None:
        """End the work well.

        Raises
        ------
        StateError
            When it is not running.
        """
        self._require(ActivityStatus.RUNNING, "succeed")
        self.status = ActivityStatus.SUCCEEDED
        self.finished_at = utc_now()

    def fail(self, error: str, log_path: str | None = None) -> None:
        """End the work badly and keep why.

        Raises
        ------
        StateError
            When it is not running.
        """
        self._require(ActivityStatus.RUNNING, "fail")
        self._end_badly(ActivityStatus.FAILED, error, log_path)

    def interrupt(self, error: str, log_path: str | None = None) -> None:
        """End work that was stopped by a signal or whose process died, and record the reason.

        Raises
        ------
        StateError
            When it has ended.
        """
        if self.status is not ActivityStatus.PENDING:
            self._require(ActivityStatus.RUNNING, "be interrupted")
        self._end_badly(ActivityStatus.INTERRUPTED, error, log_path)

    def use(
        self,
        version: ProductVersion,
        role: LinkRole = LinkRole.SCIENCE,
        *,
        reason: str | None = None,
        passed_over: str | None = None,
    ) -> None:
        """Record that the activity read this version, why it was chosen and which were not."""
        usage = Usage(self, version, role)
        usage.reason = reason
        usage.passed_over = passed_over

    @property
    def inputs(self) -> list[ProductVersion]:
        """The file versions that the activity read, in order of their names."""
        return sorted((link.version for link in self.used), key=lambda one: one.subject)

    def generate(self, version: ProductVersion, role: LinkRole) -> None:
        """Record that the activity made this version."""
        Generation(self, version, role)

    def notice(self, kind: FindingKind, subject: str, message: str) -> Finding:
        """Record a problem that an exit status does not show."""
        return Finding(self, kind, subject, message)

    @property
    def seconds(self) -> float | None:
        """Wall time from start to finish."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def stamp(self) -> Stamp:
        """User, environment and process, for activities that start together with this one."""
        return Stamp(self.agent, self.skydb_version, self.environment, self.process)

    @property
    def ended_badly(self) -> bool:
        """Whether it ended without success."""
        return self.status in (ActivityStatus.FAILED, ActivityStatus.INTERRUPTED)

    def _end_badly(self, status: ActivityStatus, error: str, log_path: str | None) -> None:
        self.status = status
        self.error = error
        self.log_path = log_path or self.log_path
        self.finished_at = utc_now()

    def _require(self, status: ActivityStatus, verb: str) -> None:
        if self.status is not status:
            raise StateError(
                f"Activity {self.id} ({self.kind}) is {self.status} and cannot {verb}.",
                advice="Begin a new one.",
            )


class IngestActivity(Activity):
    """Files were read and recorded."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.INGEST}


class CatalogImport(Activity):
    """A reference catalogue was read or queried."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.CATALOG}


class DownloadActivity(Activity):
    """Products were asked of an archive; each attempt is a Download."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.DOWNLOAD}


class VersionLink(Base):
    """Link of an activity and a version, with its role."""

    __abstract__ = True

    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[int] = mapped_column(
        ForeignKey("product_versions.id"), primary_key=True, index=True
    )
    role: Mapped[LinkRole] = mapped_column(choice(LinkRole))

    def __init__(self, activity: Activity, version: ProductVersion, role: LinkRole) -> None:
        # Set from this side, so that a long list of links is never loaded to add one.
        self.activity = activity
        self.version = version
        self.role = role
        add_beside(activity, self)

    @declared_attr
    def version(cls) -> Mapped[ProductVersion]:  # noqa: N805 - SQLAlchemy passes the class
        """The version that was read or made."""
        return relationship()


class Usage(VersionLink):
    """W3C PROV *used*: an activity read a version."""

    __tablename__ = "activity_used"

    reason: Mapped[str | None] = mapped_column(Text)
    passed_over: Mapped[str | None] = mapped_column(Text)

    activity: Mapped[Activity] = relationship(back_populates="used")


class Generation(VersionLink):
    """W3C PROV *wasGeneratedBy*: an activity made a version."""

    __tablename__ = "activity_generated"

    activity: Mapped[Activity] = relationship(back_populates="generated")


class Finding(Base):
    """A problem that an activity found and its exit status does not show.

    Parameters
    ----------
    activity : Activity
        What noticed it.
    kind : FindingKind
        What sort of thing.
    subject : str
        File, rootname or run that it is about.
    message : str
        What was seen and what it means.
    """

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[FindingKind] = mapped_column(choice(FindingKind), index=True)
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    noticed_at: Mapped[datetime]

    activity: Mapped[Activity] = relationship(back_populates="findings")

    def __init__(self, activity: Activity, kind: FindingKind, subject: str, message: str) -> None:
        self.activity = activity
        self.kind = kind
        self.subject = subject
        self.message = message
        self.noticed_at = utc_now()
        add_beside(activity, self)

    @property
    def sentence(self) -> str:
        """Message, with the subject before it unless that is the run or in the message."""
        is_named = self.subject == "inputs" or self.subject in self.message
        of_run = self.subject.startswith("run ")
        return self.message if is_named or of_run else f"{self.subject}: {self.message}"
