"""Alignment of groups: exposures fitted as rigid bodies, and recorded group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from skydb.domain import AlignmentRun, ProductVersion, Stamp
from skydb.domain.alignment import RELATIVE
from skydb.domain.choice import ChosenInput
from skydb.domain.fit import MATCHES_TO_CHOOSE
from skydb.domain.grouping import GroupBy
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.vocabulary import AlignmentRoad, FindingKind
from skydb.drizzle.groupfit import GroupFitter
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tweakreg import ProductFit
from skydb.files.reader import read_facts
from skydb.services.alignment.attempts import as_parameters, names_of
from skydb.services.alignment.exposures import choose_exposures, exposure_flags
from skydb.services.alignment.fitrecord import record_fit
from skydb.services.alignment.group_attempts import GroupAttempt
from skydb.services.alignment.group_trials import GroupCatalog, GroupTrials
from skydb.services.alignment.groups import Group, GroupTarget, groups_of, lonely_exposures
from skydb.services.alignment.products import read_inputs
from skydb.services.alignment.recording import EVIDENCE
from skydb.services.alignment.second_opinion import TrustedFit, second_opinions
from skydb.services.core import Context, isolated
from skydb.services.intake import Selection
from skydb.store.queries import Row
from skydb.store.references import catalog_named


@dataclass(frozen=True)
class GroupOptions:
    """Grouping of exposures, and settings of their fits.

    Parameters
    ----------
    by : GroupBy
    geometry : str or None
        Of the fit; None for the one that the matches of each group allow.
    """

    by: GroupBy = GroupBy.VISIT
    geometry: str | None = None

    def by_for(self, refcat: object | None) -> GroupBy | None:
        """Grouping by which exposures are fitted; None for all, of which visits are aligned."""
        return None if refcat is None and self.by is GroupBy.VISIT else self.by

    def choose(self, matches: int, *, is_turned: bool = False) -> str:
        """The geometry for a number of matches, or for a rotation that a shift would leave.

        A body is rigid, so that a scale is fitted only with twice the matches that it wants.
        """
        if self.geometry is not None:
            return self.geometry
        if matches >= 2 * MATCHES_TO_CHOOSE["rscale"]:
            return "rscale"
        return "rshift" if is_turned or matches >= MATCHES_TO_CHOOSE["rshift"] else "shift"


@dataclass(frozen=True)
class GroupAlignment:
    """Fits groups of exposures on copies and records every fit as a proposal."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def run(
        self,
        refcat: str | Sequence[str] | None,
        exposures: Sequence[str] = (),
        options: GroupOptions | None = None,
        *,
        selection: Selection | None = None,
        policy: GuardPolicy | None = None,
    ) -> int:
        """Fit groups of exposures, each as one rigid body.

        A group that fails does not end the others, and what is fitted when the run is
        interrupted stands.

        Parameters
        ----------
        refcat : str, sequence of str or None
            Name of a reference catalogue; of several the first that gives all of a group a
            trusted fit is taken. None aligns visits to each other.
        exposures : sequence of str
            References to exposures; all when empty.
        options : GroupOptions, optional
        selection : Selection, optional
            Only these exposures.
        policy : GuardPolicy, optional
            What the user says of the guards of inputs.

        Returns
        -------
        int
            The alignment run.

        Raises
        ------
        NotFoundError, FileRejectedError, UsageError
            As choosing exposures does.
        InputsRefusedError
            When a guard refuses the exposures.
        """
        options, policy = options or GroupOptions(), policy or GuardPolicy()
        refcats = None if refcat is None else names_of(refcat)
        with self.context.store.reading() as session:
            for name in refcats or ():
                catalog_named(session, name)
            chosen = choose_exposures(session, exposures, selection)
            read, lost = read_inputs(self.context.workspace, chosen, strict=policy.strict)
            chosen = [one for one in chosen if one.version.id in read]
            groups = groups_of(session, chosen, read, options.by_for(refcats))
            found = [
                *exposure_flags(session, chosen),
                *lonely_exposures(groups, read, refcats is None),
            ]
            flags = [*lost, *policy.apply(found, [one.as_row() for one in chosen])]
        for flag in flags:
            self.context.progress.remark(flag.sentence)
        asked = {"selection": selection.as_parameters()} if selection else {}
        more = {**policy.as_parameters(), **asked}
        run_id = self._begin(refcats, groups, options, flags, **more)
        return self._execute(run_id, refcats, groups, options)

    def explain(
        self,
        refcat: object | None,
        exposures: Sequence[str] = (),
        options: GroupOptions | None = None,
        selection: Selection | None = None,
    ) -> list[Row]:
        """The exposures that a run would fit, their groups, why, and what is flagged.

        Raises
        ------
        NotFoundError, FileRejectedError, UsageError
            As :meth:`run`.
        """
        with self.context.store.reading() as session:
            chosen = choose_exposures(session, exposures, selection)
            read, _ = read_inputs(self.context.workspace, chosen, strict=True)
            by = (options or GroupOptions()).by_for(refcat)
            groups = groups_of(session, chosen, read, by)
            lonely = lonely_exposures(groups, read, refcat is None)
            flags = [*exposure_flags(session, chosen), *lonely]
            rows = {one.version.id: one.as_row() for one in chosen}
        return [
            {
                **rows[one.version_id],
                "group": group.name,
                "reason": f"{one.reason}; in group {group.name}",
                "flags": _flags_of(one, flags),
            }
            for group in groups
            for one in group.targets
        ]

    def repeat(self, run_id: int) -> int:
        """Fit the versions of an earlier run again, in the same groups.

        Raises
        ------
        NotFoundError, FileRejectedError
            When an exposure is gone or not what is on record.
        """
        with self.context.store.reading() as session:
            earlier = session.get_one(AlignmentRun, run_id)
            recorded = dict(earlier.parameters)
            why = f"used by run {run_id}, which this run repeats"
            chosen = [ChosenInput(version, why) for version in earlier.inputs]
            read, _ = read_inputs(self.context.workspace, chosen, strict=True)
            options = GroupOptions(GroupBy(recorded["group_by"]), recorded["fitgeometry"])
            named = recorded.get("refcats", recorded["refcat"])
            refcats = None if named is None else names_of(named)
            groups = groups_of(session, chosen, read, options.by_for(refcats))
        again = self._begin(refcats, groups, options, replay_of=run_id)
        return self._execute(again, refcats, groups, options)

    def _begin(
        self,
        refcats: Sequence[str] | None,
        groups: Sequence[Group],
        options: GroupOptions,
        flags: Sequence[Flag] = (),
        **more: object,
    ) -> int:
        parameters = {
            **(as_parameters(refcats) if refcats else {"refcat": None}),
            "group_by": options.by.value,
            "fitgeometry": options.geometry,
            "products": [one.path.name for group in groups for one in group.targets],
            "epochs": {
                one.path.name: group.epoch_year for group in groups for one in group.targets
            },
            "members": {
                group.name: [one.member.rootname for one in group.targets] for group in groups
            },
            **more,
        }

        def begin(session: Session, stamp: Stamp) -> AlignmentRun:
            reference = catalog_named(session, refcats[0]) if refcats else RELATIVE
            run = AlignmentRun(reference, parameters, stamp, AlignmentRoad.GROUP)
            for one in (target for group in groups for target in group.targets):
                version = session.get_one(ProductVersion, one.version_id)
                run.use(version, reason=one.reason, passed_over=one.passed_over)
            for flag in flags:
                run.notice(flag.guard, flag.subject, flag.message)
            return run

        return self.context.begin(begin)

    def _execute(
        self,
        run_id: int,
        refcats: Sequence[str] | None,
        groups: Sequence[Group],
        options: GroupOptions,
    ) -> int:
        label = f"align-{run_id}"
        inputs = {one.version_id: one.path for group in groups for one in group.targets}
        with (
            self.context.guarded(AlignmentRun, run_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            catalogs = self._catalogs(refcats)
            kept = self.context.workspace.free(EVIDENCE, str(run_id))
            progress = self.context.progress
            progress.begin(f"Fitting {len(groups)} groups", len(groups))
            trusted: list[TrustedFit] = []
            with isolated(self.context, run_id, inputs, self.runner) as runner:
                trials = GroupTrials(self.context, GroupFitter(runner, options.choose))
                for number, group in enumerate(groups):
                    home = scratch / str(number)
                    home.mkdir()
                    for one in trials.first_trusted(group, catalogs, home):
                        self._record(run_id, kept, group, one)
                        trusted += _trusted(group, one)
                    progress.advance()
            progress.end()
            opinions = second_opinions(self.context, refcats or (), trusted)
            with self.context.closing(AlignmentRun, run_id) as (_, run):
                for subject, message in opinions:
                    run.notice(FindingKind.CATALOG, subject, message)
        return run_id

    def _catalogs(self, refcats: Sequence[str] | None) -> list[GroupCatalog | None]:
        if refcats is None:
            return [None]
        with self.context.store.reading() as session:
            catalogs = [catalog_named(session, name) for name in refcats]
            return [GroupCatalog.of(self.context, catalog) for catalog in catalogs]

    def _record(
        self, run_id: int, home: tuple[str, str], group: Group, attempt: GroupAttempt
    ) -> None:
        outcome = attempt.outcome
        kept = self._keep_evidence(home, outcome.fits)
        targets = {one.path: one for one in group.targets}
        read = [read_facts(fit.fitted_copy).primary if fit.fitted_copy else None
                for fit in outcome.fits]  # fmt: skip
        with self.context.store.writing() as session:
            run = session.get_one(AlignmentRun, run_id)
            run.workspace = kept
            run.parameters = attempt.with_facts(run.parameters)
            if attempt.tried:
                run.notice(FindingKind.CATALOG, group.name, attempt.remark)
            catalog = catalog_named(session, attempt.catalog) if attempt.catalog else None
            for fit, wcs in zip(outcome.fits, read, strict=True):
                version = session.get_one(ProductVersion, targets[fit.product].version_id)
                report = attempt.reports.get(fit.product)
                record_fit(
                    run, version, fit, wcs, report, catalog, self.context.workspace.root / kept
                )
            session.commit()

    def _keep_evidence(self, home: tuple[str, str], fits: Sequence[ProductFit]) -> str:
        """Match files and the log, kept for review and figures."""
        for fit in fits:
            for evidence in (fit.match_file, fit.log):
                if evidence is not None and evidence.exists():
                    self.context.workspace.store(evidence, *home, fit.product.stem, evidence.name)
        return "/".join(home)


def _trusted(group: Group, attempt: GroupAttempt) -> list[TrustedFit]:
    """Fits of a group to a catalogue, when all of it may be accepted."""
    if attempt.catalog is None or not attempt.is_trusted:
        return []
    targets = {one.path: one.version_id for one in group.targets}
    return [
        TrustedFit(targets[fit.product], fit, attempt.catalog, group.epoch_year)
        for fit in attempt.outcome.fits
    ]


def _flags_of(target: GroupTarget, flags: Sequence[Flag]) -> str:
    kinds = {flag.guard.value for flag in flags if flag.subject == target.member.rootname}
    return ", ".join(sorted(kinds))
