"""Processes that do the work, identified so that no other is taken for one of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Base, Key, utc_now
from skydb.domain.processmark import ProcessIdentity


class Process(Base):
    """A process that began activities or took on attempts; one row each.

    Parameters
    ----------
    identity : ProcessIdentity
        Which one.
    """

    __tablename__ = "processes"
    __table_args__ = (Index(None, "pid", "host"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    machine: Mapped[str | None] = mapped_column(String(64))
    boot_id: Mapped[str | None] = mapped_column(String(64))
    namespace: Mapped[str | None] = mapped_column(String(64))
    pid: Mapped[int] = mapped_column(BigInteger)
    started_s: Mapped[float]
    first_seen_at: Mapped[datetime]

    def __init__(self, identity: ProcessIdentity) -> None:
        self.host = identity.host
        self.machine = identity.machine
        self.boot_id = identity.boot_id
        self.namespace = identity.namespace
        self.pid = identity.pid
        self.started_s = identity.started_s
        self.first_seen_at = utc_now()

    @property
    def identity(self) -> ProcessIdentity:
        """Number, machine and start of the process."""
        return ProcessIdentity(
            self.host, self.machine, self.boot_id, self.namespace, self.pid, self.started_s
        )

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"
