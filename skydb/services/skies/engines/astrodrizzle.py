"""The engine ``astrodrizzle``: one AstroDrizzle run a method, on pristine copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain import SkyRun
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import Engine, FindingKind
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, ToolError
from skydb.files.images import holes_in
from skydb.files.usable import AcceptedFlags
from skydb.services.core import Context, installed_packages, isolated, known_faults
from skydb.services.skies.engines.base import (
    keep_file,
    keep_mosaic,
    masked_pixels,
    notice_blind,
    notice_holes,
    notice_islands,
    notice_masks,
    notice_unrejected,
    run_home,
)
from skydb.services.skies.engines.beside import Errors, ErrorsBeside
from skydb.services.skies.recipe import (
    RunInputs,
    left_out_levels,
    mosaic_name,
    recorded_inputs,
    used_versions,
)
from skydb.services.skies.signal import MeasureSignal, Signal, prepared


@dataclass(frozen=True)
class _Found:
    """Skies by AstroDrizzle of some exposures, and skydb's own measurements."""

    inputs: RunInputs
    outcome: DrizzleOutcome
    signal: Signal
    errors: Errors

    def levels(self) -> list[SkyLevel]:
        """Skies that were used; none for a chip without usable pixels."""
        masked = masked_pixels(self.inputs, self.outcome.masks)
        found = []
        for sky in self.outcome.skies:
            chip = (self.inputs.rootname_of(sky.filename), sky.extver)
            value = None if chip in self.signal.blind_chips else sky.mdrizsky
            sigma = None if value is None else self.errors.sigmas.get(chip)
            found.append(SkyLevel(*chip, value, sky.unit, sigma, masked.get(chip)))
        return found


@dataclass(frozen=True)
class AstroDrizzleEngine:
    """Runs methods beside each other, each in its own subprocess and scratch directory."""

    context: Context
    drizzle: AstroDrizzleSettings = field(default_factory=AstroDrizzleSettings)
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    name = Engine.ASTRODRIZZLE
    reads_files = True
    has_mosaic = True
    shares_work = False

    @property
    def settings(self) -> Mapping[str, object]:
        """Parameters for AstroDrizzle."""
        return self.drizzle.as_parameters()

    def execute(self, run_ids: Sequence[int], inputs: RunInputs | None = None) -> None:
        """Drizzle and record run after run; see :class:`.SkyEngine`."""
        for run_id in run_ids:
            self._execute(run_id, inputs)

    def _execute(self, run_id: int, inputs: RunInputs | None) -> None:
        """Drizzle and record; a tool that fails ends this run, not the others."""
        label = f"sky-{run_id}"
        try:
            with (
                self.context.guarded(SkyRun, run_id, label),
                self.context.workspace.scratch(label) as scratch,
            ):
                known = inputs or recorded_inputs(self.context, run_id, read_files=True)
                staged = known.staged(scratch / "inputs")
                accepted = AcceptedFlags.of(self.settings)
                signal = MeasureSignal(self.context).of(staged, accepted)
                inputs = prepared(staged, signal, scratch / "prepared")
                files = {key: staged.paths[name] for name, key in inputs.version_ids.items()}
                with isolated(self.context, run_id, files, self.runner) as runner:
                    outcome = self._drizzle(run_id, inputs, runner, scratch)
                errors = ErrorsBeside(self.context, self.drizzle)
                beside = errors.of(outcome.effective_method, known)
                self._record(run_id, _Found(inputs, outcome, signal, beside))
        except (ToolError, FileRejectedError):
            return  # the row says FAILED, with the reason and the log

    def _drizzle(
        self, run_id: int, inputs: RunInputs, runner: DrizzlepacRunner, scratch: Path
    ) -> DrizzleOutcome:
        with self.context.store.reading() as session:
            method = session.get_one(SkyRun, run_id).method
        return AstroDrizzle(runner).drizzle(
            list(inputs.paths.values()),
            method,
            self.drizzle,
            scratch,
            mosaic_name(inputs.label, method),
        )

    def _record(self, run_id: int, found: _Found) -> None:
        outcome = found.outcome
        with run_home(self.context, run_id) as home:
            images = (outcome.science, outcome.weight)
            names = (_honest_name(outcome.science, outcome), _honest_name(outcome.weight, outcome))
            mosaic, holes = keep_mosaic(self.context, home, images, names), holes_in(*images)
            log = keep_file(self.context, home, outcome.log, outcome.log.name)
            kept = outcome.mask_file
            masks = None if kept is None else keep_file(self.context, home, kept, kept.name)
            with self.context.closing(SkyRun, run_id) as (session, run):
                versions = used_versions(session, found.inputs)
                levels = [*found.levels(), *left_out_levels(versions, found.inputs)]
                reason = outcome.downgrade_reason or ""
                run.finish(levels, versions, outcome.effective_method, reason)
                run.keep_mosaic(mosaic)
                run.log_path = log
                run.masks_path = masks
                notice_blind(run, found.signal.subjects)
                notice_holes(run, holes)
                if found.errors.why_not is not None:
                    message = f"The errors of the skies are not known. {found.errors.why_not}"
                    run.notice(FindingKind.SIGMA_UNKNOWN, f"run {run.id}", message)
                notice_unrejected(run, found.inputs, outcome.masks, self.drizzle)
                _notice(run, found.inputs, outcome)


def _honest_name(image: Path, outcome: DrizzleOutcome) -> str:
    """Name of an image by the method that really ran."""
    asked, ran = outcome.requested_method.column, outcome.effective_method.column
    return image.name.replace(f"_{asked}_", f"_{ran}_")


def _notice(run: SkyRun, inputs: RunInputs, outcome: DrizzleOutcome) -> None:
    for sentence in outcome.disagreements:
        run.notice(FindingKind.CONTRADICTION, f"run {run.id}", sentence)
    for sentence in known_faults(installed_packages()):
        run.notice(FindingKind.ENVIRONMENT, f"run {run.id}", sentence)
    notice_masks(run, inputs, outcome.masks)
    if run.requested_method and run.requested_method.needs_overlap:
        notice_islands(run, inputs.islands, outcome.unmatched)
