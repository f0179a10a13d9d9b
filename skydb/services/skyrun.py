"""Sky runs: methods that are asked for become runs, found or made by an engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from skydb.domain import SkyRun
from skydb.domain.vocabulary import Engine, FindingKind, SkyMethod
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.services.context import Context
from skydb.services.doctor import EnvironmentGate
from skydb.services.engines.base import SkyEngine
from skydb.services.engines.choice import EngineRequest, Remark, engine_for
from skydb.services.environment import remember_environment
from skydb.services.recipe import Recipe, RunInputs, selected_inputs
from skydb.services.selection import Selection
from skydb.store import queries


@dataclass(frozen=True)
class SkyRunService:
    """Runs skymethods and records what they found; inputs are copied, never touched."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)
    jobs: int = 2
    gate: EnvironmentGate | None = None

    def run(
        self,
        methods: Sequence[SkyMethod],
        selection: Selection | None = None,
        settings: AstroDrizzleSettings | None = None,
        *,
        engine: Engine | None = None,
        mosaic: bool = True,
        force: bool = False,
        selftest: bool = True,
    ) -> list[queries.Row]:
        """Run methods on a selection of exposures.

        Methods of AstroDrizzle run beside each other, each in its own subprocess and
        scratch directory: one that fails leaves a FAILED row and the others go on. The
        engine skydb measures once for all methods, which succeed or fail together.

        Parameters
        ----------
        methods : sequence of SkyMethod
            What to run.
        selection : Selection, optional
            Which exposures; all of the ledger when left out.
        settings : AstroDrizzleSettings, optional
            The tutorial's when left out.
        engine : Engine, optional
            What computes it: AstroDrizzle, or skydb when no mosaic is wanted.
        mosaic : bool
            False for sky values without mosaics.
        force : bool
            Run again what was run before with the same inputs and parameters in the
            same environment; otherwise that run is found, and ``reused`` says so.
        selftest : bool
            Check a new environment before its first run; without, its runs are flagged.

        Returns
        -------
        list of dict
            One row a method, in order.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When the selection is empty, mixed, or not what is on record, or the engine
            cannot do what is asked.
        """
        request = EngineRequest(engine, mosaic, settings or AstroDrizzleSettings(), self.jobs)
        worker, remarks = engine_for(self.context, self.runner, request)
        inputs = selected_inputs(
            self.context, selection or Selection(), read_files=worker.reads_files
        )
        recipes = _recipes(methods, worker, inputs)
        for recipe in recipes[:1]:
            self._prepare(recipe)
        remarks += self._remarks(worker, selftest=selftest)
        found = {} if force else self._found(recipes)
        made = self._make([one for one in recipes if one.method not in found], worker)
        runs = {**found, **made}
        return [
            self._row(runs[method], remarks, reused=method in found)
            for method in dict.fromkeys(methods)
        ]

    def _remarks(self, engine: SkyEngine, *, selftest: bool) -> list[Remark]:
        """What is to be remarked on an environment whose drizzlepac is used."""
        if self.gate is None or not engine.has_mosaic:
            return []
        remark = self.gate.remark(selftest=selftest)
        return [(FindingKind.ENVIRONMENT, remark)] if remark else []

    def _prepare(self, recipe: Recipe) -> None:
        """Make what all methods share, before they run beside each other."""
        with self.context.store.writing() as session:
            remember_environment(session)
            session.add(recipe.group(session))

    def _found(self, recipes: Iterable[Recipe]) -> dict[SkyMethod, int]:
        known = {recipe.method: recipe.find(self.context) for recipe in recipes}
        return {method: run_id for method, run_id in known.items() if run_id is not None}

    def _make(self, recipes: Sequence[Recipe], engine: SkyEngine) -> dict[SkyMethod, int]:
        """Begin and execute: all at once what shares its work, else beside each other."""
        if engine.shares_work:
            return self._execute(recipes, engine) if recipes else {}
        self.context.progress.begin("Sky runs", len(recipes))
        with ThreadPoolExecutor(max_workers=max(1, self.jobs)) as pool:
            futures = [pool.submit(self._execute, [recipe], engine) for recipe in recipes]
            runs = [future.result() for future in futures]
        self.context.progress.end()
        return {method: run_id for part in runs for method, run_id in part.items()}

    def _execute(self, recipes: Sequence[Recipe], engine: SkyEngine) -> dict[SkyMethod, int]:
        begun = self.context.begin_all(recipe.begin for recipe in recipes)
        engine.execute(begun, recipes[0].inputs)
        if not engine.shares_work:
            self.context.progress.advance()
        return {recipe.method: run_id for recipe, run_id in zip(recipes, begun, strict=True)}

    def _row(self, run_id: int, remarks: Iterable[Remark], *, reused: bool) -> queries.Row:
        """A run as a row, once what is to be remarked on it is among its findings."""
        with self.context.store.writing() as session:
            run = session.get_one(SkyRun, run_id)
            known = {finding.message for finding in run.findings}
            new = [remark for remark in remarks if remark[1] not in known]
            for kind, message in new:
                run.notice(kind, f"run {run_id}", message)
            if new:
                session.flush()
                session.refresh(run, ["findings"])
            return {**queries.sky_run_row(run), "reused": reused}


def _recipes(methods: Iterable[SkyMethod], engine: SkyEngine, inputs: RunInputs) -> list[Recipe]:
    return [
        Recipe(method, engine.name, engine.settings, inputs, has_mosaic=engine.has_mosaic)
        for method in dict.fromkeys(methods)
    ]
