"""Execution of a task, in this process or in that of a worker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import NotFoundError, StateError
from skydb.services.core import Context, connect
from skydb.services.skies.engines.choice import engine_for
from skydb.services.skies.executors.base import LedgerAddress, SkyTask
from skydb.services.skies.executors.claims import attempted, claim, still_running
from skydb.services.skies.recipe import RunInputs


def perform(
    context: Context,
    runner: DrizzlepacRunner,
    task: SkyTask,
    worker: str,
    inputs: RunInputs | None = None,
) -> None:
    """Claim the runs of a task, do those that have not ended, and record how it went.

    Parameters
    ----------
    context : Context
    runner : DrizzlepacRunner
    task : SkyTask
    worker : str
        Who does it.
    inputs : RunInputs, optional
        Of the runs; taken from the ledger when left out.
    """
    claims = claim(context, task.run_ids, worker)
    if not claims:
        return
    mine = replace(context, attempt=max(claims.values()))
    engine, _ = engine_for(mine, runner, task.request)
    with attempted(context, claims):
        try:
            engine.execute(list(claims), inputs)
        except StateError:
            # Somebody who was thought to be lost has recorded the runs in the meantime.
            if still_running(context, list(claims)):
                raise


def perform_elsewhere(ledger: LedgerAddress, task: SkyTask, worker: str) -> None:
    """Do a task in a process that was given only documents.

    When that process receives a signal, the runs stay open for another one.

    Raises
    ------
    NotFoundError
        When the data root is not to be seen from here.
    """
    if not Path(ledger.data).is_dir():
        raise NotFoundError(
            f"{worker} does not see the data root {ledger.data}.",
            advice="Keep it on a file system that all workers share.",
        )
    context = replace(connect(ledger.url, ledger.data), moves_on=True)
    try:
        perform(context, DrizzlepacRunner(), task, worker)
    finally:
        context.store.engine.dispose()
