"""The engine ``skydb``: all methods from one set of measurements, which the ledger keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from skydb.domain import ProductVersion, SkyRun
from skydb.domain.overlap import ChipKey
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import Engine, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, ToolError
from skydb.services.core import Context
from skydb.services.skies.engines.base import guarded_runs, notice_blind, notice_islands
from skydb.services.skies.engines.statistic import statistic_of
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import (
    RunInputs,
    left_out_levels,
    recorded_inputs,
    used_versions,
)
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import ChipSky, Measures
from skydb.sky.singles import chip_skies, matched_groups, names_matched
from skydb.store.byid import each_of

Skies = Mapping[ChipKey, ChipSky | None]


@dataclass(frozen=True)
class MeasuringEngine:
    """Part that engines with skies of skydb's own measurements share.

    Parameters
    ----------
    context : Context
    drizzle : AstroDrizzleSettings
        Of which the sky parameters count, and with mosaics all.
    jobs : int
        Exposures beside each other.
    afresh : bool
        Measure again what is on record, as a run that is repeated must.
    per_chip : bool
        Give every chip a sky of its own.
    """

    context: Context
    drizzle: AstroDrizzleSettings = field(default_factory=AstroDrizzleSettings)
    jobs: int = 2
    afresh: bool = False
    per_chip: bool = False

    name = Engine.SKYDB
    shares_work = True

    @cached_property
    def statistic(self) -> SkyStatistic:
        """Measurement of levels."""
        return statistic_of(self.drizzle)

    @property
    def settings(self) -> Mapping[str, object]:
        """Everything that changes the skies."""
        return statistic_settings(self.statistic, per_chip=self.per_chip)

    def measures(self, inputs: RunInputs) -> Measures:
        """Measurements of inputs, in one unit; those that the ledger lacks are made."""
        overlaps = MeasureOverlaps(self.context, self.statistic, self.jobs, self.afresh)
        return overlaps.ensure(inputs.version_ids.values()).converted(inputs.conversions)

    def methods_of(self, run_ids: Sequence[int]) -> dict[int, SkyMethod]:
        """Methods of runs, by their ids."""
        with self.context.store.reading() as session:
            return {run.id: run.method for run in each_of(session, SkyRun, run_ids)}

    def skies(self, methods: Iterable[SkyMethod], measures: Measures) -> dict[SkyMethod, Skies]:
        """Skies of all chips by each method."""
        return {method: chip_skies(method, measures, per_chip=self.per_chip) for method in methods}

    def finish(
        self,
        run: SkyRun,
        versions: Mapping[str, ProductVersion],
        inputs: RunInputs,
        measures: Measures,
        skies: Skies,
        masked: Mapping[ChipKey, int] = MappingProxyType({}),
    ) -> None:
        """Finish a run with the skies of its method, and note what has none.

        Pixels that were masked as cosmic rays are counted beside the sky of their chip.
        """
        units = {chip.key: chip.unit for chip in measures.chips}
        levels = [
            SkyLevel(
                *key,
                None if sky is None else sky.value,
                units[key],
                None if sky is None else sky.sigma,
                masked.get(key),
            )
            for key, sky in skies.items()
        ]
        run.finish([*levels, *left_out_levels(versions, inputs)], versions, run.method)
        matched = [key for key, sky in skies.items() if sky]
        _notice_gaps(run, measures, matched, per_chip=self.per_chip)


@dataclass(frozen=True)
class OwnEngine(MeasuringEngine):
    """Sky values without mosaics: files are read only where the ledger has no levels yet."""

    reads_files = False
    has_mosaic = False

    def execute(self, run_ids: Sequence[int], inputs: RunInputs | None = None) -> None:
        """Measure what is not known and record what every run's method makes of it.

        See :class:`.SkyEngine`.
        """
        try:
            with guarded_runs(self.context, run_ids, f"sky-{run_ids[0]}"):
                known = inputs or recorded_inputs(self.context, run_ids[0], read_files=False)
                measures = self.measures(known)
                skies = self.skies(self.methods_of(run_ids).values(), measures)
                with self.context.closing_all(SkyRun, run_ids) as (session, runs):
                    versions = used_versions(session, known)
                    for run in runs:
                        self.finish(run, versions, known, measures, skies[run.method])
        except (ToolError, FileRejectedError, NotFoundError):
            return  # the rows say FAILED, with the reason


def statistic_settings(statistic: SkyStatistic, *, per_chip: bool = False) -> dict[str, object]:
    """Parameters of the statistic in a recipe, and whether chips are matched one by one."""
    single = {"per_chip": True} if per_chip else {}
    return {"statistic": statistic.as_parameters(), "recipe": statistic.recipe, **single}


def _notice_gaps(
    run: SkyRun, measures: Measures, matched: Collection[ChipKey], *, per_chip: bool
) -> None:
    """Flag what has no value, and groups that have no common zero."""
    blind = set(measures.rootnames) - {chip.rootname for chip in measures.chips if chip.level}
    dark = {f"{c.rootname}[{c.extver}]" for c in measures.chips if not c.level} - {
        f"{chip.rootname}[{chip.extver}]" for chip in measures.chips if chip.rootname in blind
    }
    notice_blind(run, blind | dark)
    if run.method.needs_overlap:
        lit = [chip.key for chip in measures.chips if chip.level or not per_chip]
        names = (names_matched(keys, per_chip=per_chip) for keys in (lit, matched))
        unmatched = sorted(set.difference(*names))
        groups = matched_groups(measures, per_chip=per_chip)
        notice_islands(run, groups, unmatched, per_chip=per_chip)
