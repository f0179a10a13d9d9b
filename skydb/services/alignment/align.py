"""Alignment: fit drizzled products to a reference catalogue, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from skydb.domain.trust import TrustReport
from skydb.domain.vocabulary import AlignmentRoad, FindingKind
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import ProductFit
from skydb.drizzle.usual import usual_settings
from skydb.files.reader import read_facts
from skydb.services.alignment.attempts import Attempt, as_parameters, first_trusted, names_of
from skydb.services.alignment.fitrecord import record_fit, wcs_in_force
from skydb.services.alignment.group_align import GroupAlignment
from skydb.services.alignment.products import read_inputs
from skydb.services.alignment.reference import (
    Reference,
    Target,
    epochs_used,
    look_at,
    references,
    write_references,
)
from skydb.services.alignment.roads import FitJob, Road, road_of, star_files_of
from skydb.services.alignment.screening import FittedFile, judge_fits
from skydb.services.catalogs import find_catalog, mean_epochs
from skydb.services.core import Context, checked_path, isolated
from skydb.services.intake import Selection, require_listed
from skydb.store.queries import Row


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
        with self.context.store.reading() as session:
            for name in refcats:
                find_catalog(session, name)
            require_listed(session, settings.files)
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
        """Fit the very contents of an earlier run again: same parameters, catalogue, epochs.

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
            When only a log tells of the run or of its catalogue.
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
        label = f"align-{run_id}"
        inputs = {target.version_id: target.path for target in targets}
        with (
            self.context.guarded(AlignmentRun, run_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            with isolated(self.context, run_id, inputs, self.runner) as runner:

                def make(name: str, left: Sequence[Target], number: int) -> Iterator[Attempt]:
                    found = self._references(name, left, chosen)
                    fits = self._fit(road, runner, found, chosen, scratch / str(number))
                    return self._attempts(name, found, fits)

                attempts = first_trusted(refcats, targets, make)
            self._record(run_id, attempts)
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
            flags = [*lost, *policy.judge(found, [one.as_row() for one in chosen])]
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
            run = AlignmentRun(find_catalog(session, refcats[0]), parameters, stamp, road.kind)
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
            catalog = find_catalog(session, refcat)
            found = references(self.context, catalog, targets, settings)
        look_at(found, self.context.progress)
        return found

    def _fit(
        self,
        road: Road,
        runner: DrizzlepacRunner,
        found: Sequence[Reference],
        settings: TweakRegSettings,
        scratch: Path,
    ) -> list[ProductFit]:
        """Fits of the products that are covered, and the failures of the others, in order."""
        covered = [one for one in found if one.is_covered]
        fits = {one.target.path: one.unfitted(scratch) for one in found if not one.is_covered}
        if covered:
            scratch.mkdir()
            files = write_references(covered, scratch)
            paths = [one.target.path for one in covered]
            job = FitJob(paths, files, settings, scratch / "tweakreg")
            made = road.fit(runner, job, self.context.progress)
            self.context.progress.end()
            fits |= {fit.product: fit for fit in made}
        return [fits[one.target.path] for one in found]

    def _attempts(
        self, refcat: str, found: Sequence[Reference], fits: Sequence[ProductFit]
    ) -> Iterator[Attempt]:
        """The fits to one catalogue, judged."""
        reports = self._judge(found, fits)
        for one, fit in zip(found, fits, strict=True):
            yield Attempt(refcat, one, fit, reports.get(one.target.version_id))

    def _record(self, run_id: int, attempts: Sequence[Attempt]) -> None:
        fits = [one.fit for one in attempts]
        kept = self._keep_evidence(run_id, fits)
        read = [read_facts(fit.fitted_copy).primary if fit.fitted_copy else None for fit in fits]
        with self.context.closing(AlignmentRun, run_id) as (session, run):
            run.workspace = kept
            run.parameters = {**run.parameters, **_told(attempts)}
            for one, wcs in zip(attempts, read, strict=True):
                target = one.reference.target
                for doubt in filter(None, (one.reference.doubts(one.fit), one.remark)):
                    run.notice(FindingKind.CATALOG, target.path.name, doubt)
                version = session.get_one(ProductVersion, target.version_id)
                catalog = find_catalog(session, one.catalog)
                record_fit(run, version, one.fit, wcs, one.report, catalog)

    def _judge(
        self, found: Sequence[Reference], fits: Sequence[ProductFit]
    ) -> dict[int, TrustReport]:
        """What every witness says of the fits that there are, by version."""
        fitted = [(one, fit) for one, fit in zip(found, fits, strict=True) if fit.is_fitted]
        self.context.progress.begin("Cross-matching fits", len(fitted))
        ids = [one.target.version_id for one, _ in fitted]
        with self.context.store.reading() as session:
            versions = [session.get_one(ProductVersion, version_id) for version_id in ids]
            in_force = [wcs_in_force(version) for version in versions]
        products = [
            FittedFile(fit, one.target.path, archive, one.motion)
            for (one, fit), archive in zip(fitted, in_force, strict=True)
        ]
        reports = judge_fits(products)
        self.context.progress.end()
        return dict(zip(ids, reports, strict=True))

    def _keep_evidence(self, run_id: int, fits: Sequence[ProductFit]) -> str:
        """Match files, shift files, stars given and the log, kept for review and figures."""
        workspace = self.context.workspace
        home = ("alignments", str(run_id))
        for fit in fits:
            for evidence in (fit.match_file, fit.shift_file, fit.log, *star_files_of(fit)):
                if evidence is not None and evidence.exists():
                    workspace.store(evidence, *home, fit.product.stem, evidence.name)
        return "/".join(home)


def _told(attempts: Sequence[Attempt]) -> dict[str, object]:
    """What a run tells of each file: its catalogue, and why this geometry and this catalogue."""
    named = {one.fit.product.name: one for one in attempts}
    why = {name: one.fit.geometry_why for name, one in named.items() if one.fit.geometry_why}
    tried = {name: list(one.tried) for name, one in named.items() if one.tried}
    return {
        "catalog": {name: one.reference.as_parameters() for name, one in named.items()},
        "geometry_why": why,
        **({"catalogs_tried": tried} if tried else {}),
    }


def _explained(chosen: ChosenInput, flags: Sequence[Flag]) -> Row:
    """One product as a row of the table of inputs, with the guards that flag it."""
    members = {member.rootname for member in chosen.version.product.members}
    about = {flag.guard.value for flag in flags if flag.subject in {chosen.rootname, *members}}
    return {**chosen.as_row(), "flags": ", ".join(sorted(about))}
