"""The default: tasks beside each other on this machine, drizzlepac in processes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skydb.services.skies.executors.base import LedgerAddress, Piece
from skydb.threads import Threads


@dataclass(frozen=True)
class LocalExecutor:
    """Does tasks in this process, of which the heavy parts are subprocesses.

    Parameters
    ----------
    jobs : int
        Tasks beside each other.
    """

    jobs: int = 2

    def run(self, pieces: Sequence[Piece], ledger: LedgerAddress) -> None:
        """Do the work; see :class:`.Executor`."""
        with Threads(self.jobs, "skydb-run") as pool:
            futures = [pool.submit(piece.perform) for piece in pieces]
            for future in futures:
                future.result()
