"""One pass inside the subprocess: mosaics of several methods from one drizzling."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from skydb.drizzle.tasks.jobs import working_in
from skydb.drizzle.tasks.lean import DRIZZLE, import_drizzlepac
from skydb.drizzle.tasks.names import skydb_names_understood
from skydb.drizzle.tasks.versions import versions


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Drizzle every exposure once and write the mosaic of every method."""
    clock = Clock()
    import_drizzlepac(DRIZZLE)
    clock.lap("imports")
    with working_in(request, scratch), skydb_names_understood():
        made, left_out = _mosaics(request, clock)
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


def _mosaics(request: dict[str, Any], clock: Clock) -> tuple[list[dict[str, Any]], list[str]]:
    """Names of the files of every mosaic, and the exposures that were left out."""
    from skydb.drizzle.tasks.onepass_courses import courses
    from skydb.drizzle.tasks.onepass_field import read_field
    from skydb.drizzle.tasks.onepass_output import Writer, draft
    from skydb.drizzle.tasks.onepass_processes import Processes, results_of
    from skydb.drizzle.tasks.onepass_sums import Sums
    from skydb.drizzle.tasks.onepass_work import Pass

    outputs = list(request["outputs"].values())
    skies = [
        {(name, extver): sky for name, extver, sky in request["skies"][method]}
        for method in request["outputs"]
    ]
    field = read_field(request["exposures"], request["parameters"], outputs[0])
    clock.lap("headers")
    planes = field.planes if field.has_context else 0
    chips = list(dict.fromkeys(chip for one in skies for chip in one))
    mosaics = courses([[one.get(chip) or 0.0 for chip in chips] for one in skies])
    sums = Sums(field.wcs.final_wcs.array_shape, mosaics, planes)
    work = Pass(field, skies, sums)
    count, jobs = len(field.images), int(request["jobs"])
    with Processes(work, min(jobs, count)) as processes:
        masked = processes.begin("mask", count if work.has_static_masks else 0)
        drizzled = processes.begin("drizzle", count)
        drafted = draft(field)
        clock.lap("draft")
        results_of([*masked, *drizzled])
    clock.lap("drizzle")
    writer = Writer(field, sums, outputs, skies, drafted)
    with Processes(writer, min(jobs, len(outputs))) as processes:
        made = results_of(processes.begin("write", len(outputs)))
    clock.lap("write")
    return made, field.left_out
