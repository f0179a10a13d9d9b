"""Mosaics of several sky methods from one pass over the exposures.

Drizzling is linear in the sky: the mosaic of a method is the weighted mean of the
drizzled exposures less the sky of each, and neither the drizzled pixels nor the weights
know what is subtracted. So every exposure is drizzled once, with drizzlepac's own C
kernel, and what differs between the methods is a sum of the weights. Large fields are
drizzled by a faster kernel where numba is installed; it adds each pixel to the mosaics of
all methods as AstroDrizzle would, to the last bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.crmasks import MaskReading, mask_readings
from skydb.drizzle.onepass_limits import why_not
from skydb.drizzle.optionfiles import stage_files
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.presets import completed
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.workspace import fresh_directory, links_in
from skydb.errors import ToolSilentFailureError, UsageError
from skydb.files.processes import available_cores

__all__ = ["ChipSkies", "OnePass", "OnePassMosaic", "why_not"]

_TASK = "onepass"
_TOOL = "One-pass drizzle"

#: From how many pixels on numba is worth its start, which takes some 0.5 s.
FEWEST_PIXELS = 4_000_000

#: Sky to subtract from every chip, by file name and EXTVER, in the unit of its image;
#: None subtracts nothing and leaves MDRIZSKY out, as AstroDrizzle does.
ChipSkies = Mapping[tuple[str, int], float | None]


@dataclass(frozen=True)
class OnePassMosaic:
    """The mosaic of one method.

    Parameters
    ----------
    science, weight : Path
        The mosaic, named as AstroDrizzle names it.
    context : Path or None
        Which exposures each pixel is made of, when the settings ask for it.
    seconds : float
        Wall clock of the pass that made the mosaics of all methods, with the start of
        the subprocess.
    log : Path
        What the subprocess printed.
    versions : mapping
        Packages that can change the result, as the subprocess had them.
    left_out : tuple of str
        Exposures that drizzlepac would not take either: without exposure time or
        without a good pixel.
    masks : tuple of MaskReading
        What driz_cr masked of every chip; empty when it was off.
    mask_file : Path or None
        Its masks.
    """

    science: Path
    weight: Path
    context: Path | None
    seconds: float
    log: Path
    versions: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    masks: tuple[MaskReading, ...] = ()
    mask_file: Path | None = None


class OnePass:
    """Makes the mosaics of all methods at once; inputs are only read.

    Parameters
    ----------
    runner : DrizzlepacRunner
        Who runs the subprocess.
    fewest_pixels : int
        From how many pixels of all exposures on the faster kernel is taken, where numba is.
    """

    def __init__(self, runner: DrizzlepacRunner, fewest_pixels: int = FEWEST_PIXELS) -> None:
        self._runner = runner
        self._fewest_pixels = fewest_pixels

    def drizzle(
        self,
        inputs: Sequence[Path],
        skies: Mapping[SkyMethod, ChipSkies],
        settings: AstroDrizzleSettings,
        scratch: Path,
        outputs: Mapping[SkyMethod, str],
        jobs: int = 0,
    ) -> dict[SkyMethod, OnePassMosaic]:
        """Drizzle every exposure once and write a mosaic for every method.

        Parameters
        ----------
        inputs : sequence of Path
            Exposures (FLT, FLC) in the order in which AstroDrizzle would get them.
        skies : mapping
            For every method the sky of every chip of every exposure.
        settings : AstroDrizzleSettings
            Everything else; see :func:`why_not`.
        scratch : Path
            Directory for the log and the mosaics.
        outputs : mapping of SkyMethod to str
            Root of each mosaic's name.
        jobs : int
            Processes that drizzle; as many as there are cores when 0.

        Returns
        -------
        dict of SkyMethod to OnePassMosaic
            One mosaic a method, below `scratch`.

        Raises
        ------
        UsageError
            No input, two of one name, methods or names that do not fit together, a sky
            that is no number, or settings that one pass cannot follow.
        ToolCrashedError
            The subprocess raised, was killed or ran out of time.
        ToolSilentFailureError
            It ended well, but a mosaic is missing.
        """
        began_s = time.perf_counter()
        _refuse(inputs, skies, settings, outputs)
        settings = completed(settings, list(inputs))
        scratch.mkdir(parents=True, exist_ok=True)
        directory = scratch / fresh_directory(scratch, _TASK)
        links_in(directory, inputs)
        stage_files(Tool.ASTRODRIZZLE, settings.files, directory)
        request: dict[str, object] = {
            "directory": directory.name,
            "exposures": [path.name for path in inputs],
            "parameters": settings.tool_parameters(),
            "outputs": {method.value: output for method, output in outputs.items()},
            "skies": {method.value: _plain(chips) for method, chips in skies.items()},
            "jobs": jobs or available_cores(),
            "fewest_pixels": self._fewest_pixels,
        }
        report = self._runner.run(_TASK, request, scratch)
        seconds = time.perf_counter() - began_s
        log = scratch / f"{_TASK}.log"
        return {method: _mosaic(report, method, directory, seconds, log) for method in outputs}


def _refuse(
    inputs: Sequence[Path],
    skies: Mapping[SkyMethod, ChipSkies],
    settings: AstroDrizzleSettings,
    outputs: Mapping[SkyMethod, str],
) -> None:
    """Say what is wrong before anything is drizzled."""
    reason = why_not(settings)
    if reason is not None:
        raise UsageError(f"One pass cannot make these mosaics: {reason}")
    if not inputs:
        raise UsageError("There is no exposure to drizzle.")
    if not outputs or set(skies) != set(outputs):
        raise UsageError("Every method needs its skies and the name of its mosaic.")
    if len(set(outputs.values())) < len(outputs):
        raise UsageError("Two mosaics would have one name.")
    names = {path.name for path in inputs}
    for method, chips in skies.items():
        _refuse_skies(method, chips, names)


def _refuse_skies(method: SkyMethod, chips: ChipSkies, names: set[str]) -> None:
    strangers = sorted({name for name, _ in chips} - names)
    if strangers:
        raise UsageError(f"{method.value}: skies of {', '.join(strangers)}, which are not inputs.")
    without_sky = sorted(names - {name for name, _ in chips})
    if without_sky:
        raise UsageError(f"{method.value}: no sky is given for {', '.join(without_sky)}.")
    for (name, extver), sky in chips.items():
        if sky is not None and not math.isfinite(sky):
            raise UsageError(f"{method.value}: the sky of {name} chip {extver} is {sky}.")


def _plain(chips: ChipSkies) -> list[tuple[str, int, float | None]]:
    return [(name, int(extver), sky) for (name, extver), sky in chips.items()]


def _mosaic(
    report: Mapping[str, Any], method: SkyMethod, directory: Path, seconds: float, log: Path
) -> OnePassMosaic:
    made = report["mosaics"][method.value]
    masks = made.get("mask_file")
    return OnePassMosaic(
        science=_whole(directory, made["science"], log),
        weight=_whole(directory, made["weight"], log),
        context=_whole(directory, made["context"], log) if made["context"] else None,
        seconds=seconds,
        log=log,
        versions={str(name): str(version) for name, version in report["versions"].items()},
        left_out=tuple(report["left_out"]),
        masks=mask_readings(made.get("masks", ())),
        mask_file=None if masks is None else _whole(directory, masks, log),
    )


def _whole(directory: Path, name: str, log: Path) -> Path:
    path = directory / name
    if not path.is_file():
        raise ToolSilentFailureError(_TOOL, f"ended well but made no {name}", log=log)
    return path
