"""One pass inside the subprocess: mosaics of several methods from one drizzling."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.drizzle.crmasks import MASKS
from skydb.drizzle.tasks.jobs import working_in
from skydb.drizzle.tasks.lean import DRIZZLE, REJECTION, import_drizzlepac
from skydb.drizzle.tasks.names import skydb_names_understood
from skydb.drizzle.tasks.versions import versions

if TYPE_CHECKING:
    from skydb.drizzle.tasks.onepass_courses import Course
    from skydb.drizzle.tasks.onepass_field import Field
    from skydb.drizzle.tasks.onepass_mosaics import Mosaics
    from skydb.drizzle.tasks.onepass_output import Draft
    from skydb.drizzle.tasks.onepass_work import Skies

#: Its warnings go to the log of the task.
_LOG = logging.getLogger(__name__)

_STEP_MEDIAN = 4


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Drizzle every exposure once and write the mosaic of every method."""
    clock = Clock()
    rejects = request["parameters"].get("driz_cr") is True
    import_drizzlepac(REJECTION if rejects else DRIZZLE)
    clock.lap("imports")
    with working_in(request, scratch), skydb_names_understood():
        made, left_out = _made(request, clock, rejects=rejects)
    return {
        "mosaics": dict(zip(request["outputs"], made, strict=True)),
        "left_out": left_out,
        "versions": versions(),
        "seconds": clock.laps,
    }


class Clock:
    """Time of each step, for the log."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def lap(self, name: str) -> None:
        """Book what has passed since the last lap."""
        now_s = time.perf_counter()
        self.laps[name] = round(now_s - self._last_s, 3)
        self._last_s = now_s


def _made(
    request: dict[str, Any], clock: Clock, *, rejects: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Make all mosaics, by drizzlepac's kernel when the faster one turns out not to suit."""
    from skydb.drizzle.tasks.onepass_square import ChipRefusedError

    try:
        return _mosaics(request, clock, rejects=rejects)
    except ChipRefusedError as error:
        _LOG.warning("%s drizzlepac's kernel makes the mosaics.", error)
    # Not above: while an exception is handled, it holds the mosaics of the first attempt.
    return _mosaics({**request, "fewest_pixels": math.inf}, clock, rejects=rejects)


