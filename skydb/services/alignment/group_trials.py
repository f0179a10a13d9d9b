"""Fits of one group to the catalogues of a list, with their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from skydb.domain import ProductVersion, ReferenceCatalog
from skydb.domain.trust import FitCheck, TrustReport
from skydb.domain.vocabulary import AlignmentRoad
from skydb.drizzle.groupfit import GroupFitter
from skydb.drizzle.groupoutcome import BodyOutcome
from skydb.drizzle.groupoutcome import Reference as Sources
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.drizzle.usual import usual_settings
from skydb.errors import FileRejectedError, SkydbError, ToolError
from skydb.files.products import read_hstwcs
from skydb.services.alignment.fitrecord import wcs_in_force
from skydb.services.alignment.fitted_images import FittedExposure
from skydb.services.alignment.group_attempts import GroupAttempt, better, objections
from skydb.services.alignment.group_trust import check_member, check_relative
from skydb.services.alignment.groups import Group, GroupTarget
from skydb.services.alignment.reference import Area, Reference, Target
from skydb.services.catalogs import Placed, UsableCatalog
from skydb.services.core import Context
from skydb.sky.chip_trust import VISITS


@dataclass(frozen=True)
class GroupCatalog:
    """One catalogue of a list, as groups are fitted to it.

    Parameters
    ----------
    name : str
    usable : UsableCatalog
    area : Area
        Where its sources were asked for.
    """

    name: str
    usable: UsableCatalog
    area: Area

    @classmethod
    def of(cls, context: Context, catalog: ReferenceCatalog) -> Self:
        """One of the ledger, in a session."""
        return cls(catalog.name, UsableCatalog.of(context, catalog), Area.of(catalog))

    def told(self, group: Group, placed: Placed) -> dict[str, dict[str, object]]:
        """Placement for the exposures of a group, and its sources on each, by file name."""
        settings, epoch = usual_settings(AlignmentRoad.EXPOSURES), group.epoch_year
        return {
            one.path.name: Reference(
                Target(one.version_id, one.path, epoch), epoch, placed, self.area, settings
            ).as_parameters()
            for one in group.targets
        }


@dataclass(frozen=True)
class GroupTrials:
    """Fits of groups with their checks, not recorded."""

    context: Context
    fitter: GroupFitter

    def first_trusted(
        self,
        group: Group,
        catalogs: Sequence[GroupCatalog | None],
        home: Path,
    ) -> list[GroupAttempt]:
        """The fits to the first catalogue that gives all of a group a trusted fit, or the best.

        Parameters
        ----------
        group : Group
        catalogs : sequence of GroupCatalog
            In the order in which they are tried; None aligns visits to each other.
        home : Path
            A directory for the fits.
        """
        best: list[GroupAttempt] = []
        tried: tuple[str, ...] = ()
        for number, catalog in enumerate(catalogs):
            place = home / str(number)
            place.mkdir()
            made = self._fit(group, catalog, place)
            kept, lost = better(best, made)
            tried = (*tried, *objections(lost))
            best = kept
            if all(one.is_trusted for one in best):
                break
        return [replace(one, tried=tried) for one in best]

    def _fit(self, group: Group, catalog: GroupCatalog | None, home: Path) -> list[GroupAttempt]:
        """Fit one group to one catalogue, and run every check."""
        placed: Placed | None = None
        told: dict[str, dict[str, object]] = {}
        try:
            if catalog is None:
                outcomes = self.fitter.align(group.name, group.members, home)
            else:
                placed = catalog.usable.at(group.epoch_year)
                file = home / "reference.cat"
                told = catalog.told(group, placed)
                placed.table.write_tweakreg(file)
                reference = Sources(placed.table.radec_deg, file)
                outcomes = self.fitter.fit(group.name, group.members, reference, home)
        except (ToolError, FileRejectedError) as error:
            outcomes = [_failed(group, error, home)]
        targets = {one.path: one for one in group.targets}
        visits = None if placed is not None else _Visits.of(group, outcomes, self.fitter.finder)
        return [
            GroupAttempt(
                catalog.name if catalog else None,
                outcome,
                told,
                {
                    fit.product: self._checked(outcome, fit, targets[fit.product], placed or visits)
                    for fit in outcome.fits
                    if fit.is_fitted
                },
            )
            for outcome in outcomes
        ]

    def _checked(
        self,
        outcome: BodyOutcome,
        fit: ProductFit,
        target: GroupTarget,
        placed: Placed | _Visits | None,
    ) -> TrustReport:
        if not isinstance(placed, Placed):
            chips = placed.check_chips(fit) if placed else None
            return check_relative(outcome, fit, chips)
        with self.context.store.reading() as session:
            archive = wcs_in_force(session.get_one(ProductVersion, target.version_id))
        exposure = _fitted(fit.fitted_copy, target.path, self.fitter.finder)
        chips = exposure.check_chips(placed.table.radec_deg) if exposure else None
        return check_member(outcome, fit, target.path, archive, placed.record, chips)


def _fitted(copy: Path | None, original: Path, finder: StarFinder) -> FittedExposure | None:
    """The stars of an exposure by a fit; None of one chip, which has none to contradict it."""
    chips = read_hstwcs(copy) if copy else {}
    return FittedExposure(chips, finder.chips(original)) if len(chips) > 1 else None


@dataclass(frozen=True)
class _Visits:
    """Exposures of visits that were aligned to each other, by the fits of all.

    The stars that visits share are those that agree: where a chip of one of them is displaced,
    the stars of the others agree alone.
    """

    exposures: dict[Path, FittedExposure]
    visits: dict[Path, str]

    @classmethod
    def of(cls, group: Group, outcomes: Sequence[BodyOutcome], finder: StarFinder) -> Self:
        """Exposures that were fitted, and those that the others were aligned to."""
        fits = {fit.product: fit for outcome in outcomes for fit in outcome.fits}
        copies = {
            one.path: fits[one.path].fitted_copy if one.path in fits else one.path
            for one in group.members
        }
        found = {path: _fitted(copy, path, finder) for path, copy in copies.items()}
        return cls(
            {path: one for path, one in found.items() if one is not None},
            {one.path: f"{one.visit} {one.camera}" for one in group.members},
        )

    def check_chips(self, fit: ProductFit) -> FitCheck | None:
        """Check the chips of a fitted exposure by the stars of other visits."""
        mine = self.exposures.get(fit.product)
        visit = self.visits[fit.product]
        others = [
            one.sighting.radec_deg
            for path, one in self.exposures.items()
            if self.visits[path] != visit
        ]
        return mine.check_chips(np.vstack(others), VISITS) if mine and others else None


def _failed(group: Group, error: SkydbError, home: Path) -> BodyOutcome:
    """The failure of a group as a whole."""
    log = error.log if isinstance(error, ToolError) else None
    fits = tuple(
        ProductFit(
            product=one.path,
            status=FitStatus.FAILED,
            log=log or home / "none",
            original_wcs_name="",
            fit_geometry="",
            catalog_sources=0,
            reason=str(error),
            group=group.name,
        )
        for one in group.targets
    )
    return BodyOutcome(group.name, tuple(group.members), fits, {}, ())
