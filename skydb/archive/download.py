"""Downloads over HTTP: resumed after a break, checked before they are used."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Protocol

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from skydb.archive.mast import SERVICE, MastClient, MastProduct
from skydb.archive.partial import Partial, Validators
from skydb.archive.session import PASSING_CODES, explain, is_passing
from skydb.domain.vocabulary import DownloadStatus
from skydb.errors import ArchiveError, FileRejectedError, StateError
from skydb.files.checksum import sha256_of
from skydb.files.integrity import check_arrival

_CHUNK_BYTES = 1 << 16
#: A server slower than this over a whole time limit counts as not answering.
_LEAST_BYTES_PER_S = 1024
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_NEEDS_TOKEN = frozenset({401, 403})


class TransferError(ArchiveError):
    """An attempt that gave no usable file.

    Parameters
    ----------
    what : str
        What happened.
    status : DownloadStatus
        FAILED, or CORRUPT when bytes came that cannot be used.
    is_passing : bool
        Whether another attempt makes sense.
    received_bytes : int, optional
        Bytes that are there.
    """

    def __init__(
        self,
        what: str,
        *,
        status: DownloadStatus = DownloadStatus.FAILED,
        is_passing: bool = True,
        received_bytes: int | None = None,
        advice: str = "",
    ) -> None:
        self.status = status
        self.is_passing = is_passing
        self.received_bytes = received_bytes
        super().__init__(SERVICE, what, advice=advice)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A whole file that was checked, not yet under its final name."""

    path: Path
    size_bytes: int
    sha256: str
    etag: str | None


class Listener(Protocol):
    """Receiver of the attempts to get one file."""

    def started(self, attempt: int) -> None:
        """An attempt begins, counted from 1."""

    def failed(self, error: TransferError) -> None:
        """It ended badly."""

    def moved(self, arrived_bytes: int) -> None:
        """Bytes of this attempt arrived, or were there from an earlier one."""