def _mosaics(
    request: dict[str, Any], clock: Clock, *, rejects: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Make all mosaics; return what is said of each, and the exposures that were left out."""
    from skydb.drizzle.tasks.onepass_field import read_field
    from skydb.drizzle.tasks.onepass_output import Writer
    from skydb.drizzle.tasks.onepass_processes import Processes, results_of
    from skydb.drizzle.tasks.onepass_square import SquareKernel

    outputs = list(request["outputs"].values())
    skies = [
        {(name, extver): sky for name, extver, sky in request["skies"][method]}
        for method in request["outputs"]
    ]
    field = read_field(request["exposures"], request["parameters"], outputs[0])
    clock.lap("headers")
    if field.pixels >= request["fewest_pixels"] and _is_for_square(field):
        field.square = SquareKernel.compiled(1 if rejects else len(outputs))
        clock.lap("kernel")
    jobs = int(request["jobs"])
    summed = (_rejecting if rejects and _can_reject(field) else _plain)(
        field, skies, outputs, jobs, clock
    )
    writer = Writer(field, summed.sums, outputs, skies, summed.drafted)
    with Processes(writer, min(jobs, len(outputs))) as processes:
        made = results_of(processes.begin("write", len(outputs)))
    clock.lap("write")
    return [
        {**files, **masks} for files, masks in zip(made, summed.masks, strict=True)
    ], field.left_out


def _is_for_square(field: Field) -> bool:
    """Whether the faster kernel suits every chip; HISTORY names one kernel for all of them."""
    from skydb.drizzle.tasks.onepass_chips import chips_of
    from skydb.drizzle.tasks.onepass_square import suits

    scale = field.wcs.final_wcs.pscale
    chips = (chip for image in field.images for chip in chips_of(image))
    return all(suits(scale / chip.wcslin_pscale, field.parameters) for chip in chips)


@dataclass(frozen=True)
class _Summed:
    """The mosaics but for their files, and for each what is said of its masks."""

    sums: Mosaics
    drafted: Draft
    masks: list[dict[str, Any]]


def _plain(
    field: Field, skies: Sequence[Skies], outputs: Sequence[str], jobs: int, clock: Clock
) -> _Summed:
    """Drizzle exposures as they are."""
    from skydb.drizzle.tasks.onepass_means import Means
    from skydb.drizzle.tasks.onepass_output import draft
    from skydb.drizzle.tasks.onepass_processes import Processes, results_of
    from skydb.drizzle.tasks.onepass_static import StaticMasks
    from skydb.drizzle.tasks.onepass_sums import Sums
    from skydb.drizzle.tasks.onepass_work import MeansPass, SummingPass

    planes = field.planes if field.has_context else 0
    shape = field.wcs.final_wcs.array_shape
    static = StaticMasks(field)
    work: SummingPass | MeansPass
    if field.square is None:
        work = SummingPass(field, skies, Sums(shape, _courses(skies), planes), static)
    else:
        work = MeansPass(
            field, skies, Means(shape, len(skies), planes), static, square=field.square
        )
    count = len(field.images)
    with Processes(work, min(jobs, count)) as processes:
        masked = processes.begin("mask", count if work.static.is_on else 0)
        drizzled = processes.begin("drizzle", count)
        drafted = draft(field)
        clock.lap("draft")
        results_of([*masked, *drizzled])
    clock.lap("drizzle")
    return _Summed(work.sums, drafted, [{} for _ in outputs])


def _rejecting(
    field: Field, skies: Sequence[Skies], outputs: Sequence[str], jobs: int, clock: Clock
) -> _Summed:
    """Drizzle exposures without their cosmic rays."""
    from skydb.drizzle.tasks.onepass_crmasks import Rejection
    from skydb.drizzle.tasks.onepass_layers import LayeredSums
    from skydb.drizzle.tasks.onepass_medians import Medians
    from skydb.drizzle.tasks.onepass_output import draft
    from skydb.drizzle.tasks.onepass_processes import Processes, results_of
    from skydb.drizzle.tasks.onepass_rejecting import RejectingPass
    from skydb.drizzle.tasks.onepass_static import StaticMasks

    static, count = StaticMasks(field), len(field.images)
    medians = Medians(field, skies, static)
    with Processes(medians, min(jobs, max(count, len(outputs)))) as processes:
        masked = processes.begin("mask", count if static.is_on else 0)
        separated = processes.begin("separate", count)
        results_of([*masked, *separated, *processes.begin("combine", len(outputs))])
    clock.lap("medians")
    planes = field.planes if field.has_context else 0
    sums = LayeredSums(field.wcs.final_wcs.array_shape, _courses(skies), planes)
    rejection = Rejection.of(field.config, field.wcs.single_wcs, medians.images)
    del medians  # and with it the separate drizzles
    work = RejectingPass(field, skies, sums, static, rejection=rejection)
    with Processes(work, min(jobs, count)) as processes:
        rejected = processes.begin("reject", count)
        drafted = draft(field)
        clock.lap("draft")
        readings = results_of(rejected)
        clock.lap("drizzle")
        names = [f"{output}_{MASKS}" for output in outputs]
        results_of(processes.begin("write_masks", len(names), names))
    clock.lap("masks")
    masks = [
        {"mask_file": name, "masks": [one for exposure in readings for one in exposure[mosaic]]}
        for mosaic, name in enumerate(names)
    ]
    return _Summed(sums, drafted, masks)


def _courses(skies: Sequence[Skies]) -> list[Course]:
    from skydb.drizzle.tasks.onepass_courses import courses

    chips = list(dict.fromkeys(chip for one in skies for chip in one))
    return courses([[one.get(chip) or 0.0 for chip in chips] for one in skies])


def _can_reject(field: Field) -> bool:
    """Whether there are images to compare; otherwise AstroDrizzle goes on without these steps."""
    from drizzlepac import util

    options = field.config[util.getSectionName(field.config, _STEP_MEDIAN)]
    count = len(field.images)
    if "minmed" not in str(options["combine_type"]).lower():
        return count > max(1, int(options["combine_nlow"]) + int(options["combine_nhigh"]))
    return count > 1
