"""``sky advise``: which sky method suits some exposures, from skydb's own measurements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from skydb.domain import SkyRun, units
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.units import Conversion
from skydb.services.core import Context
from skydb.services.intake import Selection
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import selected_inputs
from skydb.sky.advice import Advice, advise
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.store import overlap_queries

Conversions = Mapping[str, Conversion]


@dataclass(frozen=True)
class SelectionAdvice:
    """Advice on a selection.

    Parameters
    ----------
    advice : Advice
    flags : tuple of Flag
        Problems of the inputs that guards found.
    left_out : tuple of str
        Exposures without signal, by their headers or by their pixels.
    """

    advice: Advice
    flags: tuple[Flag, ...]
    left_out: tuple[str, ...]

    @property
    def is_flagged(self) -> bool:
        """Whether no method will do, exposures fall into islands, or some were left out."""
        return self.advice.is_flagged or bool(self.left_out)


@dataclass(frozen=True)
class AdviseService:
    """Names the sky method for exposures; no run and no mosaic is needed.

    Parameters
    ----------
    context : Context
        Collaborators.
    statistic : SkyStatistic
        How levels are taken; the defaults are AstroDrizzle's.
    """

    context: Context
    statistic: SkyStatistic = field(default_factory=SkyStatistic)

    def advise(
        self, selection: Selection | None = None, policy: GuardPolicy | None = None
    ) -> SelectionAdvice:
        """Name the method for a selection of exposures, those that a sky run would use.

        Levels that were never measured are measured now.

        Parameters
        ----------
        selection : Selection, optional
            Which exposures; all of the ledger when left out.
        policy : GuardPolicy, optional
            Which guards of inputs are allowed.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When the selection is empty, mixed, without signal, or not what is on record.
        InputsRefusedError
            When no version of each exposure can be chosen, or a guard refuses.
        """
        chosen = selection or Selection()
        inputs = selected_inputs(self.context, chosen, read_files=False, policy=policy)
        advice = self.of_versions(list(inputs.version_ids.values()), inputs.conversions)
        left_out = tuple(sorted({*inputs.left_out, *advice.left_out}))
        return SelectionAdvice(advice, inputs.flags, left_out)

    def of_versions(self, version_ids: Collection[int], conversions: Conversions) -> Advice:
        """Name the method for these versions; what is not on record is measured first.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When a file is gone, not what is on record, or no exposure has a good pixel.
        """
        measures = MeasureOverlaps(self.context, self.statistic).ensure(version_ids)
        return self._advised(version_ids, measures.converted(conversions))

    def of_run(self, run_id: int) -> Advice | None:
        """Name the method for the exposures of a run, without reading a file.

        Returns
        -------
        Advice or None
            None when levels are not all on record.

        Raises
        ------
        NotFoundError
            When there is no such run, or it has no values.
        """
        with self.context.store.reading() as session:
            run = overlap_queries.audited_run(session, run_id)
            version_ids, conversions = overlap_queries.measured_versions(run), conversions_of(run)
        measures = MeasureOverlaps(self.context, self.statistic).known(version_ids)
        if measures is None:
            return None
        return self._advised(version_ids, measures.converted(conversions))

    def _advised(self, version_ids: Collection[int], measures: Measures) -> Advice:
        with self.context.store.reading() as session:
            exposures = [v.exposure for v in overlap_queries.versions(session, version_ids)]
            times = {one.rootname: one.exptime_s or 0.0 for one in exposures if one is not None}
        return advise(measures, times)


def conversions_of(run: SkyRun) -> dict[str, Conversion]:
    """Conversions of the exposures of a run whose skies are not in the unit of their file."""
    versions = {link.version.subject: link.version for link in run.used}
    lit = {name: one.condition for name, one in versions.items() if one.has_signal}
    told = {value.exposure.rootname: value.unit for value in run.values if value.unit}
    found = units.common_unit(lit).conversions
    return {name: one for name, one in found.items() if told.get(name) is one.unit}