@dataclass(frozen=True)
class Downloader:
    """Gets files from MAST into a directory of partial files.

    Safe between threads.

    Parameters
    ----------
    client : MastClient
        Where the files are, and how to ask.
    directory : Path
        Where partial files are kept.
    session : requests.Session
        As :meth:`MastClient.open_session` makes them.
    attempts : int
        How often a file is tried.
    first_wait_s, longest_wait_s : float
        Bounds of the random wait between attempts, which grows.
    stop : threading.Event
        Set to end everything soon.
    """

    client: MastClient
    directory: Path
    session: requests.Session
    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    stop: threading.Event = field(default_factory=threading.Event)

    def download(self, product: MastProduct, listener: Listener) -> Arrival:
        """Get a file, in several attempts if need be.

        Raises
        ------
        TransferError
            What ended the last attempt.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(multiplier=self.first_wait_s, max=self.longest_wait_s),
            retry=retry_if_exception(self._is_worth_another),
            sleep=self._sleep,
            reraise=True,
        )
        numbers = iter(range(1, self.attempts + 1))
        return retrying(lambda: self._listened(product, next(numbers), listener))

    def current(self, product: MastProduct) -> Validators:
        """Ask for the archive's identifiers of its present version of a file.

        Raises
        ------
        TransferError
            When it does not say.
        """
        url = self.client.download_url(product.uri)
        try:
            response = self.session.head(url, allow_redirects=True)
            response.raise_for_status()
        except requests.RequestException as error:
            raise self._refused(error) from error
        return _validators(response)

    def partial(self, product: MastProduct) -> Partial:
        """Locate the bytes of a product that have arrived."""
        return Partial.of(self.directory, product.uri)

    def tidy(self, product: MastProduct) -> None:
        """Remove the parts that a killed process left of a file that is complete."""
        partial = self.partial(product)
        with contextlib.suppress(StateError), partial.locked():
            partial.discard()

    def _sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _is_worth_another(self, error: BaseException) -> bool:
        passing = isinstance(error, TransferError) and error.is_passing
        return passing and not self.stop.is_set()

    def _listened(self, product: MastProduct, number: int, listener: Listener) -> Arrival:
        listener.started(number)
        try:
            return self._attempt(product, listener)
        except TransferError as error:
            listener.failed(error)
            raise

    def _attempt(self, product: MastProduct, listener: Listener) -> Arrival:
        try:
            partial = self.partial(product)
            with partial.locked():
                transfer = Transfer(product, partial, listener, self.stop, self.client.timeout_s)
                with self._request(product, partial) as response:
                    transfer.receive(response)
                return transfer.checked()
        except requests.RequestException as error:
            raise self._refused(error) from error
        except StateError as error:
            raise TransferError(error.what) from error
        except OSError as error:
            if isinstance(error, ArchiveError):
                raise
            what = f"{product.filename} cannot be written ({error.strerror or error})"
            raise TransferError(what, is_passing=False) from error

    def _request(self, product: MastProduct, partial: Partial) -> requests.Response:
        # Sizes and ranges are those of the file only when nothing packs it on the way.
        headers = {"Accept-Encoding": "identity"}
        validator = partial.validators().for_range
        if partial.size_bytes and validator:
            headers |= {"Range": f"bytes={partial.size_bytes}-", "If-Range": validator}
        url = self.client.download_url(product.uri)
        return self.session.get(url, headers=headers, stream=True)

    def _refused(self, error: requests.RequestException) -> TransferError:
        what = self.client.redact(explain(error))
        return TransferError(what, is_passing=is_passing(error))


@dataclass
class Transfer:
    """One answer of the archive, received into a partial file."""

    product: MastProduct
    partial: Partial
    listener: Listener
    stop: threading.Event
    patience_s: float
    due_bytes: int | None = None

    def receive(self, response: requests.Response) -> None:
        """Append the body of the answer, or start again when it is another version of the file.

        Raises
        ------
        TransferError
            When it is no part of the file, or breaks off.
        """
        match response.status_code:
            case 206:
                self._resume(response)
            case 200:
                self._restart(response)
            case 416:
                self._beyond_the_end(response)
                return
            case code:
                raise _bad_answer(response, is_passing=code in PASSING_CODES)
        self._require_listed_size()
        self._copy(response)

    def checked(self) -> Arrival:
        """The file, when it is whole and what its name says.

        Raises
        ------
        TransferError
            When it is not; a damaged one is thrown away.
        """
        size, due = self.partial.size_bytes, self._due
        if due is not None and size < due:
            what = f"broke off after {size} of {due} bytes"
            raise TransferError(what, received_bytes=size)
        try:
            check_arrival(self.partial.path, self.product.filename)
        except FileRejectedError as error:
            raise self._corrupt(error.reason) from error
        etag = self.partial.validators().etag
        return Arrival(self.partial.path, size, sha256_of(self.partial.path), etag)

    @property
    def _due(self) -> int | None:
        return self.product.size_bytes if self.due_bytes is None else self.due_bytes

    def _resume(self, response: requests.Response) -> None:
        start, self.due_bytes = _content_range(response)
        had, etag = self.partial.validators().etag, _validators(response).etag
        if start != self.partial.size_bytes or (had and etag and had != etag):
            raise self._corrupt("sent another part of the file than was asked for")
        self.listener.moved(self.partial.size_bytes)

    def _restart(self, response: requests.Response) -> None:
        length = response.headers.get("Content-Length", "")
        self.due_bytes = int(length) if length.isdigit() else None
        self.partial.begin(_validators(response))

    def _beyond_the_end(self, response: requests.Response) -> None:
        """Finish a complete file, or start again when the bytes are those of another version."""
        _, self.due_bytes = _content_range(response)
        if self.due_bytes is None or self.due_bytes != self.partial.size_bytes:
            raise self._corrupt("has not the file that a part of is here")
        self._require_listed_size()
        self.listener.moved(self.partial.size_bytes)

    def _require_listed_size(self) -> None:
        listed = self.product.size_bytes
        if listed is not None and self.due_bytes is not None and self.due_bytes != listed:
            raise self._corrupt(f"lists {listed} bytes but sends {self.due_bytes}")

    def _copy(self, response: requests.Response) -> None:
        pace = Pace(self.patience_s)
        with self.partial.appending() as target:
            try:
                while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                    _write(target, chunk)
                    self.listener.moved(len(chunk))
                    self._go_on(pace, len(chunk))
            except urllib3.exceptions.ReadTimeoutError as error:
                raise self._broken("stopped sending") from error
            except urllib3.exceptions.HTTPError as error:
                raise self._broken("broke off") from error

    def _go_on(self, pace: Pace, chunk_bytes: int) -> None:
        if self.stop.is_set():
            raise self._broken("was interrupted")
        if not pace.is_kept(chunk_bytes):
            raise self._broken("became too slow")
        if self._due is not None and self.partial.size_bytes > self._due:
            raise self._corrupt(f"sends more than {self._due} bytes")

    def _broken(self, how: str) -> TransferError:
        size = self.partial.size_bytes
        of = "" if self._due is None else f" of {self._due}"
        return TransferError(f"{how} after {size}{of} bytes", received_bytes=size)

    def _corrupt(self, what: str) -> TransferError:
        size = self.partial.size_bytes
        self.partial.discard()
        return TransferError(what, status=DownloadStatus.CORRUPT, received_bytes=size)


@dataclass
class Pace:
    """Test that bytes arrive fast enough for the transfer to end."""

    patience_s: float
    now_s: Callable[[], float] = time.monotonic
    _since_s: float = field(init=False)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self._since_s = self.now_s()

    def is_kept(self, chunk_bytes: int) -> bool:
        """Count a chunk; False when too little arrived over a whole time limit."""
        self._bytes += chunk_bytes
        passed_s = self.now_s() - self._since_s
        if passed_s < self.patience_s:
            return True
        is_enough = self._bytes >= _LEAST_BYTES_PER_S * passed_s
        self._since_s, self._bytes = self.now_s(), 0
        return is_enough


def _write(target: FileIO, chunk: bytes) -> None:
    """Write all of it: an unbuffered file may take less at a time."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[target.write(rest) :]


def _validators(response: requests.Response) -> Validators:
    etag = response.headers.get("ETag")
    # Longer ones do not identify a file version, and have no room in the ledger.
    return Validators(
        etag if etag and len(etag) <= 255 else None, response.headers.get("Last-Modified")
    )


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """First byte and size of the whole file; None where the answer does not have them."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        return None, None
    first, total = found.groups()
    return int(first) if first else None, None if total == "*" else int(total)


def _bad_answer(response: requests.Response, *, is_passing: bool) -> TransferError:
    code = response.status_code
    advice = ""
    if code in _NEEDS_TOKEN:
        advice = "Data that are not public yet need a token of yours in MAST_API_TOKEN."
    what = f"answered {code} {response.reason or ''}".rstrip()
    return TransferError(what, is_passing=is_passing, advice=advice)
