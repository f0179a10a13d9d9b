"""Repetition of runs: the same inputs, parameters and method in the environment here."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session, joinedload, selectinload

from skydb.domain import Activity, AlignmentRun, SkyRun, SkyValue, Stamp, VisitDrizzle
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import StateError, ToolError
from skydb.files.checksum import sha256_of
from skydb.services.alignment import AlignService
from skydb.services.core import Context
from skydb.services.provenance.fitdiff import fit_differences, fit_tolerance, recipe_of
from skydb.services.provenance.productreplay import ProductReplay
from skydb.services.provenance.recorded import (
    Recorded,
    engine_of,
    recorded_run,
    require_as_recorded,
)
from skydb.services.provenance.skydiff import (
    compare_mosaics,
    sky_tolerance,
    unit_of,
    value_differences,
)
from skydb.services.provenance.verdict import Compared, Replay, result_of
from skydb.services.selftest import EnvironmentGate
from skydb.services.skies import Recipe, SkyEngine, inputs_of
from skydb.store.required import require_run


@dataclass(frozen=True)
class ReplayService:
    """Repeats a run and compares the two; the first one stays as it is.

    Parameters
    ----------
    context : Context
    runner : DrizzlepacRunner
    jobs : int
        Exposures beside each other, for engines that can.
    gate : EnvironmentGate, optional
        Who knows whether this environment computes what it claims to.
    """

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)
    jobs: int = 2
    gate: EnvironmentGate | None = None

    def replay(
        self, run_id: int, tolerance: float | None = None, *, selftest: bool = True
    ) -> Replay:
        """Repeat a sky run, an alignment run or the drizzling of a visit.

        Parameters
        ----------
        run_id : int
            The run.
        tolerance : float, optional
            What two numbers may differ by: in the unit of the sky values, or in pixels for
            fits. A reasoned default when left out; the answer says which.
        selftest : bool
            Check a new environment first.

        Returns
        -------
        Replay
            What it is found to be. A sky run keeps it as ``replay_of`` and
            ``replay_verdict``; fits of a repeated alignment are rejected at once, for
            they are there to be compared.

        Raises
        ------
        NotFoundError
            When there is no such run.
        StateError
            When it cannot be repeated: it failed, or inputs are gone or changed.
        ToolError
            When the repetition failed; its row says how.
        """
        with self.context.store.reading() as session:
            activity = session.get(Activity, run_id)
            kind = type(activity)
        if kind is AlignmentRun:
            return self._replay_fits(run_id, tolerance)
        if kind is VisitDrizzle:
            return ProductReplay(self.context, self.runner).replay(run_id, tolerance)
        if activity is not None and kind is not SkyRun:
            raise StateError(
                f"Activity {run_id} is not a run: its kind is {activity.kind}.",
                advice="Sky runs, alignment runs and drizzlings of visits can be repeated.",
            )
        return self._replay_sky(run_id, tolerance, selftest=selftest)

    def _replay_sky(self, run_id: int, tolerance: float | None, *, selftest: bool) -> Replay:
        with self.context.store.reading() as session:
            recorded = recorded_run(session, self.context.workspace, run_id)
        engine = engine_of(self.context, self.runner, recorded, self.jobs)
        recipe = self._recipe(recorded, engine)
        replay_id = self.context.begin(
            lambda session, stamp: _begin(session, stamp, recipe, run_id)
        )
        engine.execute([replay_id], recipe.inputs)
        self._require_success(replay_id, run_id, engine, selftest=selftest)
        return self._compare_sky(recorded, recipe, replay_id, tolerance)

    def _recipe(self, recorded: Recorded, engine: SkyEngine) -> Recipe:
        # The files are needed in any case: their noise gives the tolerance.
        inputs = inputs_of(self.context, recorded.version_ids, read_files=True)
        return Recipe(
            recorded.method, engine.name, engine.settings, inputs, has_mosaic=engine.has_mosaic
        )

    def _require_success(
        self, replay_id: int, run_id: int, engine: SkyEngine, *, selftest: bool
    ) -> None:
        remark = None
        if self.gate is not None and engine.has_mosaic:
            remark = self.gate.remark(selftest=selftest)
        with self.context.store.writing() as session:
            replay = session.get_one(SkyRun, replay_id)
            if remark:
                replay.notice(FindingKind.ENVIRONMENT, f"run {replay_id}", remark)
            status, error = replay.status, replay.error
            session.commit()
        if status is not ActivityStatus.SUCCEEDED:
            what = f"failed in run {replay_id}, the replay of run {run_id}: {error}"
            raise ToolError(engine.name.value, what)

    def _compare_sky(
        self, recorded: Recorded, recipe: Recipe, replay_id: int, asked: float | None
    ) -> Replay:
        with self.context.store.reading() as session:
            run, replay = (_with_values(session, key) for key in (recorded.run_id, replay_id))
            paths = list(recipe.inputs.paths.values())
            tolerance = sky_tolerance(paths, unit_of(run), asked)
            values = tuple(value_differences(run, replay, tolerance))
            mosaics = compare_mosaics(self.context.workspace, run, replay, asked)
            remarks = (*recorded.remarks, *([mosaics.remark] if mosaics.remark else []))
            hashes = (recorded.recipe_hash, recipe.full_hash)
            left = (mosaics.not_compared,) if mosaics.not_compared else ()
            differences = (*values, *mosaics.differences)
            compared = Compared(differences, tolerance, hashes, remarks, left)
            found = result_of(run, replay, compared)
        with self.context.store.writing() as session:
            session.get_one(SkyRun, replay_id).record_verdict(found.verdict, found.sentence)
            session.commit()
        return found

    def _replay_fits(self, run_id: int, asked: float | None) -> Replay:
        self._require_fits(run_id)
        replay_id = AlignService(self.context, self.runner).repeat(run_id)
        tolerance = fit_tolerance(asked)
        with self.context.store.writing() as session:
            run, replay = (session.get_one(AlignmentRun, key) for key in (run_id, replay_id))
            differences = tuple(fit_differences(run, replay, tolerance))
            hashes = (recipe_of(run), recipe_of(replay))
            found = result_of(run, replay, Compared(differences, tolerance, hashes))
            for solution in replay.solutions:
                if solution.status is SolutionStatus.PROPOSED:
                    solution.reject(f"a repetition of run {run_id}, to be compared with it")
            session.commit()
        return found

    def _require_fits(self, run_id: int) -> None:
        """Refuse to repeat a failed run, or one whose inputs have changed."""
        with self.context.store.reading() as session:
            run = session.get_one(AlignmentRun, run_id)
            catalog = None if run.is_relative else run.catalog
            if run.status is not ActivityStatus.SUCCEEDED:
                raise StateError(f"Alignment run {run_id} is {run.status}: it has no fits.")
            versions = [link.version for link in run.used]
            require_as_recorded(self.context.workspace, f"Alignment run {run_id}", versions)
            if catalog is None:
                return
            path = self.context.workspace.resolve(catalog.path)
            if not path.is_file() or sha256_of(path) != catalog.sha256:
                raise StateError(
                    f"Alignment run {run_id} cannot be repeated: its catalogue, {path}, is gone "
                    "or changed.",
                    advice="Put it back.",
                )


def _begin(session: Session, stamp: Stamp, recipe: Recipe, run_id: int) -> SkyRun:
    replay = recipe.begin(session, stamp)
    replay.repeat(session.get_one(SkyRun, run_id))
    return replay


def _with_values(session: Session, run_id: int) -> SkyRun:
    whole = (
        selectinload(SkyRun.values).joinedload(SkyValue.exposure),
        joinedload(SkyRun.mosaic),
        joinedload(SkyRun.environment),
    )
    return require_run(session, SkyRun, run_id, whole)
