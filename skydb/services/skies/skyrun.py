"""Sky runs: methods that are asked for become runs, found or made by an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from skydb.domain.grouping import Division
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.sky import SKY_SOURCE
from skydb.domain.vocabulary import Engine, FindingKind, SkyMethod
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.userskies import user_skies_of
from skydb.errors import SkydbError
from skydb.files.usable import AcceptedFlags
from skydb.services.core import Context, remember_environment
from skydb.services.intake import (
    Selection,
    fields_of,
    require_listed,
)
from skydb.services.selftest import EnvironmentGate
from skydb.services.skies.engines.base import SkyEngine
from skydb.services.skies.engines.choice import EngineRequest, Remark, engine_for
from skydb.services.skies.engines.given import require_given
from skydb.services.skies.engines.statistic import require_sky_options, statistic_of
from skydb.services.skies.executors.base import Executor, LedgerAddress
from skydb.services.skies.executors.local import LocalExecutor
from skydb.services.skies.explained import explained_inputs
from skydb.services.skies.frames import MeasureFrames, frame_flags, summary_of
from skydb.services.skies.outcome import rows_of
from skydb.services.skies.pieces import FieldWork, RunPiece, recipes_of
from skydb.services.skies.presets import PresetService
from skydb.services.skies.recipe import Recipe, RunInputs, selected_inputs, with_files
from skydb.services.skies.signal import MeasureSignal
from skydb.services.skies.wishes import Wishes, methods_for
from skydb.store import queries


@dataclass(frozen=True)
class SkyRunService:
    """Runs skymethods and records what they found; inputs are copied, never touched."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)
    jobs: int = 2
    gate: EnvironmentGate | None = None
    executor: Executor | None = None

    def run(
        self,
        methods: Sequence[SkyMethod],
        selection: Selection | None = None,
        settings: AstroDrizzleSettings | None = None,
        *,
        options: Mapping[str, object] | None = None,
        preset: str | None = None,
        engine: Engine | None = None,
        mosaic: bool = True,
        force: bool = False,
        selftest: bool = True,
        fields: Sequence[Selection] = (),
        policy: GuardPolicy | None = None,
        check_frames: bool = False,
        per_chip: bool = False,
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
            North up, with the flags of the detector, when left out.
        options : mapping of str to object, optional
            Options of AstroDrizzle that win over settings or a preset, typed or as text.
            Those that give skies (``skysub=False``, ``skyuser``, ``skyfile``) leave the
            methods without a part: there is one run, of the method USER or NONE.
        preset : str, optional
            Name of a preset (:mod:`skydb.services.skies.presets`), instead of settings.
        engine : Engine, optional
            What computes it: AstroDrizzle, or skydb when no mosaic is wanted.
        mosaic : bool
            False for sky values without mosaics.
        force : bool
            Run again what was run before with the same inputs and parameters in the
            same environment; otherwise that run is found, and ``reused`` says so.
        selftest : bool
            Check a new environment before its first run; without, its runs are flagged.
        fields : sequence of Selection
            Several fields instead of one selection, each run by itself; see :meth:`fields`.
        policy : GuardPolicy, optional
            What the user says of the guards of inputs.
        check_frames : bool
            Measure the sources of neighbours whatever the headers say of their frames;
            before a mosaic of several frames it is always done.
        per_chip : bool
            Give every chip a sky of its own, instead of one to all chips of an exposure; by
            the engine skydb.

        Returns
        -------
        list of dict
            One row a method and field, in order.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When the selection is empty, mixed, or not what is on record, when an option
            does not exist or has another type, or the engine cannot do what is asked.
        InputsRefusedError
            When no version of each exposure can be chosen, or a guard refuses.
        """
        named = PresetService(self.context).find(preset) if preset else None
        wishes = Wishes(settings, options or {}, named)
        if not mosaic:
            require_sky_options(wishes.named)
        request = EngineRequest(
            engine, mosaic, AstroDrizzleSettings(), self.jobs, per_chip=per_chip
        )
        rule = _Rule(policy or GuardPolicy(), check_frames, force)
        plans = []
        for one in fields or [selection or Selection()]:
            with _naming(one if fields else None):
                plan = self._plan(methods, one, wishes, request, rule)
            plans.append(replace(plan, field=one.label if fields else None))
        doubts = self._remarks(plans, selftest=selftest)
        self._execute(plans)
        return rows_of(self.context, plans, doubts)

    def fields(self, selection: Selection, division: Division) -> list[Selection]:
        """The fields that a selection is made of."""
        with self.context.store.reading() as session:
            return fields_of(session, selection, division)

    def _plan(
        self,
        asked: Sequence[SkyMethod],
        selection: Selection,
        wishes: Wishes,
        request: EngineRequest,
        rule: _Rule,
    ) -> FieldWork:
        inputs = selected_inputs(self.context, selection, read_files=False, policy=rule.policy)
        self._say(inputs.flags)
        settings = wishes.for_mode(inputs.mode)
        with self.context.store.reading() as session:
            require_listed(session, settings.files)
        request = replace(request, settings=settings)
        engine, remarks = engine_for(self.context, self.runner, request)
        methods, given = methods_for(asked, settings), user_skies_of(settings)
        if engine.reads_files:
            inputs = with_files(self.context, inputs)
        notes = wishes.notes
        if given is not None:
            require_given(self.context, given, inputs)
            notes[SKY_SOURCE] = given.as_record()
        recipes = recipes_of(methods, engine, inputs, rule.policy, notes)
        found = {} if rule.force else self._found(recipes)
        inputs = self._seen(inputs, engine, request, rule.policy)
        recipes = recipes_of(methods, engine, inputs, rule.policy, notes)
        if rule.measures(inputs, makes_mosaic=engine.has_mosaic and len(found) < len(recipes)):
            inputs = self._measured(inputs, rule.policy)
            recipes = recipes_of(methods, engine, inputs, rule.policy, notes)
        for recipe in recipes[:1]:
            self._prepare(recipe)
        new = [recipe for recipe in recipes if recipe.method not in found]
        parts = [new] if engine.shares_work and new else [[recipe] for recipe in new]
        counted = not engine.shares_work
        pieces = [RunPiece(self.context, self.runner, request, part, counted) for part in parts]
        return FieldWork(methods, found, pieces, engine, inputs.flags, remarks)

    def _seen(
        self, inputs: RunInputs, engine: SkyEngine, request: EngineRequest, policy: GuardPolicy
    ) -> RunInputs:
        """The inputs without those whose pixels hold no signal, and what is to be said of all."""
        if not request.settings.skysub and not engine.has_mosaic:
            return inputs  # skies that are given say nothing of the pixels
        measure = MeasureSignal(self.context, self.jobs)
        accepted = AcceptedFlags.of(request.settings.as_parameters())
        if engine.has_mosaic:
            signal = measure.of(inputs, accepted)
        else:
            recipe = statistic_of(request.settings).recipe
            signal = measure.of_unknown(inputs, accepted, recipe)
        flags = policy.apply(signal.flags(), inputs.table)
        self._say(flags)
        return replace(inputs.without(signal.blind), flags=(*inputs.flags, *flags))

    def _measured(self, inputs: RunInputs, policy: GuardPolicy) -> RunInputs:
        """The inputs, with what their sources say of their frames among the flags."""
        offsets = MeasureFrames(self.context, self.jobs).offsets(inputs)
        self.context.progress.remark(summary_of(offsets))
        flags = policy.apply(frame_flags(offsets), inputs.table)
        self._say(flags)
        return replace(inputs, flags=(*inputs.flags, *flags))

    def _say(self, flags: Iterable[Flag]) -> None:
        for flag in flags:
            self.context.progress.remark(flag.sentence)

    def _execute(self, plans: Sequence[FieldWork]) -> None:
        """Do all pieces; an engine that shares its work reports its own progress."""
        pieces = [piece for plan in plans for piece in plan.pieces]
        shares_work = any(plan.engine.shares_work for plan in plans)
        if not shares_work:
            self.context.progress.begin("Sky runs", len(pieces))
        if pieces:
            executor = self.executor or LocalExecutor(1 if shares_work else self.jobs)
            # One field does not earn what another process costs.
            is_batch = shares_work and len(pieces) > 1 and self.executor is None
            with self.runner.kept_warm() if is_batch else nullcontext():
                executor.run(pieces, LedgerAddress.of(self.context))
        self.context.progress.end()

    def _remarks(self, plans: Sequence[FieldWork], *, selftest: bool) -> list[Remark]:
        """Remark on an environment whose drizzlepac is used."""
        if self.gate is None or not any(plan.engine.has_mosaic for plan in plans):
            return []
        remark = self.gate.remark(selftest=selftest)
        return [(FindingKind.ENVIRONMENT, remark)] if remark else []

    def _prepare(self, recipe: Recipe) -> None:
        """Make what all methods share, before they run beside each other."""
        with self.context.store.writing() as session:
            remember_environment(session)
            session.add(recipe.group(session))
            session.commit()

    def _found(self, recipes: Iterable[Recipe]) -> dict[SkyMethod, int]:
        with self.context.store.reading() as session:
            known = {
                recipe.method: recipe.find(session, self.context.workspace) for recipe in recipes
            }
        return {method: run_id for method, run_id in known.items() if run_id is not None}

    def explain(self, selection: Selection) -> list[queries.Row]:
        """The inputs that a run of a selection would use, why, and what is passed over.

        Raises
        ------
        NotFoundError, UsageError, InputsRefusedError
            As :meth:`run`.
        """
        return explained_inputs(self.context, selection)


@contextmanager
def _naming(field: Selection | None) -> Iterator[None]:
    """Name the field, where it is one of several, in the error that refuses it."""
    try:
        yield
    except SkydbError as error:
        if field is not None:
            error.name_subject(
                f"Field of {field.label}",
                advice="No field was run: correct this one, or exclude it.",
            )
        raise


@dataclass(frozen=True, slots=True)
class _Rule:
    """Checks that the user allows, and repetitions."""

    policy: GuardPolicy
    check_frames: bool
    force: bool

    def measures(self, inputs: RunInputs, *, makes_mosaic: bool) -> bool:
        """Whether the sources of neighbours are compared before the work starts."""
        if FindingKind.MIXED_FRAMES in self.policy.allowed:
            return False
        mixed = any(flag.guard is FindingKind.MIXED_FRAMES for flag in inputs.flags)
        return self.check_frames or (mixed and makes_mosaic)
