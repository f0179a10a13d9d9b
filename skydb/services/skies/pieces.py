"""Runs of one field, as pieces of work that can be done anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy.orm import Session

from skydb.domain import SkyRun, Stamp
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.services.core import Context
from skydb.services.skies.engines.base import SkyEngine
from skydb.services.skies.engines.choice import EngineRequest, Remark
from skydb.services.skies.executors.base import SkyTask
from skydb.services.skies.executors.claims import fail_lost, this_process
from skydb.services.skies.executors.work import perform
from skydb.services.skies.recipe import Recipe, RunInputs, used_versions


@dataclass
class RunPiece:
    """Recipes that are one piece of work, and the runs that they become.

    Parameters
    ----------
    context : Context
    runner : DrizzlepacRunner
    request : EngineRequest
        What computes them.
    recipes : sequence of Recipe
        Of the same inputs.
    is_counted : bool
        Whether progress is by pieces; some engines report their own.
    """

    context: Context
    runner: DrizzlepacRunner
    request: EngineRequest
    recipes: Sequence[Recipe]
    is_counted: bool = True
    runs: dict[SkyMethod, int] = field(default_factory=dict)

    def begin(self) -> SkyTask:
        """Begin the runs, once, and name them."""
        if not self.runs:
            begun = self.context.begin_all(self._made)
            methods = [recipe.method for recipe in self.recipes]
            self.runs = dict(zip(methods, begun, strict=True))
        return SkyTask(tuple(self.runs.values()), self.request)

    def _made(self, session: Session, stamp: Stamp) -> list[SkyRun]:
        versions = used_versions(session, self.recipes[0].inputs)
        return [recipe.begin(session, stamp, versions) for recipe in self.recipes]

    def perform(self) -> None:
        """Begin the runs and do the task in this process."""
        inputs = self.recipes[0].inputs
        perform(self.context, self.runner, self.begin(), this_process(), inputs)
        self._count()

    def give_up(self, why: str, *, interrupted: bool = False) -> None:
        """End the runs that were not done; no worker will do them."""
        fail_lost(self.context, list(self.runs.values()), why, interrupted=interrupted)
        self._count()

    def _count(self) -> None:
        if self.is_counted:
            self.context.progress.advance()


@dataclass
class FieldWork:
    """All methods of one field: those that were run before, and the pieces that are left.

    Parameters
    ----------
    methods : sequence of SkyMethod
        What was asked for.
    found : dict
        Runs that are there, by method.
    pieces : list of RunPiece
        The rest.
    engine : SkyEngine
        What computes them.
    flags : sequence of Flag
        What the guards say of the inputs.
    remarks : sequence of (FindingKind, str)
        What is to be said of every run.
    field : str or None
        The selection of the field, where it is one of several.
    """

    methods: Sequence[SkyMethod]
    found: dict[SkyMethod, int]
    pieces: list[RunPiece]
    engine: SkyEngine
    flags: Sequence[Flag] = ()
    remarks: Sequence[Remark] = ()
    field: str | None = None

    @property
    def runs(self) -> dict[SkyMethod, int]:
        """Run of every method, once all pieces were done."""
        made = {method: run for piece in self.pieces for method, run in piece.runs.items()}
        return {**self.found, **made}


def recipes_of(
    methods: Iterable[SkyMethod],
    engine: SkyEngine,
    inputs: RunInputs,
    policy: GuardPolicy | None = None,
    notes: Mapping[str, object] = MappingProxyType({}),
) -> list[Recipe]:
    """One recipe for each method."""
    return [
        Recipe(
            method,
            engine.name,
            engine.settings,
            inputs,
            has_mosaic=engine.has_mosaic,
            policy=policy or GuardPolicy(),
            notes=notes,
        )
        for method in methods
    ]
