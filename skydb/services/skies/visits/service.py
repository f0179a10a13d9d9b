"""Visit-level products: one of each visit, filter and detector, found or made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from skydb.domain import VisitDrizzle
from skydb.domain.grouping import Division
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.sky import SKY_SOURCE
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SkyMethod
from skydb.drizzle.presets import HAP
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings, require_options
from skydb.drizzle.userskies import user_skies_of
from skydb.errors import NotFoundError, SkydbError, StateError
from skydb.services.core import Context
from skydb.services.intake import (
    Selection,
    fields_of,
    require_listed,
)
from skydb.services.selftest import EnvironmentGate
from skydb.services.skies.engines.given import require_given
from skydb.services.skies.explained import explained_inputs
from skydb.services.skies.frames import MeasureFrames, frame_flags, summary_of
from skydb.services.skies.presets import PresetService
from skydb.services.skies.recipe import inputs_of, selected_inputs, with_files
from skydb.services.skies.visits.drizzling import Drizzling, Look
from skydb.services.skies.visits.recipe import TOOL, VisitRecipe, as_product, require_keepable
from skydb.services.skies.visits.rows import failed_row, row_of
from skydb.services.skies.wishes import Wishes, methods_for
from skydb.store.queries import Row


@dataclass(frozen=True)
class VisitDrizzleService:
    """Makes visit-level products from exposures; inputs are copied, never touched.

    Parameters
    ----------
    context : Context
    runner : DrizzlepacRunner
    gate : EnvironmentGate, optional
        Who knows whether this environment computes what it claims to.
    """

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)
    gate: EnvironmentGate | None = None

    def drizzle(
        self,
        selection: Selection | None = None,
        *,
        preset: str = HAP,
        options: Mapping[str, object] | None = None,
        method: SkyMethod = SkyMethod.LOCALMIN,
        force: bool = False,
        selftest: bool = True,
        policy: GuardPolicy | None = None,
    ) -> list[Row]:
        """Make one product of each visit, filter and detector of a selection.

        Parameters
        ----------
        selection : Selection, optional
            Which exposures; all of the ledger when left out.
        preset : str
            Name of a preset of AstroDrizzle's options; HAP's by detector and number of
            exposures when left out.
        options : mapping of str to object, optional
            Options of AstroDrizzle that win over the preset, typed or as text.
        method : SkyMethod
            Sky that is subtracted of each exposure, unless the options give skies or none.
        force : bool
            Make again what was made of the same inputs with the same parameters in the
            same environment; otherwise that product is found, and ``reused`` says so.
        selftest : bool
            Check a new environment first; without, what is made there is flagged.
        policy : GuardPolicy, optional
            What the user says of the guards of inputs.

        Returns
        -------
        list of dict
            One row a product: ``visit``, ``filter``, ``detector``, ``product``,
            ``version``, ``path``, ``run``, ``members``, ``status`` and more. Of several
            visits one that fails has a row that says why, and the others go on.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When the selection is empty, when an option does not exist or has another type,
            or when the only visit has a file that is not what is on record.
        InputsRefusedError
            When no version of each exposure of the only visit can be chosen, or a guard
            refuses.
        ToolError
            When AstroDrizzle failed on the only visit; its row says how.
        """
        typed = require_options(options or {})
        require_keepable(typed)
        wishes = Wishes(None, typed, PresetService(self.context).find(preset))
        wish = _Wish(wishes, method, policy or GuardPolicy(), force)
        fields = self._fields(selection or Selection())
        rows = []
        for one in fields:
            try:
                rows.append(self._of_visit(one, wish, selftest=selftest))
            except SkydbError as error:
                if len(fields) == 1:
                    raise
                self.context.progress.remark(str(error))
                rows.append(failed_row(one, error))
        return rows

    def explain(self, selection: Selection | None = None) -> list[Row]:
        """The inputs that each product would be made of, why, and what is passed over.

        Raises
        ------
        NotFoundError, UsageError, InputsRefusedError
            As :meth:`drizzle`.
        """
        fields = self._fields(selection or Selection())
        return [row for one in fields for row in explained_inputs(self.context, one)]

    def repeat(self, run_id: int, look: Look) -> int:
        """Drizzle the same versions as an earlier product again, and keep no version of it.

        Parameters
        ----------
        run_id : int
            A drizzling that has succeeded.
        look : callable
            Is given the product before it goes.

        Returns
        -------
        int
            The new activity, which says what it repeats.

        Raises
        ------
        NotFoundError, FileRejectedError
            When an input is gone or not what is on record.
        StateError
            When there is nothing to be compared with.
        ToolError
            When AstroDrizzle failed; the row says how.
        """
        recipe = self.recorded(run_id)
        again = self.context.begin(recipe.begin)
        with self.context.store.writing() as session:
            session.get_one(VisitDrizzle, again).repeat(session.get_one(VisitDrizzle, run_id))
            session.commit()
        Drizzling(self.context, recipe, self.runner).execute(again, look)
        return again

    def recorded(self, run_id: int) -> VisitRecipe:
        """Load the recipe of a product, with its recorded inputs.

        Raises
        ------
        NotFoundError, FileRejectedError
            When an input is gone or not what is on record.
        StateError
            When there is no product.
        """
        with self.context.store.reading() as session:
            run = session.get_one(VisitDrizzle, run_id)
            if run.status is not ActivityStatus.SUCCEEDED or run.product_version is None:
                raise StateError(
                    f"Run {run_id} has no product to be compared with.",
                    advice="Make it with `skydb drizzle`.",
                )
            ids = [link.version_id for link in run.used]
            method, given = run.requested_method, dict(run.parameters[TOOL])
        inputs = inputs_of(self.context, ids, read_files=True)
        return VisitRecipe(method, AstroDrizzleSettings.recalled(given), inputs)

    def _fields(self, selection: Selection) -> list[Selection]:
        with self.context.store.reading() as session:
            return fields_of(session, selection, Division.VISIT)

    def _of_visit(self, selection: Selection, wish: _Wish, *, selftest: bool) -> Row:
        recipe = self._recipe(selection, wish)
        found = None if wish.force else recipe.find(self.context)
        if found is not None:
            self._notice(found, recipe.flags)
            return self._row(found, reused=True)
        recipe = self._measured(recipe)
        # First, for it may end here; said of the row once there is one.
        doubt = self.gate.remark(selftest=selftest) if self.gate is not None else None
        run_id = self.context.begin(recipe.begin)
        if doubt:
            self._notice(run_id, [Flag(FindingKind.ENVIRONMENT, f"run {run_id}", doubt)])
        Drizzling(self.context, recipe, self.runner).execute(run_id)
        return self._row(run_id, reused=False)

    def _recipe(self, selection: Selection, wish: _Wish) -> VisitRecipe:
        inputs = selected_inputs(self.context, selection, read_files=True, policy=wish.policy)
        for flag in inputs.flags:
            self.context.progress.remark(flag.sentence)
        settings = as_product(wish.wishes.for_mode(inputs.mode))
        with self.context.store.reading() as session:
            require_listed(session, settings.files)
        given, notes = user_skies_of(settings), wish.wishes.notes
        if given is not None:
            inputs = with_files(self.context, inputs)
            require_given(self.context, given, inputs)
            notes[SKY_SOURCE] = given.as_record()
        (method,) = methods_for([wish.method], settings)
        return VisitRecipe(method, settings, inputs, wish.policy, notes)

    def _measured(self, recipe: VisitRecipe) -> VisitRecipe:
        """The same, with what sources say of the frames where headers say that these differ."""
        inputs, policy = recipe.inputs, recipe.policy
        mixed = any(flag.guard is FindingKind.MIXED_FRAMES for flag in inputs.flags)
        if not mixed or FindingKind.MIXED_FRAMES in policy.allowed:
            return recipe
        offsets = MeasureFrames(self.context).offsets(inputs)
        self.context.progress.remark(summary_of(offsets))
        flags = policy.apply(frame_flags(offsets), inputs.table)
        return replace(recipe, inputs=replace(inputs, flags=(*inputs.flags, *flags)))

    def _notice(self, run_id: int, flags: Iterable[Flag]) -> None:
        """Keep what is not among the findings of an activity yet."""
        with self.context.store.writing() as session:
            run = session.get_one(VisitDrizzle, run_id)
            known = {(finding.subject, finding.message) for finding in run.findings}
            for flag in flags:
                if (flag.subject, flag.message) not in known:
                    run.notice(flag.guard, flag.subject, flag.message)
            session.commit()

    def _row(self, run_id: int, *, reused: bool) -> Row:
        with self.context.store.reading() as session:
            run = session.get(VisitDrizzle, run_id)
            if run is None:
                raise NotFoundError(f"There is no drizzling {run_id}.")
            return row_of(run, self.context.workspace, reused=reused)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Request of the user for every product."""

    wishes: Wishes
    method: SkyMethod
    policy: GuardPolicy
    force: bool
