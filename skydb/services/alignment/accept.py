"""Acceptance: apply exactly the fits that were reviewed, and measure the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    ProductVersion,
)
from skydb.domain.guards import listed
from skydb.domain.values import FileFacts, Realised
from skydb.domain.vocabulary import (
    AlignmentRoad,
    FindingKind,
)
from skydb.drizzle.install import install_fit
from skydb.drizzle.labels import SolutionLabel, label
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tweakback import TweakBack, TweakBackJob
from skydb.drizzle.tweakreg import PROPOSED_NAME
from skydb.errors import StateError
from skydb.files.products import read_hstwcs
from skydb.files.reader import read_facts
from skydb.files.toolnames import tool_copy, tool_name
from skydb.services.alignment.accept_outcome import (
    AcceptOutcome,
    is_as_predicted,
    missed_outcome,
    moved_outcome,
    unmoved_outcome,
)
from skydb.services.alignment.accepting import (
    Then,
    beginning,
    free_name,
    nothing,
    run_of,
    versions_apart,
)
from skydb.services.alignment.exposure_accept import ExposureAcceptance
from skydb.services.alignment.membership import members_of_fit
from skydb.services.alignment.screening import screen
from skydb.services.alignment.since import replaced
from skydb.services.core import Context, checked_path, isolated, keep_version
from skydb.sky.displacement import displacement_of_grids, predicted, residual_mas, sky_grid


@dataclass(frozen=True, eq=False)
class _Fit:
    """One reviewed fit with the files that it concerns, and the members it does not move."""

    solution_id: int
    product: str
    drizzled_id: int
    drizzled: Path
    label: SolutionLabel
    exposures: dict[int, Path]
    left: dict[str, str]
    replaced: dict[str, str]

    @property
    def inputs(self) -> dict[int, Path]:
        """The product and its exposures, by version."""
        return {self.drizzled_id: self.drizzled, **self.exposures}


#: Each fit with the job of carrying it and the copies of its exposures.
_Copies = dict[_Fit, tuple[TweakBackJob, dict[int, Path]]]


@dataclass(frozen=True)
class _Applied:
    """A fit applied to copies, and how each exposure really moved."""

    fit: _Fit
    drizzled: Path
    exposures: dict[int, Path]
    realised: dict[int, Realised]

    @property
    def is_as_predicted(self) -> bool:
        return all(map(is_as_predicted, self.realised.values()))


@dataclass(frozen=True)
class AcceptService:
    """Writes the accepted fits to new versions; earlier versions stay untouched."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def accept(
        self, run_id: int, *, force_why: str | None = None, then: Then = nothing
    ) -> list[AcceptOutcome]:
        """Apply the proposals of an alignment run to its products and their exposures.

        Nothing is fitted again: the numbers come from the ledger. A product whose
        exposures do not all move as predicted stays unchanged and is reported.

        Parameters
        ----------
        run_id : int
            The alignment run.
        force_why : str, optional
            Why fits that skydb does not trust shall be accepted nevertheless; kept with
            the user's name. Without it they are left for review.
        then : callable, optional
            Adds to the transaction that records an acceptance which has moved something.

        Raises
        ------
        NotFoundError
            When there is no such run, or a file or exposure that it needs is gone.
        StateError
            When nothing of the run waits for review, or none of it is trusted.
        ToolError
            When TweakBack failed; nothing was kept.
        """
        if self._road(run_id) is not AlignmentRoad.DRIZZLED:
            return ExposureAcceptance(self.context).accept(run_id, force_why, then)
        reviewed = self._reviewed(run_id)
        solutions = [fit.solution_id for fit in reviewed]
        begin = beginning(run_id, solutions, force_why, _inputs(reviewed))
        activity_id = self.context.begin(begin)
        name = f"accept-{activity_id}"
        with (
            self.context.guarded(Acceptance, activity_id, name),
            self.context.workspace.scratch(name) as scratch,
        ):
            self._withdraw(activity_id, reviewed)
            fits = self._staged([fit for fit in reviewed if fit.exposures], scratch / "inputs")
            if not fits:
                raise _nothing_to_move(run_id, reviewed)
            copied = {fit: self._install(fit, scratch / str(fit.solution_id)) for fit in fits}
            trusted = self._screen(activity_id, copied, force_why)
            _require_apart(run_id, list(trusted))
            applied = self._apply(activity_id, trusted, scratch)
            refused = [fit for fit in fits if fit not in trusted]
            return self._record(activity_id, applied, (refused, reviewed), then)

    def _road(self, run_id: int) -> AlignmentRoad:
        with self.context.store.reading() as session:
            return run_of(session, run_id).what or AlignmentRoad.DRIZZLED

    def _screen(self, activity_id: int, copied: _Copies, force_why: str | None) -> _Copies:
        """Select the copies whose fit is trusted, or forced."""
        self.context.progress.begin(f"Cross-matching {len(copied)} fits")
        installed = {fit.solution_id: job.drizzled for fit, (job, _) in copied.items()}
        chosen = screen(self.context, activity_id, installed, force_why)
        return {fit: copy for fit, copy in copied.items() if fit.solution_id in chosen}

    def reject(self, run_id: int, why: str) -> int:
        """Refuse the proposals of an alignment run; the number refused.

        Raises
        ------
        NotFoundError
            When there is no such run.
        StateError
            When nothing of the run waits for review.
        """
        with self.context.store.writing() as session:
            proposals = run_of(session, run_id).open_proposals()
            for solution in proposals:
                solution.reject(why)
            session.commit()
            return len(proposals)

    def _reviewed(self, run_id: int) -> list[_Fit]:
        with self.context.store.reading() as session:
            run = run_of(session, run_id)
            return [self._plan(session, run, solution) for solution in run.open_proposals()]

    def _plan(self, session: Session, run: AlignmentRun, solution: AlignmentSolution) -> _Fit:
        workspace, drizzled = self.context.workspace, solution.version
        path = checked_path(workspace, drizzled)
        members = members_of_fit(session, drizzled, read_facts(path))
        catalog = (solution.catalog or run.catalog).name
        name = free_name(drizzled, members.moved, catalog)
        quality = solution.as_facts().quality
        return _Fit(
            solution_id=solution.id,
            product=drizzled.filename,
            drizzled_id=drizzled.id,
            drizzled=path,
            label=SolutionLabel.aligned_to(name, catalog, quality),
            exposures={version.id: checked_path(workspace, version) for version in members.moved},
            left=members.left,
            replaced=replaced(members.moved),
        )

    def _withdraw(self, activity_id: int, reviewed: Sequence[_Fit]) -> None:
        """Record the members that no fit moves, and refuse fits that move none.

        Waiting would not make a fit belong to a file that the product was not made of.
        """
        with self.context.store.writing() as session:
            acceptance = session.get_one(Acceptance, activity_id)
            for fit in reviewed:
                for rootname, why in fit.left.items():
                    acceptance.leave(rootname, why)
                if not fit.exposures:
                    why = " ".join(f"{name}: {reason}" for name, reason in fit.left.items())
                    session.get_one(AlignmentSolution, fit.solution_id).reject(why)
            session.commit()

    def _staged(self, fits: Sequence[_Fit], directory: Path) -> list[_Fit]:
        """The same fits, with no two files of one name."""
        paths = {key: path for fit in fits for key, path in fit.inputs.items()}
        apart = versions_apart(self.context, paths, directory)
        return [
            replace(
                fit,
                drizzled=apart[fit.drizzled_id],
                exposures={key: apart[key] for key in fit.exposures},
            )
            for fit in fits
        ]

    def _apply(self, activity_id: int, copied: _Copies, scratch: Path) -> list[_Applied]:
        self.context.progress.begin(f"TweakBack of {len(copied)} fits")
        jobs = [job for job, _ in copied.values()]
        inputs = {key: path for fit in copied for key, path in fit.inputs.items()}
        with isolated(self.context, activity_id, inputs, self.runner) as runner:
            TweakBack(runner).carry_all(jobs, scratch / "tweakback")
        self.context.progress.begin("Measuring shifts", len(copied))
        return [self._measure(fit, job, moved) for fit, (job, moved) in copied.items()]

    def _install(self, fit: _Fit, home: Path) -> tuple[TweakBackJob, dict[int, Path]]:
        home.mkdir()
        drizzled = tool_copy(fit.drizzled, home / tool_name(fit.drizzled))
        with self.context.store.reading() as session:
            chip = session.get_one(AlignmentSolution, fit.solution_id).chips[0].geometry
        original = install_fit(drizzled, chip, name=PROPOSED_NAME)
        label(drizzled, fit.label, previous=PROPOSED_NAME)
        moved = {
            key: tool_copy(path, home / tool_name(path)) for key, path in fit.exposures.items()
        }
        return TweakBackJob(drizzled, tuple(moved.values()), original, fit.label), moved

    def _measure(self, fit: _Fit, job: TweakBackJob, moved: dict[int, Path]) -> _Applied:
        old, new = (next(iter(read_hstwcs(p).values())) for p in (fit.drizzled, job.drizzled))
        realised = {}
        for version_id, path in moved.items():
            before, after = read_hstwcs(fit.exposures[version_id]), read_hstwcs(path)
            start, wanted, got = sky_grid(before), predicted(before, old, new), sky_grid(after)
            realised[version_id] = Realised(
                predicted_mas=displacement_of_grids(start, wanted).median_mas,
                realised_mas=displacement_of_grids(start, got).median_mas,
                residual_mas=residual_mas(wanted, after),
            )
        self.context.progress.advance()
        return _Applied(fit, job.drizzled, moved, realised)

    def _record(
        self,
        activity_id: int,
        applied: Sequence[_Applied],
        others: tuple[Sequence[_Fit], Sequence[_Fit]],
        then: Then,
    ) -> list[AcceptOutcome]:
        """Record what was moved, the fits that were refused, and what all reviewed ones left."""
        refused, reviewed = others
        kept = [self._keep(one) if one.is_as_predicted else {} for one in applied]
        outcomes: list[AcceptOutcome] = []
        with self.context.closing(Acceptance, activity_id) as (session, acceptance):
            for one, files in zip(applied, kept, strict=True):
                record = self._moved if files else _missed
                outcomes += record(session, acceptance, one, files)
            outcomes += [left for fit in refused for left in _untrusted(session, acceptance, fit)]
            outcomes += [left for fit in reviewed for left in _left_alone(acceptance, fit)]
            if any(kept):
                then(session, acceptance)
            else:
                acceptance.fail("No exposure received the shift that was predicted.")
        return outcomes

    def _keep(self, applied: _Applied) -> dict[Path, FileFacts]:
        copies = (applied.drizzled, *applied.exposures.values())
        return {copy: keep_version(self.context.workspace, copy) for copy in copies}

    def _moved(
        self,
        session: Session,
        acceptance: Acceptance,
        applied: _Applied,
        files: dict[Path, FileFacts],
    ) -> Iterator[AcceptOutcome]:
        """Record the new version of the product and those of its members."""
        solution = session.get_one(AlignmentSolution, applied.fit.solution_id)
        relative = self.context.workspace.relative
        drizzled = files[applied.drizzled]
        acceptance.apply(solution, drizzled, relative(drizzled.path))
        for version_id, copy in applied.exposures.items():
            member, file = session.get_one(ProductVersion, version_id), files[copy]
            realised = applied.realised[version_id]
            carried = acceptance.carry(solution, member, file, relative(file.path), realised)
            number = carried.version.number
            why = applied.fit.replaced.get(member.subject)
            if why is not None:
                acceptance.notice(FindingKind.STALE_INPUT, member.subject, why)
            yield moved_outcome(acceptance, member, realised, carried.status, number, why)


