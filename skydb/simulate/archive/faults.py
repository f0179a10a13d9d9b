"""Failures of an archive, on demand."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import UnionType
from typing import Any, Self, get_args, get_type_hints

from skydb.errors import UsageError

#: File names that a product list must never make a client write: the parent, an absolute
#: path, a NUL, 5000 characters, the directory itself, and the other separator.
HOSTILE_NAMES = (
    "../../x",
    "/etc/x",
    "x\0y_flt.fits",
    "x" * 4991 + "_flt.fits",
    "..",
    "..\\x_flt.fits",
)


class Service(StrEnum):
    """A service of the archive."""

    PORTAL = "portal"
    """MAST queries: observations and products."""
    DOWNLOAD = "download"
    """MAST files."""
    GSSS = "gsss"
    """The catalogue service that drizzlepac asks."""
    GAIA = "gaia"
    """Gaia's TAP service."""


class Fault(StrEnum):
    """One way to misbehave; :data:`APPLIES` says which services can do it."""

    HTTP_ERROR = "http_error"
    """Answer ``status`` (503) instead."""
    SLOW = "slow"
    """Wait ``delay_s`` before the answer; send its body at ``bytes_per_s``."""
    DOWN = "down"
    """Close the connection without an answer."""
    DROPPED = "dropped"
    """Close the connection after ``after_bytes`` of the body (half of it)."""
    TRUNCATED = "truncated"
    """A whole answer, with only the first ``after_bytes`` of the file (half of it)."""
    WRONG_SIZE = "wrong_size"
    """The product list announces ``size`` (2880 bytes more than there are)."""
    WRONG_CONTENT = "wrong_content"
    """Right size, but not the file: an HTML page, padded."""
    CORRUPTED = "corrupted"
    """Right size, and one byte in the middle is another: only a checksum shows it."""
    EMPTY = "empty"
    """No rows, or a file without bytes."""
    MORE_ROWS = "more_rows"
    """Gaia answers with ``rows`` (10) rows more than TOP allows."""
    ROW_CAP = "row_cap"
    """Not more than ``rows`` (10) rows, without a message."""
    EPOCH_REFUSED = "epoch_refused"
    """GSSS fails whenever EPOCH is given; drizzlepac then repeats the request without it."""
    EPOCH_IGNORED = "epoch_ignored"
    """GSSS answers with positions of the catalogue's epoch, and claims the one that was asked."""
    HOSTILE_NAMES = "hostile_names"
    """Each product list has rows more, with ``names`` (:data:`HOSTILE_NAMES`)."""
    JOB_ERROR = "job_error"
    """Gaia accepts the query, then the job ends in phase ERROR."""


_ROWS = frozenset({Service.PORTAL, Service.GSSS, Service.GAIA})

