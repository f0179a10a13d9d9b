"""The overlap ledger at work: what is known is read, what is not is measured and kept."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skydb.domain import ChipLevel, OverlapMeasurement, ProductVersion, SkyOverlap, Stamp
from skydb.domain.overlap import ChipKey, MeasuredChip, MeasuredOverlap
from skydb.files.pixels import ChipFile, open_chips
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.services.core import Context, checked_path
from skydb.services.skies.pixelwork import ExposureLevels, ExposureWork, Side, look_at_all
from skydb.sky.footprint import chip_polygon
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.sky.outlines import vertices_deg
from skydb.sky.overlaps import ChipOverlap, chip_overlaps_of
from skydb.sky.pairs import ChipFrame
from skydb.store import overlap_queries
from skydb.threads import Threads

#: Outlines of chips (N, 2) in ICRS degrees.
Outlines = dict[ChipKey, NDArray[np.float64]]


@dataclass(frozen=True)
class _Plan:
    """Measurements on record and measurements to make."""

    versions: Mapping[str, ProductVersion]
    known: Measures
    chips: frozenset[ChipKey]
    pairs: tuple[ChipOverlap, ...]

    @property
    def is_complete(self) -> bool:
        return not self.chips and not self.pairs

    @property
    def needed(self) -> list[str]:
        """Exposures that must be read."""
        in_pairs = {key[0] for pair in self.pairs for key in (pair.first, pair.second)}
        return sorted(in_pairs | {rootname for rootname, _ in self.chips})


@dataclass(frozen=True)
class _Found:
    chips: Sequence[MeasuredChip]
    overlaps: Sequence[MeasuredOverlap]


@dataclass(frozen=True)
class MeasureOverlaps:
    """Measures levels of exposures and of their overlaps, each file version once.

    Parameters
    ----------
    context : Context
        Collaborators.
    statistic : SkyStatistic
        How a level is taken; the defaults are AstroDrizzle's.
    jobs : int
        Exposures that are looked at beside each other; as many as there are cores when 0.
    afresh : bool
        Measure what is on record, too, and keep nothing: to see whether it comes again.
    """

    context: Context
    statistic: SkyStatistic = field(default_factory=SkyStatistic)
    jobs: int = 0
    afresh: bool = False

    def ensure(self, version_ids: Collection[int]) -> Measures:
        """Measures of these versions; what is not on record yet is measured first.

        Parameters
        ----------
        version_ids : collection of int
            One version of each exposure.

        Raises
        ------
        NotFoundError
            When a version does not exist, or a file that must be read is gone.
        FileRejectedError
            When a file is not what is on record, or cannot be read.
        """
        plan = self._plan(version_ids)
        if plan.is_complete:
            return plan.known
        found = self._measure(plan)
        return _in_order(
            (*plan.known.chips, *map(_as_kept, found.chips)),
            (*plan.known.overlaps, *found.overlaps),
            plan.known.outlines,
        )

    def known(self, version_ids: Collection[int]) -> Measures | None:
        """Measures of these versions if all are on record; no file is read for them."""
        with self.context.store.reading() as session:
            _, known, outlines = self._recorded(session, version_ids)
        if outlines.keys() - known.by_key.keys():
            # Then the pairs do not matter, which take longer to find than all else.
            return None
        return None if _unknown_pairs(known, outlines) else known

    def outlines(self, version_ids: Collection[int]) -> Outlines:
        """Footprints of all chips of these versions, as the ledger has them."""
        with self.context.store.reading() as session:
            return self._outlines(overlap_queries.versions_with_outlines(session, version_ids))

    def _plan(self, version_ids: Collection[int]) -> _Plan:
        with self.context.store.reading() as session:
            versions, known, outlines = self._recorded(session, version_ids)
            named = {version.subject: version for version in versions}
        missing = _unknown_pairs(known, outlines)
        return _Plan(named, known, frozenset(outlines) - set(known.by_key), missing)

    def _recorded(
        self, session: Session, version_ids: Collection[int]
    ) -> tuple[Sequence[ProductVersion], Measures, Outlines]:
        """Versions, what is on record of them, and the outlines of their chips."""
        versions = overlap_queries.versions_with_outlines(session, version_ids)
        outlines = self._outlines(versions)
        if self.afresh:
            return versions, _in_order((), (), outlines), outlines
        known = _known(session, version_ids, self.statistic.recipe, outlines)
        return versions, known, outlines

    def _outlines(self, versions: Iterable[ProductVersion]) -> Outlines:
        return {
            (version.subject, extver): outline
            for version in versions
            for extver, outline in _outlines_of(version, self.context.workspace).items()
        }

    def _measure(self, plan: _Plan) -> _Found:
        works = self._works(plan)
        activity_id = self.context.begin(lambda session, stamp: self._begin(session, stamp, plan))
        with self.context.guarded(OverlapMeasurement, activity_id):
            self.context.progress.begin("Overlaps", len(works))
            advance = self.context.progress.advance
            found = _merged(plan, look_at_all(works, self.statistic, self._jobs, advance))
            with self.context.closing(OverlapMeasurement, activity_id) as (session, activity):
                if not self.afresh:
                    self._keep(session, activity, plan, found)
        return found

    def _works(self, plan: _Plan) -> list[ExposureWork]:
        """Plan the measurements of every exposure, once all their files were checked."""
        chips = dict(self._opened([plan.versions[name] for name in plan.needed]))
        within = _asked_within(plan.pairs, chips)
        return [
            ExposureWork(
                name,
                chips[name],
                frozenset(extver for extver in chips[name] if (name, extver) in plan.chips),
                within[name],
            )
            for name in plan.needed
        ]

    def _opened(
        self, versions: Sequence[ProductVersion]
    ) -> Iterator[tuple[str, dict[int, ChipFile]]]:
        """Headers of files; while those of one are parsed, the next are being checked."""
        with Threads(self._jobs) as pool:
            paths = pool.map(lambda one: checked_path(self.context.workspace, one), versions)
            for version, path in zip(versions, paths, strict=True):
                yield version.subject, open_chips(path)

    @property
    def _jobs(self) -> int:
        return self.jobs if self.jobs > 0 else os.cpu_count() or 1

    def _begin(self, session: Session, stamp: Stamp, plan: _Plan) -> OverlapMeasurement:
        parameters = {
            "statistic": self.statistic.as_parameters(),
            "recipe": self.statistic.recipe,
            "chips": len(plan.chips),
            "pairs": len(plan.pairs),
            "afresh": self.afresh,
        }
        activity = OverlapMeasurement(parameters, stamp)
        session.add(activity)
        ids = [plan.versions[name].id for name in plan.needed]
        for version in overlap_queries.versions(session, ids):
            activity.use(version)
        return activity

    def _keep(
        self, session: Session, activity: OverlapMeasurement, plan: _Plan, found: _Found
    ) -> None:
        """Add what is still not known: another process may have been at it too."""
        recipe = self.statistic.recipe
        ids = [version.id for version in plan.versions.values()]
        version = {one.subject: one for one in overlap_queries.versions(session, ids)}
        known = _known(session, ids, recipe)
        there = {(one.first, one.second) for one in known.overlaps}
        session.add_all(
            ChipLevel(version[chip.rootname], activity, recipe, chip)
            for chip in found.chips
            if chip.key not in known.by_key
        )
        session.add_all(
            SkyOverlap((version[one.first[0]], version[one.second[0]]), activity, recipe, one)
            for one in found.overlaps
            if (one.first, one.second) not in there
        )


def _unknown_pairs(known: Measures, outlines: Outlines) -> tuple[ChipOverlap, ...]:
    """Pairs of chips that share sky and are not on record."""
    there = {(one.first, one.second) for one in known.overlaps}
    found = chip_overlaps_of(outlines)
    return tuple(one for one in found if (one.first, one.second) not in there)


def _asked_within(
    pairs: Iterable[ChipOverlap], chips: Mapping[str, Mapping[int, ChipFile]]
) -> Mapping[str, Mapping[Side, NDArray[np.float64]]]:
    """By rootname, the outlines of partners within which its chips are to be measured."""
    frames = {
        (name, extver): ChipFrame(chip.meaning.wcs)
        for name, files in chips.items()
        for extver, chip in files.items()
    }
    asked: dict[str, dict[Side, NDArray[np.float64]]] = defaultdict(dict)
    for pair in pairs:
        for own, other in ((pair.first, pair.second), (pair.second, pair.first)):
            asked[own[0]][own, other] = frames[other].outline_deg
    return asked


def _merged(plan: _Plan, seen: Sequence[ExposureLevels]) -> _Found:
    """Both sides of every pair together."""
    sides = {side: level for one in seen for side, level in one.within.items()}
    overlaps = [
        MeasuredOverlap(
            pair.first,
            pair.second,
            pair.area_arcsec2,
            sides[pair.first, pair.second],
            sides[pair.second, pair.first],
        )
        for pair in plan.pairs
    ]
    return _Found([chip for one in seen for chip in one.chips], overlaps)


def _known(
    session: Session, version_ids: Collection[int], recipe: str, outlines: Outlines | None = None
) -> Measures:
    levels = overlap_queries.chip_levels(session, version_ids, recipe)
    overlaps = overlap_queries.sky_overlaps(session, version_ids, recipe)
    chips, pairs = (row.measured for row in levels), (row.measured for row in overlaps)
    return _in_order(chips, pairs, outlines or {})


def _in_order(
    chips: Iterable[MeasuredChip],
    overlaps: Iterable[MeasuredOverlap],
    outlines: Mapping[ChipKey, NDArray[np.float64]],
) -> Measures:
    return Measures(
        tuple(sorted(chips, key=lambda one: one.key)),
        tuple(sorted(overlaps, key=lambda one: (one.first, one.second))),
        outlines,
    )


def _outlines_of(version: ProductVersion, workspace: Workspace) -> dict[int, NDArray[np.float64]]:
    """Footprints on record; those of the file where the ledger has none."""
    solution = version.current_solution
    known = {chip.extver: chip.s_region for chip in solution.chips} if solution else {}
    regions = {extver: region for extver, region in known.items() if region}
    if known and len(regions) == len(known):
        return {extver: vertices_deg(region) for extver, region in regions.items()}
    frames = read_hstwcs(checked_path(workspace, version))
    return {extver: chip_polygon(wcs) for extver, wcs in frames.items()}


def _as_kept(chip: MeasuredChip) -> MeasuredChip:
    """A chip as the ledger keeps it: what the pixels are like is kept of overlaps only."""
    level = chip.level and replace(chip.level, noise=0.0, slope=0.0)
    return replace(chip, level=level)
