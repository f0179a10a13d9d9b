"""Requests to an archive, and bytes sent."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from skydb.simulate.archive.faults import Fault, Service


@dataclass(frozen=True, slots=True)
class DownloadStats:
    """Requests for one URI, and the bytes of the file sent in answer.

    ``ranges`` counts those of the GETs that were answered with a part of the file.
    Bytes are counted as they leave: some were perhaps under way when a client died.
    """

    heads: int = 0
    gets: int = 0
    ranges: int = 0
    bytes_sent: int = 0


@dataclass(frozen=True, slots=True)
class ArchiveStats:
    """Everything counted since the start, or since the last reset.

    Parameters
    ----------
    requests : mapping
        Requests by name of the service.
    downloads : mapping
        By URI as asked, ``mast:HST/product/NAME``.
    faults : mapping
        Answers spoilt, by name of the fault.
    with_token : int
        Requests that carried a token; what it was is not kept.
    """

    requests: Mapping[str, int]
    downloads: Mapping[str, DownloadStats]
    faults: Mapping[str, int]
    with_token: int

    @property
    def bytes_sent(self) -> int:
        """Bytes of files sent, over all URIs."""
        return sum(one.bytes_sent for one in self.downloads.values())

    def of(self, product: str) -> DownloadStats:
        """Downloads of one product, given its name; zeros when it was never asked for."""
        found = (
            one for uri, one in self.downloads.items() if uri.rpartition("/product/")[2] == product
        )
        return next(found, DownloadStats())

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the total of bytes."""
        return {**asdict(self), "bytes_sent": self.bytes_sent}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of :meth:`to_json`."""
        downloads = {uri: DownloadStats(**one) for uri, one in data["downloads"].items()}
        return cls(data["requests"], downloads, data["faults"], data["with_token"])


@dataclass(slots=True)
class Counters:
    """Counts what happens; safe between threads."""

    _requests: Counter[Service] = field(default_factory=Counter)
    _faults: Counter[Fault] = field(default_factory=Counter)
    _downloads: dict[str, Counter[str]] = field(default_factory=dict)
    _with_token: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, service: Service, *, with_token: bool) -> None:
        """Count a request."""
        with self._lock:
            self._requests[service] += 1
            self._with_token += with_token

    def fault(self, fault: Fault) -> None:
        """Count a spoilt answer."""
        with self._lock:
            self._faults[fault] += 1

    def download(self, uri: str, **counts: int) -> None:
        """Add to ``heads``, ``gets``, ``ranges`` or ``bytes_sent`` of one URI."""
        with self._lock:
            self._downloads.setdefault(uri, Counter()).update(counts)

    def snapshot(self) -> ArchiveStats:
        """Copy the counts so far."""
        with self._lock:
            return ArchiveStats(
                {service.value: self._requests[service] for service in Service},
                {uri: DownloadStats(**counts) for uri, counts in self._downloads.items()},
                {fault.value: count for fault, count in self._faults.items()},
                self._with_token,
            )

    def reset(self) -> None:
        """Begin at zero again."""
        with self._lock:
            self._requests.clear()
            self._faults.clear()
            self._downloads.clear()
            self._with_token = 0
