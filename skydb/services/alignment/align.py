"""Alignment: fit drizzled products to a reference catalogue, and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentRun,
    ProductVersion,
    Stamp,
)
from skydb.domain.choice import ChosenInput
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.vocabulary import AlignmentRoad
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.usual import usual_settings
from skydb.files.reader import read_facts
from skydb.services.alignment.attempts import (
    Attempt,
    OnAttempt,
    as_parameters,
    first_trusted,
    names_of,
)
from skydb.services.alignment.fit_checks import FitChecks
from skydb.services.alignment.group_align import GroupAlignment
from skydb.services.alignment.products import read_inputs
from skydb.services.alignment.recording import Recorder
from skydb.services.alignment.reference import (
    Reference,
    Target,
    epochs_used,
    look_at,
    references,
    write_references,
)
from skydb.services.alignment.roads import FitJob, Road, road_of
from skydb.services.alignment.second_opinion import TrustedFit, second_opinions
from skydb.services.catalogs import mean_epochs
from skydb.services.core import Context, checked_path, isolated
from skydb.services.intake import Selection, require_listed
from skydb.store.queries import Row
from skydb.store.references import catalog_named


def require_there(
    context: Context, refcat: Sequence[str], settings: TweakRegSettings | None = None
) -> None:
    """Check that catalogues, and the files that settings name, are there.

    Raises
    ------
    NotFoundError
        When one is not.
    """
    with context.store.reading() as session:
        for name in refcat:
            catalog_named(session, name)
        if settings is not None:
            require_listed(session, settings.files)


@dataclass(frozen=True)
class AlignService:
    """Runs TweakReg on copies and records every fit as a proposal, or why there is none."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def run(
        self,
        refcat: str | Sequence[str],
        products: Sequence[str] = (),
        settings: TweakRegSettings | None = None,
        *,
        what: AlignmentRoad = AlignmentRoad.DRIZZLED,
        selection: Selection | None = None,
        policy: GuardPolicy | None = None,
    ) -> int:
        """Fit files to a catalogue at the epoch of each.

        Fits are recorded one by one: those that are done when the run is interrupted stand.

        Parameters
        ----------
        refcat : str or sequence of str
            Name of a reference catalogue; of several the first that gives a trusted fit is
            taken, for each file by itself.
        products : sequence of str
            References to drizzled products or exposures, wildcards allowed; all when empty.
        settings : TweakRegSettings, optional
            The tutorial's when left out.
        what : AlignmentRoad
            Which kind of files is fitted.
        selection : Selection, optional
            Only products of these exposures.
        policy : GuardPolicy, optional
            What the user says of the guards of inputs.

        Returns
        -------
        int
            The alignment run, to be reviewed and accepted or rejected.

        Raises
        ------
        NotFoundError, FileRejectedError
            When the catalogue or a product is not in the ledger, or no product is on disk as
            the ledger has it; of several, those that are not are left out and flagged.
        UsageError
            When several products have a name that is given, or one cannot be fitted.
        InputsRefusedError
            When a guard refuses the products.
        ToolError
            When TweakReg crashed before any product was fitted; the run is FAILED.
        """
        settings, policy = settings or usual_settings(what), policy or GuardPolicy()
        refcats = names_of(refcat)
        require_there(self.context, refcats, settings)
        road = road_of(what)
        targets, flags = self._targets(road, products, selection or Selection(), policy)
        for flag in flags:
            self.context.progress.remark(flag.sentence)
        asked = {"selection": selection.as_parameters()} if selection else {}
        run_id = self._begin(
            road, refcats, targets, settings, flags, **policy.as_parameters(), **asked
        )
        return self._execute(road, run_id, refcats, targets, settings)

    def explain(
        self,
        products: Sequence[str] = (),
        selection: Selection | None = None,
        *,
        what: AlignmentRoad = AlignmentRoad.DRIZZLED,
    ) -> list[Row]:
        """The files that a run would fit, why, what is passed over and what is flagged.

        Raises
        ------
        NotFoundError, UsageError
            As :meth:`run`.
        """
        with self.context.store.reading() as session:
            road = road_of(what)
            chosen = road.choose(session, products, selection)
            home = self.context.workspace
            files = {one.version.id: read_facts(checked_path(home, one.version)) for one in chosen}
            flags = road.flags(session, chosen, files)
            return [_explained(one, flags) for one in chosen]

    def repeat(self, run_id: int) -> int:
        """Fit the versions of an earlier run again: same parameters, catalogue, epochs.

        Parameters
        ----------
        run_id : int
            An alignment run that was made here.

        Returns
        -------
        int
            The new run; its parameters say ``replay_of``.

        Raises
        ------
        NotFoundError, FileRejectedError
            When a product is gone or not what is on record.
        StateError
            When the run or its catalogue is known from a log only.
        """
        with self.context.store.reading() as session:
            earlier = session.get_one(AlignmentRun, run_id)
            if earlier.what is AlignmentRoad.GROUP:
                return GroupAlignment(self.context, self.runner).repeat(run_id)
            road = road_of(earlier.what)
            recorded = dict(earlier.parameters)
            refcats = names_of(recorded.get("refcats", earlier.catalog.name))
            targets = [
                Target(
                    link.version_id,
                    checked_path(self.context.workspace, link.version),
                    recorded["epochs"].get(link.version.product.filename),
                    f"used by run {run_id}, which this run repeats",
                )
                for link in earlier.used
            ]
        order = {name: place for place, name in enumerate(recorded["products"])}
        targets.sort(key=lambda target: order[target.path.name])
        settings = TweakRegSettings.recalled(recorded["tweakreg"])
        again = self._begin(road, refcats, targets, settings, replay_of=run_id)
        return self._execute(road, again, refcats, targets, settings)

    def _execute(
        self,
        road: Road,
        run_id: int,
        refcats: Sequence[str],
        targets: Sequence[Target],
        chosen: TweakRegSettings,
    ) -> int:
        label, recorder = f"align-{run_id}", Recorder(self.context, run_id)
        inputs = {target.version_id: target.path for target in targets}
        finder = StarFinder()
        with (
            self.context.guarded(AlignmentRun, run_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            with isolated(self.context, run_id, inputs, self.runner) as runner:

                def make(
                    name: str, left: Sequence[Target], number: int, on_attempt: OnAttempt
                ) -> list[Attempt]:
                    found = self._references(name, left, chosen)
                    checks = FitChecks(self.context, name, found, finder, on_attempt)
                    self._fit(road, runner, checks, chosen, scratch / str(number))
                    return checks.attempts()

                attempts = first_trusted(refcats, targets, make, recorder.keep)
            trusted = [
                TrustedFit(one.key, one.fit, one.catalog, one.reference.used_epoch)
                for one in attempts
                if one.is_trusted
            ]
            recorder.close(attempts, second_opinions(self.context, refcats, trusted))
        return run_id

    def _targets(
        self, road: Road, products: Sequence[str], selection: Selection, policy: GuardPolicy
    ) -> tuple[list[Target], list[Flag]]:
        """The products to fit, once no guard refuses them."""
        with self.context.store.reading() as session:
            chosen = road.choose(session, products, selection)
            read, lost = read_inputs(self.context.workspace, chosen, strict=policy.strict)
            chosen = [one for one in chosen if one.version.id in read]
            versions = [one.version for one in chosen]
            paths = [read[one.id].path for one in versions]
            found = road.flags(session, chosen, read)
            flags = [*lost, *policy.apply(found, [one.as_row() for one in chosen])]
            epochs = mean_epochs(session, versions)
            targets = [
                Target(one.version.id, path, epoch, one.reason, ", ".join(one.passed_over))
                for one, path, epoch in zip(chosen, paths, epochs, strict=True)
            ]
        return targets, flags

    def _begin(
        self,
        road: Road,
        refcats: Sequence[str],
        targets: Sequence[Target],
        settings: TweakRegSettings,
        flags: Sequence[Flag] = (),
        **more: object,
    ) -> int:
        parameters = {
            **as_parameters(refcats),
            "products": [target.path.name for target in targets],
            "epochs": {
                target.path.name: epoch
                for target, epoch in zip(targets, epochs_used(targets, settings), strict=True)
            },
            "tweakreg": settings.as_parameters(),
            **more,
        }

        def begin(session: Session, stamp: Stamp) -> AlignmentRun:
            run = AlignmentRun(catalog_named(session, refcats[0]), parameters, stamp, road.kind)
            for target in targets:
                version = session.get_one(ProductVersion, target.version_id)
                run.use(version, reason=target.reason, passed_over=target.passed_over)
            for flag in flags:
                run.notice(flag.guard, flag.subject, flag.message)
            return run

        return self.context.begin(begin)

    def _references(
        self, refcat: str, targets: Sequence[Target], settings: TweakRegSettings
    ) -> list[Reference]:
        """The catalogue as each product gets it, and how much of the product it covers."""
        with self.context.store.reading() as session:
            catalog = catalog_named(session, refcat)
            found = references(self.context, catalog, targets, settings)
        look_at(found, self.context.progress)
        return found

    def _fit(
        self,
        road: Road,
        runner: DrizzlepacRunner,
        checks: FitChecks,
        settings: TweakRegSettings,
        scratch: Path,
    ) -> None:
        """Fit the products that are covered, and check each fit when it is done."""
        for one in checks.found:
            if not one.is_covered:
                checks.add(one.unfitted(scratch))
        covered = [one for one in checks.found if one.is_covered]
        if covered:
            scratch.mkdir()
            files = write_references(covered, scratch)
            paths = [one.target.path for one in covered]
            job = FitJob(paths, files, settings, scratch / "tweakreg", checks.finder)
            road.fit(runner, job, self.context.progress, checks.add)
            self.context.progress.end()


def _explained(chosen: ChosenInput, flags: Sequence[Flag]) -> Row:
    """One product as a row of the table of inputs, with the guards that flag it."""
    members = {member.rootname for member in chosen.version.product.members}
    about = {flag.guard.value for flag in flags if flag.subject in {chosen.rootname, *members}}
    own = {"rootname": chosen.version.rootname, "flags": ", ".join(sorted(about))}
    return {**chosen.as_row(), **own}
