"""``sky advise``: which sky method suits some exposures, from skydb's own measurements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.islands import how_apart
from skydb.errors import NotFoundError, UsageError
from skydb.services.core import Context
from skydb.services.intake import Selection
from skydb.services.skies.engines.statistic import statistic_of
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import RunInputs, inputs_of, selected_inputs
from skydb.services.skies.wishes import Wishes
from skydb.sky.advice import Advice, advise
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures
from skydb.store import overlap_queries


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
    """

    context: Context

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
        advice = self._measured(inputs)
        left_out = tuple(sorted({*inputs.left_out, *advice.left_out}))
        return SelectionAdvice(advice, inputs.flags, left_out)

    def _measured(self, inputs: RunInputs) -> Advice:
        overlaps = MeasureOverlaps(self.context, self.statistic_for(inputs))
        measures = overlaps.ensure(list(inputs.version_ids.values()))
        return self.of_measures(inputs.version_ids.values(), measures.converted(inputs.conversions))

    def of_run(self, run_id: int) -> Advice | None:
        """Name the method for the exposures of a run, without reading a file.

        Returns
        -------
        Advice or None
            None when the levels of its exposures are not all on record.
        """
        try:
            with self.context.store.reading() as session:
                run = overlap_queries.audited_run(session, run_id)
                ids = overlap_queries.measured_versions(run)
            return self._known(inputs_of(self.context, ids, read_files=False))
        except (NotFoundError, UsageError):
            return None  # it is known from a log only, or no exposure has a good pixel

    def _known(self, inputs: RunInputs) -> Advice | None:
        ids = list(inputs.version_ids.values())
        for statistic in (self.statistic_for(inputs), SkyStatistic()):
            measures = MeasureOverlaps(self.context, statistic).known(ids)
            if measures is not None:
                return self.of_measures(ids, measures.converted(inputs.conversions))
        return None

    def statistic_for(self, inputs: RunInputs) -> SkyStatistic:
        """Return the usual statistic of the levels of some exposures."""
        usual = Wishes(None, {}, None).for_mode(inputs.mode)
        return statistic_of(usual)

    def of_measures(self, version_ids: Collection[int], measures: Measures) -> Advice:
        """Name the method by measured levels.

        Parameters
        ----------
        version_ids : collection of int
            The file versions that were measured.
        measures : Measures
            In one unit.

        Raises
        ------
        UsageError
            When no exposure has a good pixel.
        """
        with self.context.store.reading() as session:
            exposures = [v.exposure for v in overlap_queries.versions(session, version_ids)]
            known = {one.rootname: one for one in exposures if one is not None}
            visits = {name: one.visit.label for name, one in known.items()}
        times = {name: one.exptime_s or 0.0 for name, one in known.items()}
        targets = {name: one.target_name or "" for name, one in known.items()}
        found = advise(measures, times)
        if found.chosen is not None or all(len(island) < 2 for island in found.islands[1:]):
            return found
        how = how_apart(found.islands, visits, targets)
        return replace(found, summary=f"{found.summary} Islands by themselves: {how}.")
