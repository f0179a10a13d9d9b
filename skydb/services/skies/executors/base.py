"""Work as a list of independent tasks, and its executors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from skydb.domain.vocabulary import Engine
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.services.core import Context
from skydb.services.skies.engines.choice import EngineRequest


@dataclass(frozen=True)
class SkyTask:
    """Runs of one field that were begun and are one piece of work, wherever it is done.

    Parameters
    ----------
    run_ids : tuple of int
        The runs: one method of AstroDrizzle, or all methods of the engine skydb.
    request : EngineRequest
        What computes them.
    """

    run_ids: tuple[int, ...]
    request: EngineRequest

    @property
    def name(self) -> str:
        """Unique among all tasks of a ledger."""
        return "skydb-runs-" + "-".join(str(run_id) for run_id in self.run_ids)

    def as_document(self) -> dict[str, Any]:
        """JSON-able."""
        engine = self.request.engine
        return {
            "run_ids": list(self.run_ids),
            "engine": engine.value if engine else None,
            "mosaic": self.request.mosaic,
            "jobs": self.request.jobs,
            "per_chip": self.request.per_chip,
            "settings": self.request.settings.as_parameters(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The task that a document is of."""
        engine = document["engine"]
        request = EngineRequest(
            Engine(engine) if engine else None,
            bool(document["mosaic"]),
            AstroDrizzleSettings.recalled(document["settings"]),
            int(document["jobs"]),
            per_chip=bool(document.get("per_chip")),
        )
        return cls(tuple(document["run_ids"]), request)


@dataclass(frozen=True)
class LedgerAddress:
    """Address with which another process opens the same ledger.

    Parameters
    ----------
    url : str
        Of the database, with its password.
    data : str
        Data root, which that process must see under the same path.
    """

    url: str
    data: str

    @classmethod
    def of(cls, context: Context) -> Self:
        """Address of the ledger of a context."""
        url = context.store.engine.url.render_as_string(hide_password=False)
        return cls(url, str(Path(context.workspace.root).resolve()))


class Piece(Protocol):
    """A piece of work that becomes a task when its runs are begun."""

    def begin(self) -> SkyTask:
        """Begin the runs, once, and name them."""

    def perform(self) -> None:
        """Begin the runs and do the task in this process."""

    def give_up(self, why: str, *, interrupted: bool = False) -> None:
        """End the runs that were not done; no worker will do them."""


class Executor(Protocol):
    """Does work and returns when all of it has ended, with or without success."""

    def run(self, pieces: Sequence[Piece], ledger: LedgerAddress) -> None:
        """Do the work.

        Parameters
        ----------
        pieces : sequence of Piece
            Independent of each other.
        ledger : LedgerAddress
            Where a task that is done elsewhere finds its rows.
        """
