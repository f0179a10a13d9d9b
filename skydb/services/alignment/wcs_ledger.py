"""The WCS ledger: write an earlier solution again, or export it as a headerlet."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, Product, ProductVersion, Restoration, Stamp
from skydb.domain.base import utc_now
from skydb.domain.values import ChipGeometry, FileFacts, Realised
from skydb.domain.vocabulary import (
    FindingKind,
    LinkRole,
    ProductKind,
    SolutionOrigin,
    SolutionStatus,
    WcsKind,
)
from skydb.drizzle.headerlet import HeaderletLabel, Headerlets
from skydb.drizzle.install import install_solution
from skydb.drizzle.labels import SolutionLabel
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import (
    NotFoundError,
    StateError,
    ToolSilentFailureError,
    UsageError,
    disk_errors,
)
from skydb.files.checksum import sha256_of
from skydb.files.chipframes import displaced_chips
from skydb.files.drafts import drafted_anew
from skydb.files.headerlets import headerlet_bytes, read_headerlet_wcs
from skydb.files.products import read_hstwcs
from skydb.files.reader import read_facts
from skydb.files.toolnames import tool_copy, tool_name
from skydb.services.alignment.solutions import find_solution, require_every_chip, wcs_of
from skydb.services.core import (
    Context,
    checked_path,
    keep_version,
)
from skydb.sky.wcs_change import difference
from skydb.version import __version__

#: Largest separation, in mas, between the WCS that was asked for and the one written.
RESTORED_LIMIT_MAS = 0.01

_ON_RECORD = (SolutionStatus.RECORDED, SolutionStatus.APPLIED)
_IMAGES_OF_AN_EXPOSURE = (ProductKind.FLC, ProductKind.FLT)


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """Result of writing an earlier solution again.

    Parameters
    ----------
    solution : int
        The new row; its source is the solution that was asked for.
    restored : int
        The solution that was asked for.
    product, version
        The file, and its new version; None when nothing was kept.
    shift_mas : float
        Shift of the image from the solution that was active.
    residual_mas : float
        Largest separation from the WCS that was asked for.
    status : SolutionStatus
        APPLIED, or FAILED when the residual is too large.
    reason : str or None
        Why it failed, or what is doubtful of the WCS that was asked for.
    """

    solution: int
    restored: int
    product: str
    version: int | None
    wcs_name: str
    shift_mas: float
    residual_mas: float
    status: SolutionStatus
    reason: str | None


@dataclass(frozen=True, slots=True)
class HeaderletOutcome:
    """A headerlet that was written, and how far its WCS is from the ledger's."""

    solution: int
    headerlet: str
    wcs_name: str
    hdr_name: str
    rootname: str
    residual_mas: float
    sha256: str


@dataclass(frozen=True)
class _Plan:
    """A solution on record, and the file that it shall be written to."""

    solution_id: int
    version_id: int
    path: Path
    chips: tuple[ChipGeometry, ...]
    label: SolutionLabel
    hdr_name: str | None
    origin: SolutionOrigin
    rootname: str
    catalog: str