#: Services that can commit each fault.
APPLIES: dict[Fault, frozenset[Service]] = {
    Fault.HTTP_ERROR: frozenset(Service),
    Fault.SLOW: frozenset(Service),
    Fault.DOWN: frozenset(Service),
    Fault.DROPPED: frozenset(Service),
    Fault.TRUNCATED: frozenset({Service.DOWNLOAD}),
    Fault.WRONG_SIZE: frozenset({Service.PORTAL}),
    Fault.WRONG_CONTENT: frozenset({Service.DOWNLOAD}),
    Fault.CORRUPTED: frozenset({Service.DOWNLOAD}),
    Fault.EMPTY: frozenset(Service),
    Fault.MORE_ROWS: frozenset({Service.GAIA}),
    Fault.ROW_CAP: _ROWS,
    Fault.EPOCH_REFUSED: frozenset({Service.GSSS}),
    Fault.EPOCH_IGNORED: frozenset({Service.GSSS}),
    Fault.HOSTILE_NAMES: frozenset({Service.PORTAL}),
    Fault.JOB_ERROR: frozenset({Service.GAIA}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """One fault, where it happens and how often.

    Parameters
    ----------
    fault : Fault
        What goes wrong.
    service : Service or None
        Where; None for every service that can do it.
    product : str or None
        Name of the only file concerned, of the product list or of the downloads.
    times : int or None
        Number of answers spoilt before the service behaves again; None for all.
        Faults of a file's bytes are counted by GET, the others by HEAD too.
    status, delay_s, bytes_per_s, after_bytes, size, rows, names
        As the fault says.

    Raises
    ------
    UsageError
        When the service cannot do that, or a number makes no sense.
    """

    fault: Fault
    service: Service | None = None
    product: str | None = None
    times: int | None = None
    status: int = 503
    delay_s: float = 0.0
    bytes_per_s: float | None = None
    after_bytes: int | None = None
    size: int | None = None
    rows: int = 10
    names: tuple[str, ...] = HOSTILE_NAMES

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(f"The archive cannot misbehave like that: {problem}.")

    def _problems(self) -> list[str]:
        checks = {
            f"{self.service} cannot do {self.fault}": self.service is None
            or self.service in APPLIES[self.fault],
            "times must be positive": self.times is None or self.times > 0,
            "status must be from 400 to 599": 400 <= self.status <= 599,
            "a delay cannot be negative": self.delay_s >= 0,
            "a rate must be positive": self.bytes_per_s is None or self.bytes_per_s > 0,
            "bytes and rows cannot be negative": min(
                self.after_bytes or 0, self.size or 0, self.rows
            )
            >= 0,
        }
        return [text for text, is_fine in checks.items() if not is_fine]

    def concerns(self, service: Service, products: Collection[str]) -> bool:
        """Whether it spoils an answer of this service about these products."""
        if service not in APPLIES[self.fault] or self.service not in (None, service):
            return False
        return self.product is None or self.product in products

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a misbehaviour from names and plain values, as ``/_control/misbehave`` takes them.

        Raises
        ------
        UsageError
            When a name is unknown or a value is not of its kind.
        """
        if not isinstance(data, Mapping):
            raise UsageError("A misbehaviour is an object with a fault.")
        kinds = get_type_hints(cls)
        unknown = set(data) - {item.name for item in fields(cls)}
        if unknown or "fault" not in data:
            raise UsageError(f"A misbehaviour has a fault and any of {', '.join(kinds)}.")
        return cls(**{name: _convert(name, kinds[name], value) for name, value in data.items()})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a misbehaviour from ``FAULT[,NAME=VALUE...]``, as the command line has it.

        Raises
        ------
        UsageError
            As :meth:`from_json`.
        """
        fault, *rest = text.split(",")
        pairs = [item.partition("=")[::2] for item in rest]
        return cls.from_json({"fault": fault, **dict(pairs)})


def _convert(name: str, kind: Any, value: Any) -> Any:  # noqa: ANN401 - any kind of field
    if value is None:
        return None
    if kind == tuple[str, ...]:
        return tuple(map(str, value))
    wanted = (get_args(kind) if isinstance(kind, UnionType) else (kind,))[0]
    try:
        return wanted(value)
    except (TypeError, ValueError) as error:
        known = ", ".join(wanted) if issubclass(wanted, StrEnum) else "a number"
        raise UsageError(
            f"{name.capitalize()} of a misbehaviour: {value!r} is none.", advice=f"Give {known}."
        ) from error


@dataclass(slots=True)
class Misbehaviours:
    """The active misbehaviours; safe between threads."""

    _active: list[tuple[Misbehaviour, int | None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, misbehaviour: Misbehaviour) -> None:
        """Misbehave so from now on."""
        with self._lock:
            self._active.append((misbehaviour, misbehaviour.times))

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._active.clear()

    def peek(
        self, faults: Collection[Fault], service: Service, products: Collection[str] = ()
    ) -> Misbehaviour | None:
        """The misbehaviour that spoils this answer, without using up one of its times."""
        with self._lock:
            index = self._index(faults, service, products)
            return None if index is None else self._active[index][0]

    def take(
        self, faults: Collection[Fault], service: Service, products: Collection[str] = ()
    ) -> Misbehaviour | None:
        """The misbehaviour that spoils this answer; one of its times is used up."""
        with self._lock:
            index = self._index(faults, service, products)
            if index is None:
                return None
            misbehaviour, left = self._active[index]
            if left is not None:
                self._active[index : index + 1] = [(misbehaviour, left - 1)] if left > 1 else []
            return misbehaviour

    def _index(
        self, faults: Collection[Fault], service: Service, products: Collection[str]
    ) -> int | None:
        for index, (misbehaviour, _) in enumerate(self._active):
            if misbehaviour.fault in faults and misbehaviour.concerns(service, products):
                return index
        return None
