"""AstroDrizzle inside the subprocess, with a record of skypac's actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.drizzle.crmasks import MASKS
from skydb.drizzle.tasks.crmasks import recorded_masks
from skydb.drizzle.tasks.jobs import working_in
from skydb.drizzle.tasks.lean import settle_configuration
from skydb.drizzle.tasks.names import skydb_names_understood
from skydb.drizzle.tasks.versions import versions

if TYPE_CHECKING:
    from stsci.skypac.parseat import FileExtMaskInfo


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Run AstroDrizzle once for every job and report the sky computations of each."""
    from drizzlepac import astrodrizzle

    settle_configuration()
    reports = []
    for job in request["jobs"]:
        began_s = time.perf_counter()
        with (
            working_in(job, scratch),
            skydb_names_understood(),
            recorded_sky() as calls,
            recorded_masks(Path(MASKS)) as masks,
        ):
            astrodrizzle.AstroDrizzle(list(job["inputs"]), **job["parameters"])
        seconds = time.perf_counter() - began_s
        reports.append({"sky_calls": calls, "masks": masks, "seconds": seconds})
    return {"jobs": reports, "versions": versions()}


@contextmanager
def recorded_sky() -> Iterator[list[dict[str, object]]]:
    """Record every call of skymatch that drizzlepac.sky makes, and how it ended.

    drizzlepac catches any exception of skymatch and goes on with another
    method; the record keeps both.
    """
    from drizzlepac import sky

    real: Callable[..., object] = sky.skymatch
    calls: list[dict[str, object]] = []

    def recorder(inputs: list[FileExtMaskInfo], **options: object) -> object:
        call: dict[str, object] = {"method": str(options["skymethod"]), "error": "unfinished"}
        calls.append(call)
        try:
            result = real(inputs, **options)
        except BaseException as error:
            call["error"] = f"{type(error).__name__}: {error}"
            raise
        call.update(error=None, skies=_skies_in_use(inputs))
        return result

    sky.skymatch = recorder
    try:
        yield calls
    finally:
        sky.skymatch = real


def _skies_in_use(inputs: Iterable[FileExtMaskInfo]) -> list[tuple[str, int, float | None]]:
    """File name, extver and MDRIZSKY of every chip, as drizzlepac is about to use them.

    They are read from the open headers, because after a failed skymatch these
    never reach the disk.
    """
    return [
        (Path(hdus.filename()).name, int(extver), _plain(hdus[name, extver].header))
        for info in inputs
        for hdus in [info.image.hdu]
        for name, extver in info.fext
    ]


def _plain(header: Mapping[str, Any]) -> float | None:
    sky = header.get("MDRIZSKY")
    return None if sky is None else float(sky)