@dataclass(frozen=True)
class WcsLedgerService:
    """Works on copies; a restored solution becomes a new version of its product."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def restore(self, solution_id: int) -> RestoreOutcome:
        """Make an earlier solution the active one again.

        The newest version of the product is copied, its primary WCS archived as an
        alternate and the earlier solution made primary under its own WCSNAME. The result
        is measured.

        Parameters
        ----------
        solution_id : int
            Any solution that stands in a file: as primary WCS, alternate or headerlet.

        Raises
        ------
        NotFoundError
            When there is no such solution, or its file is gone.
        StateError
            When it stands in no file (a proposal), has no distortion (OPUS), lacks a chip, or
            is active already.
        """
        plan = self._plan(solution_id)

        def begin(session: Session, stamp: Stamp) -> Restoration:
            activity = Restoration({"solution": solution_id}, stamp)
            activity.use(session.get_one(ProductVersion, plan.version_id))
            return activity

        activity_id = self.context.begin(begin)
        label = f"restore-{activity_id}"
        with (
            self.context.guarded(Restoration, activity_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            copy = self._written(plan, scratch)
            return self._record(activity_id, plan, copy, self._measure(plan, copy))

    def export(self, solution_id: int, out: Path) -> HeaderletOutcome:
        """Write a solution as a headerlet that stwcs can apply to the exposure.

        Parameters
        ----------
        solution_id : int
            A solution of an exposure that stands in a file.
        out : Path
            The headerlet; must not exist.

        Raises
        ------
        UsageError
            When the file exists, or the solution is of a drizzled product.
        NotFoundError, StateError
            As :meth:`restore`.
        ToolError
            When stwcs cannot make it, or made another WCS of it.
        """
        if out.exists():
            raise UsageError(f"{out} exists already.", advice="Give another name, or remove it.")
        plan = self._plan(solution_id, in_force_too=True)
        with self.context.workspace.scratch(f"headerlet-{solution_id}") as scratch:
            made = self._headerlet(plan, scratch)
            residual_mas = self._residual_of_headerlet(plan, made)
            with disk_errors(out):
                out.parent.mkdir(parents=True, exist_ok=True)
                with drafted_anew(out) as part:
                    shutil.copyfile(made, part)
                    part.rename(out)
        hdr_name = plan.hdr_name or _hdr_name(plan)
        return HeaderletOutcome(
            solution=solution_id,
            headerlet=str(out),
            wcs_name=plan.label.wcs_name,
            hdr_name=hdr_name,
            rootname=plan.rootname,
            residual_mas=residual_mas,
            sha256=sha256_of(out),
        )

    def _plan(self, solution_id: int, *, in_force_too: bool = False) -> _Plan:
        with self.context.store.reading() as session:
            solution = find_solution(session, solution_id)
            _require_in_a_file(solution)
            version = _target(session, solution)
            if not in_force_too:
                _require_not_in_force(solution, version)
            if not in_force_too or solution.origin is not SolutionOrigin.HEADERLET:
                require_every_chip(solution, version)
            exposure = version.product.exposure
            facts = solution.as_facts()
            return _Plan(
                solution_id=solution_id,
                version_id=version.id,
                path=checked_path(self.context.workspace, version),
                chips=facts.chips,
                label=SolutionLabel(solution.wcs_name, solution.wcs_type or "", facts.quality),
                hdr_name=solution.hdr_name,
                origin=solution.origin,
                rootname=exposure.rootname if exposure else "",
                catalog=(solution.catalog.name if solution.catalog else solution.fit_catalog) or "",
            )

    def _written(self, plan: _Plan, scratch: Path) -> Path:
        """Copy the newest version with the earlier solution as its primary WCS."""
        copy = tool_copy(plan.path, scratch / tool_name(plan.path))
        when = utc_now().isoformat(timespec="microseconds")
        history = f"skydb {__version__} made {plan.label.wcs_name} primary at {when}"
        install_solution(copy, plan.chips, plan.label, plan.hdr_name, history=history)
        return copy

    def _measure(self, plan: _Plan, copy: Path) -> Realised:
        now = read_hstwcs(copy)
        with self.context.store.reading() as session:
            wanted = wcs_of(self.context.workspace, find_solution(session, plan.solution_id))
        before = read_hstwcs(plan.path)
        return Realised(
            predicted_mas=difference(before, wanted).median_mas,
            realised_mas=difference(before, now).median_mas,
            residual_mas=difference(now, wanted).max_mas,
        )

    def _record(
        self, activity_id: int, plan: _Plan, copy: Path, realised: Realised
    ) -> RestoreOutcome:
        is_right = realised.residual_mas <= RESTORED_LIMIT_MAS
        facts = keep_version(self.context.workspace, copy) if is_right else read_facts(copy)
        with self.context.closing(Restoration, activity_id) as (session, activity):
            earlier = session.get_one(ProductVersion, plan.version_id)
            source = session.get_one(AlignmentSolution, plan.solution_id)
            version = earlier
            if is_right:
                path = self.context.workspace.relative(facts.path)
                version = earlier.derive(facts, path)
                activity.generate(version, LinkRole.ALIGNED)
            restored = AlignmentSolution.carried(
                version, activity, facts.primary, source, SolutionOrigin.RESTORED
            )
            if restored.verify(realised, RESTORED_LIMIT_MAS):
                earlier.product.supersede_with(restored)
                _doubt(activity, restored, facts)
            else:
                _give_up(activity, restored)
            session.flush()
            return _outcome(restored, plan.solution_id, realised, kept=is_right)

    def _headerlet(self, plan: _Plan, scratch: Path) -> Path:
        if plan.origin is SolutionOrigin.HEADERLET:
            with self.context.store.reading() as session:
                solution = find_solution(session, plan.solution_id)
                held = checked_path(self.context.workspace, solution.version)
            made = scratch / "made_hlet.fits"
            made.write_bytes(headerlet_bytes(held, plan.hdr_name, plan.label.wcs_name))
            return made
        if not plan.rootname:
            raise UsageError(
                f"{plan.path.name} is a combination of exposures; headerlets are for exposures.",
                advice="Export the solutions of its exposures.",
            )
        says = HeaderletLabel(
            hdr_name=plan.hdr_name or _hdr_name(plan),
            destination=plan.rootname,
            author=self.context.agent,
            description=plan.label.wcs_type[:60],
            catalog=plan.catalog,
            quality=plan.label.quality,
        )
        image = self._written(plan, scratch)
        return Headerlets(self.runner).create(image, plan.chips, says, scratch / "headerlet")

    def _residual_of_headerlet(self, plan: _Plan, made: Path) -> float:
        found = read_headerlet_wcs(made, None, plan.label.wcs_name)
        with self.context.store.reading() as session:
            wanted = wcs_of(self.context.workspace, find_solution(session, plan.solution_id))
        for extver, size in ((c.extver, c.naxis_pix) for c in plan.chips):
            found[extver].pixel_shape = size if size[0] else None
        residual_mas = difference(wanted, found).max_mas
        if residual_mas > RESTORED_LIMIT_MAS:
            what = f"made a headerlet that is {residual_mas:.3f} mas off the solution"
            raise ToolSilentFailureError("stwcs", what, advice="Nothing was written.")
        return residual_mas


def _hdr_name(plan: _Plan) -> str:
    """HDRNAME as the archive makes it: ``<file>_<WCSNAME>-hlet.fits``."""
    return f"{plan.path.stem}_{plan.label.wcs_name}-hlet.fits"


def _require_in_a_file(solution: AlignmentSolution) -> None:
    if solution.status not in _ON_RECORD:
        raise StateError(
            f"Solution {solution.id} is {solution.status}: no file has it.",
            advice="Accept it with `skydb align accept`, or choose another one.",
        )
    if solution.wcs_kind is WcsKind.PIPELINE:
        raise StateError(
            f"Solution {solution.id} ({solution.wcs_name}) has no distortion; AstroDrizzle would "
            "put every pixel in a wrong place.",
            advice="Choose one named IDC_...",
        )


def _target(session: Session, solution: AlignmentSolution) -> ProductVersion:
    """The newest version of the file that a solution belongs to; of a headerlet, the image."""
    product = solution.version.product
    if product.kind is not ProductKind.HLET:
        return product.latest
    images = session.scalars(
        select(Product).where(
            Product.exposure_id == product.exposure_id, Product.kind.in_(_IMAGES_OF_AN_EXPOSURE)
        )
    )
    known = sorted(images, key=lambda image: _IMAGES_OF_AN_EXPOSURE.index(image.kind))
    if not known:
        raise NotFoundError(
            f"The ledger has no image that {product.filename} is for.",
            advice="Ingest the FLT or FLC of the exposure.",
        )
    return known[0].latest


def _require_not_in_force(solution: AlignmentSolution, version: ProductVersion) -> None:
    current = version.current_solution
    if current is not None and solution.id in (current.id, current.source_id):
        raise StateError(
            f"Solution {solution.id} is active in version {version.number} of "
            f"{version.filename} already."
        )


def _doubt(activity: Restoration, restored: AlignmentSolution, facts: FileFacts) -> None:
    """Flag a WCS whose chips are not where every other WCS of the file has them."""
    found = list(displaced_chips(facts.solutions, ()))
    for doubt in found:
        activity.notice(FindingKind.DOUBTFUL_FILE, restored.version.filename, doubt)
    restored.reason = " ".join(found) or restored.reason


def _give_up(activity: Restoration, restored: AlignmentSolution) -> None:
    """Record that a solution could not be written: it is in no file and was applied to none."""
    restored.wcs_key = None
    restored.applied_at = None
    restored.reason = (
        f"{restored.reason}; the distortion of the file is not that of the solution. "
        "Nothing was kept."
    )
    activity.fail(restored.reason)


def _outcome(
    restored: AlignmentSolution, asked: int, realised: Realised, *, kept: bool
) -> RestoreOutcome:
    return RestoreOutcome(
        solution=restored.id,
        restored=asked,
        product=restored.version.filename,
        version=restored.version.number if kept else None,
        wcs_name=restored.wcs_name,
        shift_mas=realised.realised_mas,
        residual_mas=realised.residual_mas,
        status=restored.status,
        reason=restored.reason,
    )
