"""Work as a list of independent tasks, and what takes it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from skydb.domain.vocabulary import Engine
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.services.context import Context
from skydb.services.engines.choice import EngineRequest


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
        settings = {**asdict(self.request.settings), "extra": dict(self.request.settings.extra)}
        engine = self.request.engine
        return {
            "run_ids": list(self.run_ids),
            "engine": engine.value if engine else None,
            "mosaic": self.request.mosaic,
            "jobs": self.request.jobs,
            "settings": settings,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The task that a document is of."""
        engine = document["engine"]
        request = EngineRequest(
            Engine(engine) if engine else None,
            bool(document["mosaic"]),
            AstroDrizzleSettings(**document["settings"]),
            int(document["jobs"]),
        )
        return cls(tuple(document["run_ids"]), request)


@dataclass(frozen=True)
class LedgerAddress:
    """How another process opens the same ledger.

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


class Executor(Protocol):
    """Takes on tasks and returns when all have ended, well or badly."""

    def run(
        self,
        tasks: Sequence[SkyTask],
        ledger: LedgerAddress,
        here: Callable[[SkyTask], None],
        lost: Callable[[SkyTask, str], None],
    ) -> None:
        """Do the work.

        Parameters
        ----------
        tasks : sequence of SkyTask
            Independent of each other.
        ledger : LedgerAddress
            Where a task that is done elsewhere finds its rows.
        here : callable
            Does a task in this process.
        lost : callable
            To be told of a task that nobody could do, and why.
        """