def _inputs(fits: Sequence[_Fit]) -> list[int]:
    """Versions of all files that some fits concern."""
    return sorted({version_id for fit in fits for version_id in fit.inputs})


def _nothing_to_move(run_id: int, reviewed: Sequence[_Fit]) -> StateError:
    """Make the error for a run whose fits belong to no present file version."""
    reasons = [f"{rootname}: {why}" for fit in reviewed for rootname, why in fit.left.items()]
    return StateError(
        f"No fit of run {run_id} belongs to the newest files of its exposures. "
        + " ".join(reasons),
        advice="Nothing was moved, and the fits are refused.",
    )


def _require_apart(run_id: int, fits: Sequence[_Fit]) -> None:
    """Make sure that no two fits move one file: the last of them would stay.

    Raises
    ------
    StateError
        When two do.
    """
    moving: dict[int, _Fit] = {}
    for one in fits:
        other = next((moving[key] for key in one.exposures if key in moving), None)
        if other is not None:
            both = sorted(one.exposures[key].name for key in one.exposures.keys() & other.exposures)
            raise StateError(
                f"The fits of {other.product} and {one.product} both move {listed(both)}.",
                advice=f"Nothing was moved. `skydb align reject {run_id} --why TEXT`, and fit one "
                "of them: an exposure gets one fit.",
            )
        moving.update(dict.fromkeys(one.exposures, one))


def _missed(
    session: Session, acceptance: Acceptance, applied: _Applied, _: dict[Path, FileFacts]
) -> Iterator[AcceptOutcome]:
    """Record that the exposures did not move as predicted; nothing is kept."""
    solution = session.get_one(AlignmentSolution, applied.fit.solution_id)
    solution.verify(max(applied.realised.values(), key=lambda realised: realised.residual_mas))
    for version_id, realised in applied.realised.items():
        version = session.get_one(ProductVersion, version_id)
        yield missed_outcome(acceptance, version, realised)


def _untrusted(session: Session, acceptance: Acceptance, fit: _Fit) -> Iterator[AcceptOutcome]:
    """Outcomes of the exposures of a fit that is not trusted."""
    for version_id in fit.exposures:
        version = session.get_one(ProductVersion, version_id)
        yield unmoved_outcome(acceptance, version.subject, version.filename, None)


def _left_alone(acceptance: Acceptance, fit: _Fit) -> Iterator[AcceptOutcome]:
    """Outcomes of the members that a fit does not belong to."""
    for rootname, why in fit.left.items():
        yield unmoved_outcome(acceptance, rootname, fit.product, why)
