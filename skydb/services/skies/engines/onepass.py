"""The engine ``skydb`` with mosaics: its own skies, and one pass over all pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import SkyRun
from skydb.domain.vocabulary import FindingKind, SkyMethod
from skydb.drizzle.crmasks import MASKS
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
    masked_pixels,
    notice_blind,
    notice_holes,
    notice_masks,
    notice_unrejected,
    run_home,
)
from skydb.services.skies.engines.own import MeasuringEngine, Skies
from skydb.services.skies.recipe import RunInputs, mosaic_name, recorded_inputs, used_versions
from skydb.services.skies.signal import MeasureSignal, Signal, prepared

_Mosaics = Mapping[SkyMethod, OnePassMosaic]


@dataclass(frozen=True)
class OnePassEngine(MeasuringEngine):
    """Mosaics of all methods from one pass over the exposures.

    The settings are those that one pass can follow (:func:`skydb.drizzle.onepass.why_not`).
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
        methods = self.methods_of(run_ids)
        skies = self.skies(methods.values(), measures)
        files = {key: staged.paths[name] for name, key in inputs.version_ids.items()}
        with isolated(self.context, run_ids[0], files, self.runner) as runner:
            mosaics = self._drizzle(runner, inputs, skies, scratch)
        for run_id, method in methods.items():
            made = mosaics[method]
            with self._kept(run_id, made, inputs, signal) as (session, run):
                versions = used_versions(session, inputs)
                masked = masked_pixels(inputs, made.masks)
                self.finish(run, versions, inputs, measures, skies[method], masked)

    def _drizzle(
        self,
        runner: DrizzlepacRunner,
        inputs: RunInputs,
        skies: Mapping[SkyMethod, Skies],
        scratch: Path,
    ) -> _Mosaics:
        values = {
            method: {
                (inputs.paths[rootname].name, extver): None if sky is None else sky.value
                for (rootname, extver), sky in found.items()
            }
            for method, found in skies.items()
        }
        outputs = {method: mosaic_name(inputs.label, method) for method in skies}
        self.context.progress.begin("One pass over the exposures")
        return OnePass(runner).drizzle(
            list(inputs.paths.values()), values, self.drizzle, scratch, outputs, self.jobs
        )

    @contextmanager
    def _kept(
        self, run_id: int, made: OnePassMosaic, inputs: RunInputs, signal: Signal
    ) -> Iterator[tuple[Session, SkyRun]]:
        """Commit the good end of a run with its mosaic and what the block adds."""
        with run_home(self.context, run_id) as home:
            names = (made.science.name, made.weight.name)
            mosaic = keep_mosaic(self.context, home, (made.science, made.weight), names)
            holes = holes_in(made.science, made.weight)
            log = keep_file(self.context, home, made.log, made.log.name)
            kept = made.mask_file
            masks = None if kept is None else keep_file(self.context, home, kept, MASKS)
            with self.context.closing(SkyRun, run_id) as (session, run):
                yield session, run
                run.keep_mosaic(mosaic)
                run.log_path = log
                run.masks_path = masks
                notice_blind(run, signal.subjects)
                notice_holes(run, holes)
                notice_masks(run, inputs, made.masks)
                notice_unrejected(run, inputs, made.masks, self.drizzle)
                for filename in made.left_out:
                    message = "is not in the mosaic: no exposure time, or no good pixel."
                    run.notice(FindingKind.REJECTED_FILE, filename, message)
