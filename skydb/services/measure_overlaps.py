"""The overlap ledger at work: what is known is read, what is not is measured and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from skydb.domain import ChipLevel, OverlapMeasurement, ProductVersion, SkyOverlap, Stamp
from skydb.domain.overlap import ChipKey, MeasuredChip, MeasuredOverlap
from skydb.files.pixels import ChipPixels, read_pixels
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.services.context import Context
from skydb.services.versions import checked_path
from skydb.sky.footprint import chip_polygon
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.sky.overlaps import ChipOverlap, chip_overlaps_of
from skydb.sky.pairs import ChipFrame, ChipImage, brightness_per_unit, measure_overlap
from skydb.store import overlap_queries

#: Outlines of chips (N, 2) in ICRS degrees.
Outlines = dict[ChipKey, NDArray[np.float64]]

#: Pixels of exposures that are kept at hand; beyond, the one not used for longest goes.
_MEMORY_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class _Plan:
    """What is there and what is missing."""

    version_ids: Mapping[str, int]
    paths: Mapping[str, Path]
    chips: frozenset[ChipKey]
    pairs: tuple[ChipOverlap, ...]

    @property
    def steps(self) -> int:
        return len(self.chips) + len(self.pairs)


@dataclass(frozen=True)
class _Found:
    chips: Sequence[MeasuredChip]
    overlaps: Sequence[MeasuredOverlap]


@dataclass(frozen=True)
class MeasureOverlaps:
    """Measures levels of exposures and of their overlaps, each content once.

    Parameters
    ----------
    context : Context
        Collaborators.
    statistic : SkyStatistic
        How a level is taken; the defaults are AstroDrizzle's.
    """

    context: Context
    statistic: SkyStatistic = field(default_factory=SkyStatistic)

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
        if plan.steps:
            self._measure(plan)
        with self.context.store.reading() as session:
            return _known(session, version_ids, self.statistic.recipe)

    def outlines(self, version_ids: Collection[int]) -> Outlines:
        """Footprints of all chips of these versions, as the ledger has them."""
        with self.context.store.reading() as session:
            return self._outlines(overlap_queries.versions(session, version_ids))

    def _plan(self, version_ids: Collection[int]) -> _Plan:
        with self.context.store.reading() as session:
            versions = overlap_queries.versions(session, version_ids)
            outlines = self._outlines(versions)
            known = _known(session, version_ids, self.statistic.recipe)
            pairs_known = {(one.first, one.second) for one in known.overlaps}
            pairs = tuple(
                one
                for one in chip_overlaps_of(outlines)
                if (one.first, one.second) not in pairs_known
            )
            chips = frozenset(outlines) - set(known.by_key)
            needed = {key[0] for key in chips}
            needed |= {key[0] for pair in pairs for key in (pair.first, pair.second)}
            workspace = self.context.workspace
            return _Plan(
                {_name(version): version.id for version in versions},
                {_name(v): checked_path(workspace, v) for v in versions if _name(v) in needed},
                chips,
                pairs,
            )

    def _outlines(self, versions: Iterable[ProductVersion]) -> Outlines:
        return {
            (_name(version), extver): outline
            for version in versions
            for extver, outline in _outlines_of(version, self.context.workspace).items()
        }

    def _measure(self, plan: _Plan) -> None:
        activity_id = self.context.begin(lambda session, stamp: self._begin(session, stamp, plan))
        with self.context.guarded(OverlapMeasurement, activity_id):
            self.context.progress.begin("Overlaps", plan.steps)
            found = self._look(plan)
            with self.context.closing(OverlapMeasurement, activity_id) as (session, activity):
                self._keep(session, activity, plan, found)

    def _begin(self, session: Session, stamp: Stamp, plan: _Plan) -> OverlapMeasurement:
        parameters = {
            "statistic": self.statistic.as_parameters(),
            "recipe": self.statistic.recipe,
            "chips": len(plan.chips),
            "pairs": len(plan.pairs),
        }
        activity = OverlapMeasurement(parameters, stamp)
        session.add(activity)
        for name in plan.paths:
            activity.use(session.get_one(ProductVersion, plan.version_ids[name]))
        return activity

    def _look(self, plan: _Plan) -> _Found:
        """Read pixels and measure; an exposure is read next to its partners."""
        images = _Images(plan.paths, self.statistic)
        chips, overlaps = [], []
        for name in sorted(plan.paths):
            for image in images.of(name).values():
                if image.key in plan.chips:
                    chips.append(image.measure(self.statistic))
                    self.context.progress.advance()
            for pair in (one for one in plan.pairs if one.first[0] == name):
                first, second = images.chip(pair.first), images.chip(pair.second)
                overlaps.append(measure_overlap(first, second, pair, self.statistic))
                self.context.progress.advance()
        return _Found(chips, overlaps)

    def _keep(
        self, session: Session, activity: OverlapMeasurement, plan: _Plan, found: _Found
    ) -> None:
        """Add what is still not known: another process may have been at it too."""
        recipe = self.statistic.recipe
        known = _known(session, plan.version_ids.values(), recipe)
        there = {(one.first, one.second) for one in known.overlaps}
        version = {n: session.get_one(ProductVersion, i) for n, i in plan.version_ids.items()}
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


class _Images:
    """Chips of exposures, read when they are asked for and forgotten when memory is short."""

    def __init__(self, paths: Mapping[str, Path], statistic: SkyStatistic) -> None:
        self._paths = paths
        self._statistic = statistic
        self._kept: OrderedDict[str, dict[int, ChipImage]] = OrderedDict()

    def chip(self, key: ChipKey) -> ChipImage:
        """One chip."""
        return self.of(key[0])[key[1]]

    def of(self, name: str) -> dict[int, ChipImage]:
        """All chips of one exposure, by EXTVER."""
        if name not in self._kept:
            pixels = read_pixels(self._paths[name])
            self._kept[name] = {n: self._image(name, chip) for n, chip in pixels.items()}
        self._kept.move_to_end(name)
        # Two must stay: the pair that is being measured.
        while len(self._kept) > 2 and self._bytes() > _MEMORY_BYTES:
            self._kept.popitem(last=False)
        return self._kept[name]

    def _image(self, name: str, chip: ChipPixels) -> ChipImage:
        return ChipImage(
            (name, chip.extver),
            chip.science,
            self._statistic.good_pixels(chip.science, chip.quality),
            ChipFrame(chip.wcs),
            chip.unit,
            brightness_per_unit(
                pixel_scale_arcsec=chip.pixel_scale_arcsec,
                exptime_s=chip.exptime_s,
                is_rate=chip.is_rate,
            ),
        )

    def _bytes(self) -> int:
        images = (image for chips in self._kept.values() for image in chips.values())
        return sum(image.science.nbytes + image.good.nbytes for image in images)


def _known(session: Session, version_ids: Collection[int], recipe: str) -> Measures:
    levels = overlap_queries.chip_levels(session, version_ids, recipe)
    overlaps = overlap_queries.sky_overlaps(session, version_ids, recipe)
    return Measures(tuple(row.measured for row in levels), tuple(row.measured for row in overlaps))


def _outlines_of(version: ProductVersion, workspace: Workspace) -> dict[int, NDArray[np.float64]]:
    """Footprints on record; those of the file where the ledger has none."""
    solution = version.current_solution
    known = {chip.extver: chip.s_region for chip in solution.chips} if solution else {}
    regions = {extver: region for extver, region in known.items() if region}
    if known and len(regions) == len(known):
        return {extver: _vertices(region) for extver, region in regions.items()}
    frames = read_hstwcs(checked_path(workspace, version))
    return {extver: chip_polygon(wcs) for extver, wcs in frames.items()}


def _vertices(s_region: str) -> NDArray[np.float64]:
    """Vertices (N, 2) of ``POLYGON ICRS ra dec ...``."""
    return np.array(s_region.split()[2:], dtype=float).reshape(-1, 2)


def _name(version: ProductVersion) -> str:
    exposure = version.product.exposure
    return exposure.rootname if exposure else version.filename
