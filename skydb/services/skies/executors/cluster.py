"""Tasks on a Dask distributed cluster, with PostgreSQL as the ledger that all share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skydb.errors import ExecutorError, Interrupted, UsageError
from skydb.interruption import check, held, reason, stopped_when
from skydb.services.core import interrupted_by
from skydb.services.skies.executors.base import LedgerAddress, Piece, SkyTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client, Future

SCHEME = "dask://"

_SCHEDULER_GONE = "the scheduler was lost"

#: States of a worker that is being stopped.
_LEAVING = ("closing", "closed", "failed", "stopping", "closing_gracefully")

#: Longest that a scheduler may take to answer.
_CONNECT_TIMEOUT_S = 20


@dataclass(frozen=True)
class DaskExecutor:
    """Sends tasks to the workers of a cluster.

    A worker that goes away has its tasks done by another one, which claims the runs and so
    records the loss. Workers need the same skydb, one thread each, and the data root under
    the same path.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` of the scheduler.

    Raises
    ------
    UsageError
        When it is not such an address.
    """

    address: str

    def __post_init__(self) -> None:
        host, _, port = self.address.removeprefix(SCHEME).rpartition(":")
        if not self.address.startswith(SCHEME) or not host or not port.isdigit():
            raise UsageError(
                f"{self.address!r} is not an executor.", advice="Use dask://HOST:PORT, or leave it."
            )

    def run(self, pieces: Sequence[Piece], ledger: LedgerAddress) -> None:
        """Do the work; see :class:`.Executor`.

        Raises
        ------
        UsageError
            When the ledger is one that other machines cannot write to.
        ExecutorError
            When there is no scheduler, or distributed is not installed.
        """
        if not ledger.url.startswith("postgresql"):
            raise UsageError(
                "A cluster needs a ledger in PostgreSQL.",
                advice="`skydb db copy` moves a ledger there.",
            )
        with _client(self.address) as client:
            _submit_all(client, pieces, ledger)


def _submit_all(client: Client, pieces: Sequence[Piece], ledger: LedgerAddress) -> None:
    from distributed import as_completed

    document = {"url": ledger.url, "data": ledger.data}
    waiting: dict[Future[None], Piece] = {}
    left = {id(piece): piece for piece in pieces}
    try:
        for piece in pieces:
            waiting[_submit(client, document, piece.begin())] = piece
        for future in as_completed(list(waiting), loop=client.loop):
            # A task whose scheduler has ended has no exception in distributed, but a status.
            if future.status == "error":
                waiting[future].give_up(_described(future.exception()))
            if future.status in ("error", "finished"):
                del left[id(waiting.pop(future))]
    except (OSError, TimeoutError, asyncio.CancelledError) as error:
        why = f"{_SCHEDULER_GONE} ({type(error).__name__})"
    except BaseException as error:
        with held():
            by = reason(error)
            for piece in left.values() if by else ():
                piece.give_up(interrupted_by(by or ""), interrupted=True)
            # A run that a worker has begun ends there, and finds that its row has ended.
            with suppress(OSError, TimeoutError, asyncio.CancelledError):
                client.cancel(list(waiting))
        raise
    else:
        why = _SCHEDULER_GONE
    for piece in left.values():
        piece.give_up(why)


def _submit(client: Client, ledger: Mapping[str, str], task: SkyTask) -> Future[None]:
    return client.submit(perform_document, ledger, task.as_document(), key=task.name, pure=False)


def perform_document(ledger: Mapping[str, str], task: Mapping[str, Any]) -> None:
    """Do a task on a worker: open the ledger, claim the runs, do them, record.

    A worker that is stopped leaves the run to another one.
    """
    from distributed import Reschedule, get_worker

    from skydb.services.skies.executors.work import perform_elsewhere

    worker = get_worker()
    address = LedgerAddress(ledger["url"], ledger["data"])
    try:
        with stopped_when(lambda: worker.status.name in _LEAVING, "the end of the worker"):
            perform_elsewhere(address, SkyTask.from_document(task), str(worker.address))
            # An interrupted task may have ended without an exception.
            check()
    except Interrupted as error:
        raise Reschedule from error


def _described(error: BaseException) -> str:
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return f"the work was running when {error.allowed_failures + 1} workers died"
    return f"{type(error).__name__}: {error}".rstrip(": ")


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """A connection to a scheduler."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ExecutorError(
            "Dask distributed is not installed.",
            advice="Install it with `pip install skydb[dask]`.",
        ) from error
    server = "tcp://" + address.removeprefix(SCHEME)
    try:
        client = Client(server, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ExecutorError(
            f"No scheduler answers at {server}.", advice="Start one with `dask scheduler`."
        ) from error
    try:
        yield client
    finally:
        client.close()
