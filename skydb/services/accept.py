"""Acceptance: apply exactly the fits that were reviewed, and measure what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Generation,
    Product,
    ProductMember,
    ProductVersion,
)
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.values import FileFacts, Realised, WcsName
from skydb.domain.vocabulary import FindingKind, LinkRole, SolutionStatus
from skydb.drizzle.install import install_fit
from skydb.drizzle.labels import SolutionLabel
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tweakback import TweakBack, TweakBackJob, label_product
from skydb.drizzle.tweakreg import PROPOSED_NAME
from skydb.errors import NotFoundError, StateError
from skydb.files.checksum import sha256_of
from skydb.files.products import read_hstwcs
from skydb.files.reader import read_facts
from skydb.services.context import Context
from skydb.services.versions import checked_path
from skydb.sky.displacement import displacement_of_grids, predicted, residual_mas, sky_grid


@dataclass(frozen=True, slots=True)
class AcceptOutcome:
    """The shift that one exposure should have received, and the one it did."""

    run: int
    rootname: str
    filename: str
    predicted_shift_mas: float
    realised_shift_mas: float
    residual_mas: float
    status: SolutionStatus
    version: int | None


@dataclass(frozen=True)
class _Fit:
    """One reviewed fit with the files that it concerns."""

    solution_id: int
    drizzled_id: int
    drizzled: Path
    label: SolutionLabel
    exposures: dict[int, Path]


@dataclass(frozen=True)
class _Applied:
    """A fit applied to copies, and how each exposure really moved."""

    fit: _Fit
    drizzled: Path
    exposures: dict[int, Path]
    realised: dict[int, Realised]

    @property
    def is_as_predicted(self) -> bool:
        return all(r.residual_mas <= RESIDUAL_LIMIT_MAS for r in self.realised.values())


@dataclass(frozen=True)
class AcceptService:
    """Writes the accepted fits to new versions; earlier versions stay untouched."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def accept(self, run_id: int) -> list[AcceptOutcome]:
        """Apply the proposals of an alignment run to its products and their exposures.

        Nothing is fitted again: the numbers come from the ledger. A product whose
        exposures do not all move as predicted is left as it was, and says so.

        Parameters
        ----------
        run_id : int
            The alignment run.

        Raises
        ------
        NotFoundError
            When there is no such run, or a file or exposure that it needs is gone.
        StateError
            When nothing of the run waits for review.
        ToolError
            When TweakBack failed; nothing was kept.
        """
        fits = self._reviewed(run_id)
        parameters = {"run": run_id, "solutions": [fit.solution_id for fit in fits]}
        activity_id = self.context.begin(
            lambda session, stamp: Acceptance(
                session.get_one(AlignmentRun, run_id), parameters, stamp
            )
        )
        label = f"accept-{activity_id}"
        with (
            self.context.guarded(Acceptance, activity_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            return self._record(activity_id, self._apply(fits, scratch))

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
            proposals = _run(session, run_id).open_proposals()
            for solution in proposals:
                solution.reject(why)
            return len(proposals)

    def _reviewed(self, run_id: int) -> list[_Fit]:
        with self.context.store.reading() as session:
            run = _run(session, run_id)
            return [self._plan(session, run, solution) for solution in run.open_proposals()]

    def _plan(self, session: Session, run: AlignmentRun, solution: AlignmentSolution) -> _Fit:
        exposures = _exposures_behind(session, solution.version)
        name = _free_name(solution.version, exposures, run.catalog.name)
        quality = solution.as_facts().quality
        workspace = self.context.workspace
        return _Fit(
            solution_id=solution.id,
            drizzled_id=solution.version_id,
            drizzled=checked_path(workspace, solution.version),
            label=SolutionLabel.aligned_to(name, run.catalog.name, quality),
            exposures={version.id: checked_path(workspace, version) for version in exposures},
        )

    def _apply(self, fits: Sequence[_Fit], scratch: Path) -> list[_Applied]:
        self.context.progress.begin(f"TweakBack of {len(fits)} fits")
        copied = [self._install(fit, scratch / str(fit.solution_id)) for fit in fits]
        jobs = [job for job, _ in copied]
        TweakBack(self.runner).carry_all(jobs, scratch / "tweakback")
        self.context.progress.begin("Measuring shifts", len(fits))
        return [
            self._measure(fit, job, moved) for fit, (job, moved) in zip(fits, copied, strict=True)
        ]

    def _install(self, fit: _Fit, home: Path) -> tuple[TweakBackJob, dict[int, Path]]:
        home.mkdir()
        drizzled = Path(shutil.copy(fit.drizzled, home))
        with self.context.store.reading() as session:
            chip = session.get_one(AlignmentSolution, fit.solution_id).chips[0].geometry
        original = install_fit(drizzled, chip, name=PROPOSED_NAME)
        label_product(drizzled, fit.label, previous=PROPOSED_NAME)
        moved = {key: Path(shutil.copy(path, home)) for key, path in fit.exposures.items()}
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

    def _record(self, activity_id: int, applied: Sequence[_Applied]) -> list[AcceptOutcome]:
        kept = [self._keep(one) if one.is_as_predicted else {} for one in applied]
        outcomes: list[AcceptOutcome] = []
        with self.context.closing(Acceptance, activity_id) as (session, acceptance):
            for one, files in zip(applied, kept, strict=True):
                recorder = _AcceptRecorder(self.context, session, acceptance, one)
                outcomes += recorder.keep(files) if files else recorder.refuse()
            if not any(kept):
                acceptance.fail("No exposure received the shift that was predicted.")
        return outcomes

    def _keep(self, applied: _Applied) -> dict[Path, FileFacts]:
        """Move the new contents to their homes below the data root."""
        workspace = self.context.workspace
        kept = {}
        for copy in (applied.drizzled, *applied.exposures.values()):
            sha256 = sha256_of(copy)
            home = workspace.store_version(copy, copy.name, sha256)
            kept[copy] = read_facts(home).with_checksum(sha256)
        return kept


class _AcceptRecorder:
    """Rows of one applied fit, in the transaction that ends the acceptance."""

    def __init__(
        self, context: Context, session: Session, acceptance: Acceptance, applied: _Applied
    ) -> None:
        self._workspace = context.workspace
        self._session = session
        self._acceptance = acceptance
        self._applied = applied
        self._solution = session.get_one(AlignmentSolution, applied.fit.solution_id)

    def keep(self, files: dict[Path, FileFacts]) -> list[AcceptOutcome]:
        """Record the new versions and the solutions in them."""
        drizzled = self._add(self._solution.version, files[self._applied.drizzled])
        self._solution.accept(drizzled, files[self._applied.drizzled].primary.name)
        self._supersede(self._solution, self._solution.version)
        return [
            self._keep_exposure(version_id, files[path])
            for version_id, path in self._applied.exposures.items()
        ]

    def refuse(self) -> list[AcceptOutcome]:
        """Record that the exposures did not move as predicted; nothing is kept."""
        self._solution.reject("TweakBack did not give the exposures the predicted shift.")
        return [
            self._refuse_exposure(version_id, realised)
            for version_id, realised in self._applied.realised.items()
        ]

    def _keep_exposure(self, version_id: int, file: FileFacts) -> AcceptOutcome:
        earlier = self._session.get_one(ProductVersion, version_id)
        version = self._add(earlier, file)
        carried = AlignmentSolution.carried(version, self._acceptance, file.primary, self._solution)
        carried.verify(self._applied.realised[version_id])
        self._supersede(carried, earlier)
        return self._outcome(earlier, version_id, carried.status, version.number)

    def _refuse_exposure(self, version_id: int, realised: Realised) -> AcceptOutcome:
        version = self._session.get_one(ProductVersion, version_id)
        message = (
            f"moved {realised.realised_mas:.1f} mas instead of {realised.predicted_mas:.1f} mas."
        )
        self._acceptance.use(version)
        self._acceptance.notice(FindingKind.SHIFT_MISMATCH, version.filename, message)
        return self._outcome(version, version_id, SolutionStatus.FAILED, None)

    def _add(self, earlier: ProductVersion, file: FileFacts) -> ProductVersion:
        self._acceptance.use(earlier)
        path = self._workspace.relative(file.path)
        version = earlier.product.add_version(file, path, is_managed=True)
        self._acceptance.generate(version, LinkRole.ALIGNED)
        return version

    def _supersede(self, solution: AlignmentSolution, earlier: ProductVersion) -> None:
        versions = earlier.product.versions
        known = [s for version in versions for s in version.solutions]
        in_force = (s for s in known if s.wcs_key == " " or s.status is SolutionStatus.APPLIED)
        solution.supersede(in_force)

    def _outcome(
        self,
        version: ProductVersion,
        version_id: int,
        status: SolutionStatus,
        number: int | None,
    ) -> AcceptOutcome:
        realised = self._applied.realised[version_id]
        exposure = version.product.exposure
        return AcceptOutcome(
            run=self._acceptance.alignment_run_id,
            rootname=exposure.rootname if exposure else version.filename,
            filename=version.filename,
            predicted_shift_mas=realised.predicted_mas,
            realised_shift_mas=realised.realised_mas,
            residual_mas=realised.residual_mas,
            status=status,
            version=number,
        )


def _run(session: Session, run_id: int) -> AlignmentRun:
    run = session.get(AlignmentRun, run_id)
    if run is None:
        raise NotFoundError(f"There is no alignment run {run_id}.", advice="See `align run`.")
    return run


def _exposures_behind(session: Session, drizzled: ProductVersion) -> list[ProductVersion]:
    """The very contents that a drizzled product was made of.

    A product that an acceptance made belongs with the exposures of that acceptance; one
    that came from outside belongs with the newest contents that came from outside, for a
    fit carried to exposures that were moved already would move them twice.
    """
    query = (
        select(ProductVersion)
        .join(Product, Product.id == ProductVersion.product_id)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(ProductMember, ProductMember.rootname == Exposure.rootname)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .where(ProductMember.product_id == drizzled.product_id)
        .order_by(ProductMember.position, ProductVersion.number)
    )
    maker = _acceptance_that_made(session, drizzled)
    if maker is None:
        accepted = select(Acceptance.id).scalar_subquery()
        query = query.where(Generation.activity_id.not_in(accepted))
    else:
        query = query.where(Generation.activity_id == maker)
    newest = {version.product_id: version for version in session.scalars(query)}
    return _complete(drizzled, list(newest.values()))


def _acceptance_that_made(session: Session, version: ProductVersion) -> int | None:
    made = (
        select(Acceptance.id)
        .join(Generation, Generation.activity_id == Acceptance.id)
        .where(Generation.version_id == version.id)
    )
    return session.scalar(made)


def _complete(drizzled: ProductVersion, found: list[ProductVersion]) -> list[ProductVersion]:
    names = {version.product.exposure.rootname for version in found if version.product.exposure}
    missing = sorted({member.rootname for member in drizzled.product.members} - names)
    if missing or not found:
        raise NotFoundError(
            f"{drizzled.filename} was made of {', '.join(missing) or 'exposures'} not in the "
            "ledger.",
            advice="Ingest the exposures first.",
        )
    return found


def _free_name(drizzled: ProductVersion, exposures: Sequence[ProductVersion], catalog: str) -> str:
    """A WCSNAME that stands in no header of these contents."""
    solutions = [s for version in (drizzled, *exposures) for s in version.solutions]
    in_headers = (SolutionStatus.RECORDED, SolutionStatus.APPLIED)
    taken = {s.wcs_name.upper() for s in solutions if s.status in in_headers}
    original = next((s for v in exposures for s in v.solutions if s.distortion), None)
    base = WcsName.fitted_by_skydb(WcsName.parse(original.wcs_name if original else ""), catalog)
    candidates = (base.text, *(f"{base.text[:37]}-{number}" for number in range(2, 27)))
    for name in candidates:
        if name.upper() not in taken:
            return name
    raise StateError(f"{drizzled.filename} has too many solutions named {base}.")
