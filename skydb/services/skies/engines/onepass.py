"""The engine ``skydb`` with mosaics: its own skies, and one pass over all pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain import SkyRun
from skydb.domain.vocabulary import FindingKind, SkyMethod
from skydb.drizzle.onepass import OnePass, OnePassMosaic
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import FileRejectedError, NotFoundError, ToolError
from skydb.files.images import holes_in
from skydb.files.usable import AcceptedFlags
from skydb.services.core import isolated
from skydb.services.skies.engines.base import (
    guarded_runs,
    keep_file,
    keep_mosaic,
    notice_blind,
    notice_holes,
    run_home,
)
from skydb.services.skies.engines.own import MeasuringEngine, record_skies
from skydb.services.skies.recipe import RunInputs, mosaic_name, recorded_inputs
from skydb.services.skies.signal import MeasureSignal, Signal, prepared
from skydb.sky.methods import Measures
from skydb.sky.singles import chip_skies

_Mosaics = Mapping[SkyMethod, OnePassMosaic]


@dataclass(frozen=True)
class OnePassEngine(MeasuringEngine):
    """Mosaics of all methods from one pass over the exposures.

    The settings are those that one pass can follow (:func:`skydb.drizzle.onepass.why_not`).

    Parameters
    ----------
    runner : DrizzlepacRunner
    """

    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    reads_files = True
    has_mosaic = True

    @property
    def settings(self) -> Mapping[str, object]:
        """The statistic, and what AstroDrizzle would be passed for the same mosaic."""
        return {**super().settings, "mosaic": self.drizzle.as_parameters()}

    def execute(self, run_ids: Sequence[int], inputs: RunInputs | None = None) -> None:
        """Measure, drizzle once for the methods of all runs, and record.

        See :class:`.SkyEngine`.
        """
        label = f"sky-{run_ids[0]}"
        try:
            with (
                guarded_runs(self.context, run_ids, label),
                self.context.workspace.scratch(label) as scratch,
            ):
                known = inputs or recorded_inputs(self.context, run_ids[0], read_files=True)
                self._make(run_ids, known.staged(scratch / "inputs"), scratch)
        except (ToolError, FileRejectedError, NotFoundError):
            return  # the rows say FAILED, with the reason and the log

    def _make(self, run_ids: Sequence[int], staged: RunInputs, scratch: Path) -> None:
        accepted = AcceptedFlags.of(self.drizzle.as_parameters())
        signal = MeasureSignal(self.context, self.jobs).of(staged, accepted)
        inputs = prepared(staged, signal, scratch / "prepared")
        measures = self.measures(inputs)
        with self.context.store.reading() as session:
            methods = {run_id: session.get_one(SkyRun, run_id).method for run_id in run_ids}
        files = {key: staged.paths[name] for name, key in inputs.version_ids.items()}
        with isolated(self.context, run_ids[0], files, self.runner) as runner:
            mosaics = self._drizzle(runner, list(methods.values()), inputs, measures, scratch)
        for run_id, method in methods.items():
            self._record(run_id, inputs, measures, mosaics[method], signal)

    def _drizzle(
        self,
        runner: DrizzlepacRunner,
        methods: Sequence[SkyMethod],
        inputs: RunInputs,
        measures: Measures,
        scratch: Path,
    ) -> _Mosaics:
        skies = {
            method: {
                (inputs.paths[rootname].name, extver): None if sky is None else sky.value
                for (rootname, extver), sky in chip_skies(
                    method, measures, per_chip=self.per_chip
                ).items()
            }
            for method in methods
        }
        outputs = {method: mosaic_name(inputs.label, method) for method in methods}
        self.context.progress.begin("One pass over the exposures")
        return OnePass(runner).drizzle(
            list(inputs.paths.values()), skies, self.drizzle, scratch, outputs, self.jobs
        )

    def _record(
        self,
        run_id: int,
        inputs: RunInputs,
        measures: Measures,
        made: OnePassMosaic,
        signal: Signal,
    ) -> None:
        with run_home(self.context, run_id) as home:
            names = (made.science.name, made.weight.name)
            mosaic = keep_mosaic(self.context, home, (made.science, made.weight), names)
            holes = holes_in(made.science, made.weight)
            log = keep_file(self.context, home, made.log, made.log.name)

            def complete(run: SkyRun) -> None:
                run.keep_mosaic(mosaic)
                run.log_path = log
                notice_blind(run, signal.subjects)
                notice_holes(run, holes)
                for filename in made.left_out:
                    message = "is not in the mosaic: no exposure time, or no good pixel."
                    run.notice(FindingKind.REJECTED_FILE, filename, message)

            record_skies(self.context, run_id, inputs, measures, complete, per_chip=self.per_chip)
