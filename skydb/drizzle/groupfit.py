"""Exposures fitted as rigid bodies: found, matched, fitted, and examined.

The stars of every exposure are found among cosmic rays; exposures are fitted to each other by
them, and then the body as a whole to a catalogue. Nothing is written but copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skydb.drizzle.groupmatches import MemberMatches
from skydb.drizzle.groupoutcome import BodyOutcome, Evidence, Member, Reference
from skydb.drizzle.memberstars import member_stars
from skydb.drizzle.rigid import RigidBody, RigidFit, move_bodies
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.drizzle.workspace import fresh_directory
from skydb.errors import ToolError
from skydb.files.reader import read_facts
from skydb.sky.bodies import BodyFit, Choice, fit_body, stars_of
from skydb.sky.members import MemberStars
from skydb.sky.planemaps import PlaneMap
from skydb.sky.relative import Consistency, Relative, relate

_WEST = np.array((-1.0, 1.0))


@dataclass(frozen=True)
class GroupFitter:
    """Fits groups of exposures.

    Parameters
    ----------
    runner : DrizzlepacRunner
    choose : Choice
        Gives the geometry for a number of matches.
    finder : StarFinder, optional
        Finds the stars, of each exposure once however many catalogues are tried.
    """

    runner: DrizzlepacRunner
    choose: Choice
    finder: StarFinder = field(default_factory=StarFinder)

    def fit(
        self, name: str, members: Sequence[Member], reference: Reference, scratch: Path
    ) -> list[BodyOutcome]:
        """Fit one group to a catalogue.

        Exposures of several visits that do not hang together are several bodies.

        Parameters
        ----------
        name : str
            Of the group.
        members : sequence of Member
            At least one.
        reference : Reference
        scratch : Path
            Directory for copies, logs and match files.

        Raises
        ------
        FileRejectedError
            When an exposure cannot be read.
        ToolCrashedError, ToolSilentFailureError
            When tweakwcs failed.
        """
        relative = relate(self._stars_of(members))
        bodies = relative.bodies
        found = []
        for number, body in enumerate(bodies, start=1):
            label = name if len(bodies) == 1 else f"{name}/{number}"
            found.append(self._body(_Task(label, members, relative, body), reference, scratch))
        return found

    def _body(self, task: _Task, reference: Reference, scratch: Path) -> BodyOutcome:
        plane = task.relative.plane
        near = plane.near(reference.radec_deg, _MARGIN_MAS)
        catalog = plane.of(reference.radec_deg[near])
        stars = stars_of(task.relative, task.body)
        fit = fit_body(stars, catalog, plane.pixel_mas, self.choose)
        if isinstance(fit, str):
            return task.failed(fit, len(catalog), scratch)
        rigid = RigidBody(
            exposures=[one.path for one in task.mine],
            moves=[task.relative.maps[number] for number in task.body],
            centre=plane.centre,
            pixel_mas=plane.pixel_mas,
            geometry=fit.geometry,
            placed=fit.matched.placed,
            stars_mas=stars.xy_mas[fit.matched.first],
            sources_mas=catalog[fit.matched.second],
        )
        (moved,) = move_bodies(self.runner, [rigid], scratch / fresh_directory(scratch, "body"))
        if moved.reason is not None:
            return task.failed(moved.reason, len(catalog), scratch)
        return task.fitted(fit, rigid, moved, reference)

    def align(self, name: str, members: Sequence[Member], scratch: Path) -> list[BodyOutcome]:
        """Align visits to each other, each as one rigid body, without a catalogue.

        Of visits that hang together, the one with most exposures stays where it is; of those
        with as many, the first.

        Parameters
        ----------
        name : str
            Of the group of visits.
        members : sequence of Member
            Exposures of several visits.
        scratch : Path

        Returns
        -------
        list of BodyOutcome
            One for each visit but those that stay; one that shares no stars with others has
            failed.
        """
        relative = relate(self._stars_of(members), whole_visits=True)
        return [
            outcome
            for body in relative.bodies
            for outcome in self._together(name, members, relative, body, scratch)
        ]

    def _together(
        self,
        name: str,
        members: Sequence[Member],
        relative: Relative,
        body: tuple[int, ...],
        scratch: Path,
    ) -> Iterator[BodyOutcome]:
        """The visits of one body, moved to the one that stays."""
        visits: dict[str, list[int]] = {}
        for number in body:
            visits.setdefault(relative.plane.members[number].visit, []).append(number)
        resting = max(visits, key=lambda visit: len(visits[visit]))
        at_rest = relative.resting_on(visits[resting])
        for visit, numbers in visits.items():
            task = _Task(f"{name}/{visit}", members, at_rest, tuple(numbers), resting)
            if len(visits) == 1:
                yield task.failed("it shares no stars with another visit", 0, scratch)
            elif visit != resting:
                yield self._visit(task, scratch)

    def _visit(self, task: _Task, scratch: Path) -> BodyOutcome:
        plane = task.relative.plane
        nothing = np.empty((0, 2))
        rigid = RigidBody(
            exposures=[one.path for one in task.mine],
            moves=[task.relative.maps[number] for number in task.body],
            centre=plane.centre,
            pixel_mas=plane.pixel_mas,
            geometry="rshift",
            placed=PlaneMap.identity(),
            stars_mas=nothing,
            sources_mas=nothing,
        )
        (moved,) = move_bodies(self.runner, [rigid], scratch / fresh_directory(scratch, "body"))
        if moved.reason is not None:
            return task.failed(moved.reason, 0, scratch)
        return task.aligned(moved)

    def _stars_of(self, members: Sequence[Member]) -> list[MemberStars]:
        """Stars of every member; two cameras of one visit have a pointing each."""
        several = len({one.camera for one in members}) > 1
        visits = [f"{one.visit} {one.camera}" if several else one.visit for one in members]
        return [
            member_stars(one.path, one.rootname, visit, one.band, self.finder)
            for one, visit in zip(members, visits, strict=True)
        ]


#: Sources so far outside the group may still be stars of it.
_MARGIN_MAS = 5000.0


@dataclass(frozen=True)
class _Task:
    """One body of a group."""

    label: str
    members: Sequence[Member]
    relative: Relative
    body: tuple[int, ...]
    resting: str | None = None

    @property
    def mine(self) -> tuple[Member, ...]:
        return tuple(self.members[number] for number in self.body)

    @property
    def consistency(self) -> dict[str, Consistency]:
        return {
            self.members[number].rootname: self.relative.consistency(number) for number in self.body
        }

    def failed(self, reason: str, sources: int, scratch: Path) -> BodyOutcome:
        """The body without a fit."""
        fits = tuple(
            ProductFit(
                product=one.path,
                status=FitStatus.FAILED,
                log=scratch / "none",
                original_wcs_name="",
                fit_geometry="",
                catalog_sources=sources,
                reason=reason,
                group=self.label,
            )
            for one in self.mine
        )
        return self._outcome(fits, None)

    def fitted(
        self, fit: BodyFit, rigid: RigidBody, moved: RigidFit, reference: Reference
    ) -> BodyOutcome:
        """The body with its fit to a catalogue."""
        pixel = rigid.pixel_mas
        spread = moved.residuals_pix.std(axis=0)
        numbers = ProductFit(
            product=Path(),
            status=FitStatus.FITTED,
            log=moved.log,
            original_wcs_name="",
            fit_geometry=fit.geometry,
            catalog_sources=len(fit.catalog_mas),
            nmatches=fit.nmatches,
            dx_pix=float(moved.shift_pix[0]),
            dy_pix=float(moved.shift_pix[1]),
            rotation_deg=moved.rotation_deg,
            scale=moved.scale,
            x_rms_pix=float(spread[0]),
            y_rms_pix=float(spread[1]),
            rms_ra_mas=float(spread[0] * pixel),
            rms_dec_mas=float(spread[1] * pixel),
            catalog_file=reference.file,
            group=self.label,
        )
        fits = tuple(
            replace(numbers, product=one.path, fitted_copy=copy,
                    match_file=self._matches(fit, rigid, moved, number),
                    original_wcs_name=read_facts(one.path).primary.name.text)
            for number, (one, copy) in enumerate(zip(self.mine, moved.copies, strict=True))
        )  # fmt: skip
        return self._outcome(fits, self._evidence(fit, pixel))

    def aligned(self, moved: RigidFit) -> BodyOutcome:
        """The visit with its movement to agree with the others."""
        agreed = self.consistency.values()
        known = [one.rms_mas**2 for one in agreed if one.rms_mas is not None]
        if not known:
            raise ToolError("skydb", f"found no star that {self.label} shares with another visit")
        rms = float(np.sqrt(np.mean(known)))
        pixel = self.relative.plane.pixel_mas
        steps = np.array([(one.east_mas, one.north_mas) for one in agreed])
        dx, dy = steps.mean(axis=0) * _WEST / pixel
        fits = tuple(
            ProductFit(
                product=one.path,
                status=FitStatus.FITTED,
                log=moved.log,
                original_wcs_name=read_facts(one.path).primary.name.text,
                fit_geometry="rshift",
                catalog_sources=0,
                nmatches=self.relative.shared_by(self.body),
                dx_pix=float(dx),
                dy_pix=float(dy),
                rotation_deg=self.relative.maps[self.body[0]].turn_rad * 180.0 / np.pi,
                scale=1.0,
                x_rms_pix=rms / pixel,
                y_rms_pix=rms / pixel,
                rms_ra_mas=rms,
                rms_dec_mas=rms,
                fitted_copy=copy,
                group=self.label,
            )
            for one, copy in zip(self.mine, moved.copies, strict=True)
        )
        return self._outcome(fits, None)

    def _outcome(self, fits: tuple[ProductFit, ...], evidence: Evidence | None) -> BodyOutcome:
        alone = tuple(one.rootname for one in self.mine if one.rootname in self.relative.alone)
        return BodyOutcome(
            self.label,
            self.mine,
            fits,
            self.consistency,
            alone,
            evidence,
            self.resting,
            self.relative.plane.pixel_mas,
        )

    def _evidence(self, fit: BodyFit, pixel_mas: float) -> Evidence:
        plane = self.relative.plane
        names = {number: self.members[number].rootname for number in self.body}
        moved = fit.jackknife_member_mas(self.body if len(self.body) > 1 else ())
        return Evidence(
            measurements=fit.measurements,
            weight=fit.weight,
            before=fit.matched.before,
            jackknife_star_pix=_known(fit.jackknife_star_mas() / pixel_mas),
            jackknife_exposure_pix={
                names[n]: _known(step / pixel_mas) for n, step in moved.items()
            },
            error_mas={
                name: float(
                    np.hypot(fit.error_at(plane.middle(n)), self.relative.consistency(n).error_mas)
                )
                for n, name in names.items()
            },
            agreement=fit.agreement(plane, self.body),
            votes=fit.peak.sentence,
        )

    def _matches(self, fit: BodyFit, rigid: RigidBody, moved: RigidFit, place: int) -> Path:
        """The match file of one member, beside its copy."""
        number, copy = self.body[place], moved.copies[place]
        rows, sources = fit.matched_in(number)
        stars = self.relative.plane.members[number]
        matches = MemberMatches(
            rigid.sources_mas[rows] * _WEST / rigid.pixel_mas,
            rigid.stars_mas[rows] * _WEST / rigid.pixel_mas,
            moved.residuals_pix[rows],
            self.relative.plane.sky(rigid.placed(rigid.stars_mas[rows])),
            stars.xy_pix[sources],
            stars.extver[sources],
        )
        path = copy.with_name(f"{copy.stem}_catalog_fit.match")
        return matches.write(path, copy.name, moved.shift_pix)


def _known(number: float) -> float | None:
    return number if np.isfinite(number) else None
