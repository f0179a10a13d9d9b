"""Acceptance of fits of single exposures: the fit on record, in every chip, and measured.

No tool is called: the linear terms of every chip are in the ledger, and are written to a copy of
the very file version that was fitted. Fits that were made as one group are applied together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import Acceptance, AlignmentRun, AlignmentSolution, ProductVersion
from skydb.domain.base import utc_now
from skydb.domain.values import ChipGeometry, FileFacts, Realised
from skydb.domain.vocabulary import FindingKind
from skydb.drizzle.install import install_solution
from skydb.drizzle.labels import SolutionLabel
from skydb.errors import StateError
from skydb.files.products import read_hstwcs
from skydb.files.toolnames import tool_copy, tool_name
from skydb.services.alignment.accept_outcome import (
    AcceptOutcome,
    is_as_predicted,
    missed_outcome,
    moved_outcome,
    unmoved_outcome,
)
from skydb.services.alignment.accepting import Then, beginning, free_name, run_of, versions_apart
from skydb.services.alignment.screening import screen
from skydb.services.alignment.since import replaced, rested_elsewhere
from skydb.services.core import Context, checked_path, keep_version
from skydb.sky.displacement import displacement
from skydb.sky.wcs_change import with_linear_terms


@dataclass(frozen=True, eq=False)
class _Fit:
    """One reviewed fit of an exposure.

    `left` is the reason why it is not applied, `replaced` names the fit that it replaces.
    """

    solution_id: int
    version_id: int
    rootname: str
    filename: str
    path: Path
    label: SolutionLabel
    chips: tuple[ChipGeometry, ...]
    group: str | None
    left: str | None = None
    replaced: str | None = None


@dataclass(frozen=True)
class _Installed:
    """A fit written to a copy, and how the copy moved."""

    fit: _Fit
    copy: Path
    realised: Realised

    @property
    def is_as_predicted(self) -> bool:
        return is_as_predicted(self.realised)


@dataclass(frozen=True)
class ExposureAcceptance:
    """Writes accepted fits of exposures to new versions; earlier versions stay untouched."""

    context: Context

    def accept(self, run_id: int, force_why: str | None, then: Then) -> list[AcceptOutcome]:
        """Apply the proposals of a run of exposures.

        Parameters
        ----------
        run_id : int
            The alignment run.
        force_why : str or None
            Why fits that skydb does not trust shall be accepted nevertheless.
        then : callable
            Adds to the transaction that records what was moved.

        Raises
        ------
        NotFoundError, FileRejectedError
            When a file is gone, or not what is on record.
        StateError
            When nothing waits for review, or none of it is trusted.
        """
        reviewed = self._reviewed(run_id)
        solutions = [fit.solution_id for fit in reviewed]
        inputs = [fit.version_id for fit in reviewed]
        activity_id = self.context.begin(beginning(run_id, solutions, force_why, inputs))
        label = f"accept-{activity_id}"
        with (
            self.context.guarded(Acceptance, activity_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            self._withdraw(activity_id, reviewed)
            fits = [fit for fit in reviewed if fit.left is None]
            if not fits:
                raise _nothing_to_move(run_id, reviewed)
            installed = self._install(self._staged(fits, scratch / "inputs"), scratch)
            copies = {one.fit.solution_id: one.copy for one in installed}
            self.context.progress.begin(f"Cross-matching {len(copies)} fits")
            chosen = screen(self.context, activity_id, copies, force_why)
            return self._record(activity_id, installed, chosen, reviewed, then)

    def _reviewed(self, run_id: int) -> list[_Fit]:
        with self.context.store.reading() as session:
            run = run_of(session, run_id)
            fits = [self._plan(run, solution) for solution in run.open_proposals()]
        return _as_groups(fits)

    def _plan(self, run: AlignmentRun, solution: AlignmentSolution) -> _Fit:
        version = solution.version
        catalog = solution.catalog.name if solution.catalog else run.reference or "relative"
        name = free_name(version, [version], catalog)
        quality = solution.as_facts().quality
        left = _newer_delivery(version) or rested_elsewhere(run, solution)
        # A newer delivery often lies in the place of the file that was fitted.
        path = Path(version.filename) if left else checked_path(self.context.workspace, version)
        return _Fit(
            solution_id=solution.id,
            version_id=version.id,
            rootname=version.subject,
            filename=version.filename,
            path=path,
            label=SolutionLabel.aligned_to(name, catalog, quality),
            chips=tuple(chip.geometry for chip in solution.chips),
            group=solution.group_name,
            left=left,
            replaced=replaced([version]).get(version.subject),
        )

    def _withdraw(self, activity_id: int, reviewed: Sequence[_Fit]) -> None:
        """Refuse fits of files that were replaced since."""
        left = [fit for fit in reviewed if fit.left is not None]
        with self.context.store.writing() as session:
            acceptance = session.get_one(Acceptance, activity_id)
            for fit in left:
                assert fit.left is not None
                acceptance.leave(fit.rootname, fit.left)
                session.get_one(AlignmentSolution, fit.solution_id).reject(fit.left)
            session.commit()

    def _staged(self, fits: Sequence[_Fit], directory: Path) -> list[_Fit]:
        """The same fits, with no two files of one name."""
        paths = {fit.version_id: fit.path for fit in fits}
        apart = versions_apart(self.context, paths, directory)
        return [replace(fit, path=apart[fit.version_id]) for fit in fits]

    def _install(self, fits: Sequence[_Fit], scratch: Path) -> list[_Installed]:
        self.context.progress.begin("Writing and measuring fits", len(fits))
        found = []
        for fit in fits:
            home = scratch / str(fit.solution_id)
            home.mkdir()
            copy = tool_copy(fit.path, home / tool_name(fit.path))
            when = utc_now().isoformat(timespec="seconds")
            history = f"skydb: {fit.label.wcs_name} is solution {fit.solution_id}, applied {when}"
            install_solution(copy, fit.chips, fit.label, None, history=history)
            found.append(_Installed(fit, copy, _measured(fit, copy)))
            self.context.progress.advance()
        self.context.progress.end()
        return found

    def _record(
        self,
        activity_id: int,
        installed: Sequence[_Installed],
        chosen: set[int],
        reviewed: Sequence[_Fit],
        then: Then,
    ) -> list[AcceptOutcome]:
        """Record what was moved, the fits that were refused, and those that were left."""
        fine = [one for one in installed if _is_fine(one, chosen)]
        broken = {one.fit.group: one.fit.rootname for one in installed if one not in fine}
        broken.pop(None, None)
        applied = [one for one in fine if one.fit.group not in broken]
        files = {
            one.fit.solution_id: keep_version(self.context.workspace, one.copy) for one in applied
        }
        outcomes: list[AcceptOutcome] = []
        with self.context.closing(Acceptance, activity_id) as (session, acceptance):
            for one in installed:
                file = files.get(one.fit.solution_id)
                if file is not None:
                    outcomes.append(self._moved(session, acceptance, one, file))
                elif one in fine:
                    outcomes.append(_kept_back(acceptance, one.fit, broken))
                else:
                    is_trusted = one.fit.solution_id in chosen
                    outcomes.append(_unmoved(session, acceptance, one, is_trusted=is_trusted))
            outcomes += _left_alone(acceptance, reviewed)
            if files:
                then(session, acceptance)
            else:
                acceptance.fail("No exposure received the shift that was predicted.")
        return outcomes

    def _moved(
        self, session: Session, acceptance: Acceptance, one: _Installed, file: FileFacts
    ) -> AcceptOutcome:
        solution = session.get_one(AlignmentSolution, one.fit.solution_id)
        before = solution.version
        after = acceptance.apply(solution, file, self.context.workspace.relative(file.path))
        solution.verify(one.realised)
        why = one.fit.replaced
        if why is not None:
            acceptance.notice(FindingKind.STALE_INPUT, one.fit.rootname, why)
        return moved_outcome(acceptance, before, one.realised, solution.status, after.number, why)


def _newer_delivery(version: ProductVersion) -> str | None:
    """Explain why a fit of a version moves nothing any more, or None."""
    if version.is_newest_delivery:
        return None
    newest = version.product.deliveries[-1]
    return (
        f"{newest.reference} is of a newer archive version than {version.reference}, "
        "which was fitted. Fit that."
    )


#: Why a member of a group is not moved, with the rootname of another one.
_BROKEN = "{}, fitted with it as one group, is not moved."


def _as_groups(fits: Sequence[_Fit]) -> list[_Fit]:
    """The same fits; of a group with a member that is left, none is applied."""
    broken = {fit.group: fit.rootname for fit in fits if fit.group and fit.left}
    return [
        replace(fit, left=_BROKEN.format(broken[fit.group]))
        if fit.group in broken and fit.left is None
        else fit
        for fit in fits
    ]


def _measured(fit: _Fit, copy: Path) -> Realised:
    """Measure how the copy moved, and its distance from the fit, on a grid of every chip."""
    before, after = read_hstwcs(fit.path), read_hstwcs(copy)
    wanted = {chip.extver: with_linear_terms(before[chip.extver], chip) for chip in fit.chips}
    return Realised(
        predicted_mas=displacement(before, wanted).median_mas,
        realised_mas=displacement(before, after).median_mas,
        residual_mas=displacement(wanted, after).max_mas,
    )


def _is_fine(one: _Installed, chosen: set[int]) -> bool:
    """Whether a fit is trusted and went as predicted."""
    return one.is_as_predicted and one.fit.solution_id in chosen


def _kept_back(
    acceptance: Acceptance, fit: _Fit, broken: Mapping[str | None, str]
) -> AcceptOutcome:
    """The outcome of a good fit, of whose group another one is not."""
    why = _BROKEN.format(broken[fit.group])
    return unmoved_outcome(acceptance, fit.rootname, fit.filename, why)


def _unmoved(
    session: Session, acceptance: Acceptance, one: _Installed, *, is_trusted: bool
) -> AcceptOutcome:
    """The outcome of an exposure of which nothing is kept."""
    solution = session.get_one(AlignmentSolution, one.fit.solution_id)
    version = solution.version
    if is_trusted and not one.is_as_predicted:
        solution.verify(one.realised)
        return missed_outcome(acceptance, version, one.realised)
    return unmoved_outcome(acceptance, version.subject, version.filename, None)


def _left_alone(acceptance: Acceptance, reviewed: Sequence[_Fit]) -> Iterator[AcceptOutcome]:
    for fit in reviewed:
        if fit.left is not None:
            yield unmoved_outcome(acceptance, fit.rootname, fit.filename, fit.left)


def _nothing_to_move(run_id: int, reviewed: Sequence[_Fit]) -> StateError:
    reasons = " ".join(f"{fit.rootname}: {fit.left}" for fit in reviewed)
    return StateError(
        f"No fit of run {run_id} belongs to the files that stand now. {reasons}",
        advice="Nothing was moved, and the fits are refused.",
    )
