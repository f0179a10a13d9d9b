"""``sky audit``: residuals that a run left between exposures, measured without the run's tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from skydb.domain import SkyRun, units
from skydb.domain.overlap import ChipKey
from skydb.domain.units import Conversion
from skydb.domain.vocabulary import Engine, SkyMethod
from skydb.drizzle.crmasks import read_masks
from skydb.errors import NotFoundError, UsageError
from skydb.services.core import Context
from skydb.services.skies.advise import AdviseService
from skydb.services.skies.leftover import (
    CellLevels,
    Leftover,
    left_columns,
    left_sentences,
    leftover_of,
)
from skydb.services.skies.measure_overlaps import MeasureOverlaps, Outlines
from skydb.services.skies.recipe import inputs_of
from skydb.sky.advice import Advice
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Islands, Measures
from skydb.sky.residuals import (
    AuditUnit,
    ExposureResidual,
    Residual,
    common_unit,
    residuals,
    rms,
    worst_exposures,
    worst_pairs,
)
from skydb.store import overlap_queries
from skydb.store.queries import Row

Skies = Mapping[ChipKey, float | None]


@dataclass(frozen=True, slots=True)
class RunScore:
    """Residuals of one run of the group.

    Parameters
    ----------
    run : int
        Its id.
    engine : Engine
        What computed it.
    method : SkyMethod
        The method that really ran.
    downgraded : bool
        Whether that is not the one asked for.
    rms : float or None
        Of the residuals left; None when it left none.
    worst : float or None
        The largest of them, without sign.
    pairs : int
        How many they are.
    unit : str
        Of rms and worst.
    """

    run: int
    engine: Engine
    method: SkyMethod
    downgraded: bool
    rms: float | None
    worst: float | None
    pairs: int
    unit: str


@dataclass(frozen=True)
class Audit:
    """Result of an audit.

    Parameters
    ----------
    run : RunScore
        The run that was audited.
    residuals : tuple of Residual
        One per pair of exposures.
    islands : tuple of tuple of str
        Connected groups of exposures, the largest first; several have no common zero.
    ranking : tuple of RunScore
        All runs of the group, the best first.
    advice : Advice or None
        The method that suits the exposures, whatever ran.
    outlines : mapping of ChipKey to ndarray
        Footprints, for a picture.
    left : Leftover
        What kind of error is left, and the residuals of chips.
    is_of_before : bool
        Whether the skies had been subtracted before the run: the differences are those of
        the pixels as they are, and nothing is subtracted again.
    """

    run: RunScore
    residuals: tuple[Residual, ...]
    islands: Islands
    ranking: tuple[RunScore, ...]
    advice: Advice | None = None
    outlines: Outlines = field(repr=False, default_factory=dict)
    left: Leftover = field(default_factory=Leftover)
    is_of_before: bool = False

    @property
    def is_flagged(self) -> bool:
        """Whether there are flags: exit code 5."""
        return len(self.islands) > 1 or self.run.downgraded or self.left.worst is not None

    @property
    def rms_before(self) -> float | None:
        """Rms of the differences as observed."""
        return rms(one.before for one in self.residuals)

    @property
    def worst_pairs(self) -> list[Residual]:
        """Pairs with the largest residuals that are left."""
        return worst_pairs(self.residuals)

    @property
    def worst_exposures(self) -> list[ExposureResidual]:
        """Exposures whose pairs are worst."""
        return worst_exposures(self.residuals)

    def rows(self) -> list[Row]:
        """One row per pair of exposures, with what is left in the run as a whole."""
        left = left_columns(self.left)
        return [{**asdict(one), **left} for one in self.residuals]

    def chip_rows(self) -> list[Row]:
        """One row per pair of chips, with the same."""
        left = left_columns(self.left)
        return [{**row, **left} for row in self.left.chips]

    def ranking_rows(self) -> list[Row]:
        """One row per run of the group, the best first."""
        return [asdict(one) for one in self.ranking]


@dataclass(frozen=True)
class FoundSkies:
    """Skies of a run.

    Parameters
    ----------
    skies : mapping
        MDRIZSKY by rootname and extver.
    masks : mapping
        (rows, columns), True where driz_cr saw a cosmic ray; empty when it did not run.
    masked : mapping
        How many pixels of a chip that are, or None.
    is_relative : bool
        Whether skies are offsets from one image.
    """

    skies: Skies
    masks: Mapping[ChipKey, NDArray[np.bool_]]
    masked: Mapping[ChipKey, int | None]
    is_relative: bool


@dataclass(frozen=True)
class AuditService:
    """Audits sky runs of any engine.

    Parameters
    ----------
    context : Context
        Collaborators.
    statistic : SkyStatistic
        How levels are taken: one yardstick for all runs, whatever they used themselves.
    """

    context: Context
    statistic: SkyStatistic = field(default_factory=SkyStatistic)

    def audit(self, run_id: int) -> Audit:
        """Residual of every pair of exposures before and after the skies of a run.

        Overlaps that were never measured are measured now.

        Raises
        ------
        NotFoundError
            When there is no such run, it has no values, or a file to measure is gone.
        FileRejectedError
            When a file is not what is on record, or cannot be read.
        """
        with self.context.store.reading() as session:
            run = overlap_queries.audited_run(session, run_id)
            version_ids = overlap_queries.measured_versions(run)
        overlaps = MeasureOverlaps(self.context, self.statistic)
        measures = overlaps.ensure(version_ids)
        with self.context.store.reading() as session:
            run = overlap_queries.audited_run(session, run_id)
            conversions = _conversions(run)
            measures = measures.converted(conversions)
            peers = overlap_queries.peers(session, run)
            skies = {peer.id: _left_to_subtract(peer) for peer in peers}
            is_of_before = run.has_skies_of_before
        unit = common_unit(measures.chips)
        outlines = overlaps.outlines(version_ids)
        measures = replace(measures, outlines=outlines)
        cells = CellLevels(self.context, self.statistic, version_ids, conversions)
        scores = [_score(peer, measures, skies[peer.id], unit) for peer in peers]
        return Audit(
            run=next(score for score in scores if score.run == run_id),
            residuals=tuple(residuals(measures, skies[run_id], unit)),
            islands=measures.islands,
            ranking=tuple(sorted(scores, key=_rank)),
            advice=AdviseService(self.context).of_measures(version_ids, measures),
            outlines=outlines,
            left=leftover_of(cells, measures, skies[run_id], unit),
            is_of_before=is_of_before,
        )

    def of_record(self, run_id: int) -> Audit | None:
        """The same from levels on record, without a file: nothing is measured or written.

        Gradients across exposures, which are measured on files, are not in it.

        Returns
        -------
        Audit or None
            None when the overlaps of its exposures are not all measured, or only a log has
            the run.
        """
        try:
            with self.context.store.reading() as session:
                run = overlap_queries.audited_run(session, run_id)
                version_ids = overlap_queries.measured_versions(run)
            inputs = inputs_of(self.context, version_ids, read_files=False)
        except (NotFoundError, UsageError):
            return None
        # The yardstick of audits, or what the run itself measured its overlaps with.
        theirs = AdviseService(self.context).statistic_for(inputs)
        for statistic in (self.statistic, theirs):
            overlaps = MeasureOverlaps(self.context, statistic)
            measures = overlaps.known(version_ids)
            if measures is not None:
                return self._scored(run_id, measures, overlaps.outlines(version_ids))
        return None

    def _scored(self, run_id: int, measures: Measures, outlines: Outlines) -> Audit:
        with self.context.store.reading() as session:
            run = overlap_queries.audited_run(session, run_id)
            measures = measures.converted(_conversions(run))
            peers = overlap_queries.peers(session, run)
            skies = {peer.id: _left_to_subtract(peer) for peer in peers}
            is_of_before = run.has_skies_of_before
        unit = common_unit(measures.chips)
        scores = [_score(peer, measures, skies[peer.id], unit) for peer in peers]
        return Audit(
            run=next(score for score in scores if score.run == run_id),
            residuals=tuple(residuals(measures, skies[run_id], unit)),
            islands=measures.islands,
            ranking=tuple(sorted(scores, key=_rank)),
            outlines=outlines,
            is_of_before=is_of_before,
        )

    def found(self, run_id: int) -> FoundSkies:
        """Skies of a run, and its masks of cosmic rays, for a comparison with a truth.

        Raises
        ------
        NotFoundError
            When there is no such run, or it has no values.
        UnreadableFileError
            When its masks are gone.
        """
        with self.context.store.reading() as session:
            run = overlap_queries.audited_run(session, run_id)
            relative, path = run.method.is_relative, run.masks_path
            if run.mosaic is not None and run.mosaic.purged_at is not None:
                path = None  # they went with the mosaic; their counts are with the values
            skies, masked = _skies(run), {}
            for value in run.values:
                masked[value.exposure.rootname, value.extver] = value.cr_masked_pix
        masks = read_masks(self.context.workspace.resolve(path)) if path else {}
        return FoundSkies(skies, masks, masked, relative)


def _conversions(run: SkyRun) -> dict[str, Conversion]:
    """Conversions of exposures whose skies are not in the unit of their file."""
    versions = {link.version.subject: link.version for link in run.used}
    lit = {name: one.condition for name, one in versions.items() if one.has_signal}
    units_used = {value.exposure.rootname: value.unit for value in run.values if value.unit}
    found = units.common_unit(lit).conversions
    return {name: one for name, one in found.items() if units_used.get(name) is one.unit}


def _skies(run: SkyRun) -> Skies:
    return {(value.exposure.rootname, value.extver): value.mdrizsky for value in run.values}


def _left_to_subtract(run: SkyRun) -> Skies:
    """Skies that the pixels on record still have: none, where they were subtracted before."""
    skies = _skies(run)
    if not run.has_skies_of_before:
        return skies
    return {chip: None if sky is None else 0.0 for chip, sky in skies.items()}


def _score(run: SkyRun, measures: Measures, skies: Skies, unit: AuditUnit) -> RunScore:
    left = [one.after for one in residuals(measures, skies, unit) if one.after is not None]
    return RunScore(
        run.id,
        run.engine,
        run.method,
        bool(run.downgraded),
        rms(left),
        max((abs(value) for value in left), default=None),
        len(left),
        unit.name,
    )


def _rank(score: RunScore) -> tuple[bool, float, int]:
    return (score.rms is None, score.rms or 0.0, score.run)


def sentences(audit: Audit) -> list[str]:
    """Summarize an audit: the residual, the worst pair, downgrades and islands."""
    run = audit.run
    said = [_summary(audit)]
    if audit.is_of_before:
        said.append(
            f"the skies of run {run.run} had been subtracted before it: the differences are those "
            "of the pixels as they are, and nothing is subtracted again."
        )
    if run.downgraded:
        said.append(f"run {run.run} was downgraded: {run.method} ran instead of what was asked.")
    said += [
        f"worst pair: {one.exposure_a} and {one.exposure_b}, {one.after:+.4g} {one.unit} left"
        for one in audit.worst_pairs
    ]
    said += [
        f"worst exposure: {one.rootname}, rms {one.rms:.4g} {run.unit} in {one.pairs} pairs"
        for one in audit.worst_exposures
    ]
    advice = [f"advice: {audit.advice.summary}"] if audit.advice else []
    return [*said, *left_sentences(audit.left), *_island_sentences(audit.islands), *advice]


def _summary(audit: Audit) -> str:
    run = audit.run
    if run.rms is None or audit.rms_before is None:
        return f"run {run.run} ({run.method}): no pair of exposures with a sky overlaps."
    return (
        f"run {run.run} ({run.method}): rms {audit.rms_before:.4g} {run.unit} before, "
        f"{run.rms:.4g} after, in {run.pairs} pairs."
    )


def _island_sentences(islands: Sequence[Sequence[str]]) -> list[str]:
    if len(islands) < 2:
        return []
    head = f"{len(islands)} islands share no sky with each other: their skies have no common zero."
    return [head] + [
        f"island {number}: {', '.join(names)}" for number, names in enumerate(islands, start=1)
    ]
