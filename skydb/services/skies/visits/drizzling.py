"""One drizzling of a visit, from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import VisitDrizzle
from skydb.domain.guards import Flag
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import FindingKind
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.files.images import holes_in
from skydb.files.usable import AcceptedFlags
from skydb.services.core import Context, installed_packages, isolated, known_faults
from skydb.services.skies.engines.base import (
    keep_file,
    notice_holes,
    notice_masks,
    notice_unrejected,
    run_home,
)
from skydb.services.skies.recipe import RunInputs, left_out_levels, used_versions
from skydb.services.skies.signal import MeasureSignal, Signal, prepared
from skydb.services.skies.visits.product import (
    keep_product,
    kind_of_product,
    product_root,
    record_product,
)
from skydb.services.skies.visits.recipe import VisitRecipe, optics_of

#: Steps on a product that is not kept.
Look = Callable[[Path], None]


@dataclass(frozen=True)
class _Made:
    """Products of AstroDrizzle of some exposures, and checks of their pixels."""

    inputs: RunInputs
    outcome: DrizzleOutcome
    signal: Signal
    holes: str | None

    def levels(self) -> list[SkyLevel]:
        """Skies that were used; none for a chip without usable pixels."""
        found = []
        for sky in self.outcome.skies:
            chip = (self.inputs.rootname_of(sky.filename), sky.extver)
            value = None if chip in self.signal.blind_chips else sky.mdrizsky
            found.append(SkyLevel(*chip, value, sky.unit))
        return found


@dataclass(frozen=True)
class Drizzling:
    """Drizzles what a recipe says, and records it.

    Parameters
    ----------
    context : Context
    recipe : VisitRecipe
        With the files of its inputs.
    runner : DrizzlepacRunner
    """

    context: Context
    recipe: VisitRecipe
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def execute(self, run_id: int, look: Look | None = None) -> None:
        """Make the product of an activity that was begun.

        Parameters
        ----------
        run_id : int
            The activity.
        look : callable, optional
            Is given the product, which then is no version of anything: of a repetition.

        Raises
        ------
        BaseException
            Whatever went wrong, once it is in the row.
        """
        label = f"drizzle-{run_id}"
        with (
            self.context.guarded(VisitDrizzle, run_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            made = self._drizzle(run_id, scratch)
            if look is None:
                self._keep(run_id, made)
            else:
                self._show(run_id, made, look)

    def _drizzle(self, run_id: int, scratch: Path) -> _Made:
        known = self.recipe.inputs
        staged = known.staged(scratch / "inputs")
        accepted = AcceptedFlags.of(self.recipe.settings.as_parameters())
        signal = MeasureSignal(self.context).of(staged, accepted)
        inputs = prepared(staged, signal, scratch / "prepared")
        self._notice(run_id, self.recipe.policy.apply(signal.flags(), inputs.table))
        files = {key: staged.paths[name] for name, key in inputs.version_ids.items()}
        self.context.progress.begin(f"Drizzling {inputs.label}")
        with isolated(self.context, run_id, files, self.runner) as runner:
            outcome = AstroDrizzle(runner).drizzle(
                list(inputs.paths.values()),
                self.recipe.method,
                self.recipe.settings,
                scratch,
                self._root(inputs),
            )
        self.context.progress.end()
        return _Made(inputs, outcome, signal, holes_in(outcome.science, outcome.weight))

    def _root(self, inputs: RunInputs) -> str:
        with self.context.store.reading() as session:
            rootname, version = next(iter(used_versions(session, inputs).items()))
            return product_root(rootname, optics_of(version.require_exposure()))

    def _notice(self, run_id: int, flags: Iterable[Flag]) -> None:
        found = list(flags)
        for flag in found:
            self.context.progress.remark(flag.sentence)
        if found:
            with self.context.store.writing() as session:
                run = session.get_one(VisitDrizzle, run_id)
                for flag in found:
                    run.notice(flag.guard, flag.subject, flag.message)
                session.commit()

    def _keep(self, run_id: int, made: _Made) -> None:
        with self.context.store.reading() as session:
            kind = kind_of_product(session, made.inputs)
        root = self._root(made.inputs)
        with run_home(self.context, run_id) as home:
            facts, path = keep_product(self.context, made.outcome.science, root, kind)
            log = keep_file(self.context, home, made.outcome.log, made.outcome.log.name)
            with self.context.closing(VisitDrizzle, run_id) as (session, run):
                _record(session, run, made, log)
                notice_unrejected(run, made.inputs, made.outcome.masks, self.recipe.settings)
                record_product(session, run, facts, path)

    def _show(self, run_id: int, made: _Made, look: Look) -> None:
        look(made.outcome.science)
        with run_home(self.context, run_id) as home:
            log = keep_file(self.context, home, made.outcome.log, made.outcome.log.name)
            with self.context.closing(VisitDrizzle, run_id) as (session, run):
                _record(session, run, made, log)
                notice_unrejected(run, made.inputs, made.outcome.masks, self.recipe.settings)


def _record(session: Session, run: VisitDrizzle, made: _Made, log: str) -> None:
    """Record which skies were used, and problems."""
    outcome = made.outcome
    notice_holes(run, made.holes)
    levels = [*made.levels(), *left_out_levels(used_versions(session, made.inputs), made.inputs)]
    run.note_skies(levels, outcome.effective_method, outcome.downgrade_reason)
    run.log_path = log
    subject = f"run {run.id}"
    for sentence in outcome.disagreements:
        run.notice(FindingKind.CONTRADICTION, subject, sentence)
    for sentence in known_faults(installed_packages()):
        run.notice(FindingKind.ENVIRONMENT, subject, sentence)
    notice_masks(run, made.inputs, outcome.masks)
