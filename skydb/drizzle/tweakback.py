"""Carrying the fit of a drizzled product to the exposures it was made of.

``apply_tweak`` compares two WCS of the product. Given the wrong name it compares
the new one with itself and moves nothing, without a word; it cannot take a name
such as ``IDC_xxx-FIT_SKYDB_gaia``; and it describes the new solution by the old
one's errors. So it is run under a temporary name, on copies, with the key of the
original WCS; what it did is checked; and the headers are labelled afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.drizzle.labels import SolutionLabel, keep_description, write_label
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.wcskeys import Geometry, alternates, geometry, key_of_name
from skydb.drizzle.workspace import copies_in, fresh_directory, opened, science_hdus
from skydb.errors import ToolSilentFailureError, UsageError

if TYPE_CHECKING:
    from astropy.io.fits import Header

_TEMPORARY_NAME = "SKYDB_CARRIED"
_TOOL = "TweakBack"


@dataclass(frozen=True)
class TweakBackJob:
    """One product and the exposures that are to get its fit.

    Parameters
    ----------
    drizzled : Path
        Copy of the product: the fit is primary, the original WCS an alternate
        (``ProductFit.fitted_copy``); read only.
    exposures : tuple of Path
        Exposures to change in place.
    original_wcs_name : str
        Name of that alternate (``ProductFit.original_wcs_name``).
    solution : SolutionLabel
        What the exposures' headers shall say.
    """

    drizzled: Path
    exposures: tuple[Path, ...]
    original_wcs_name: str
    solution: SolutionLabel


@dataclass(frozen=True)
class _Staged:
    """A job with its copies and the WCS that the exposures had."""

    job: TweakBackJob
    directory: Path
    drizzled: Path
    copies: tuple[Path, ...]
    extension: str
    original_key: str

    @property
    def as_request(self) -> dict[str, object]:
        return {
            "directory": self.directory.name,
            "drizzled": self.drizzled.name,
            "extension": self.extension,
            "original_key": self.original_key,
            "output_name": _TEMPORARY_NAME,
            "exposures": [copy.name for copy in self.copies],
        }


class TweakBack:
    """Applies fits of products to exposures, all in one subprocess."""

    def __init__(self, runner: DrizzlepacRunner) -> None:
        self._runner = runner

    def carry_all(self, jobs: Sequence[TweakBackJob], scratch: Path) -> None:
        """Carry the fits of all jobs; either every exposure is changed or none.

        Raises
        ------
        UsageError
            The original WCS is the primary one, which would move nothing, or
            is not among the alternates; a name is taken; an exposure occurs
            twice; there is nothing to do.
        ToolCrashedError, ToolSilentFailureError
            TweakBack failed, or an exposure's WCS is not what it should be.
        """
        _require_distinct(jobs)
        scratch.mkdir(parents=True, exist_ok=True)
        staged = [_stage(job, scratch) for job in jobs]
        before = [_descriptions(copy) for stage in staged for copy in stage.copies]
        self._runner.run("tweakback", {"jobs": [one.as_request for one in staged]}, scratch)
        log = scratch / "tweakback.log"
        headers = iter(before)
        for stage in staged:
            for copy in stage.copies:
                _relabel(copy, next(headers), stage.job.solution, log)
        for stage in staged:
            for copy, exposure in zip(stage.copies, stage.job.exposures, strict=True):
                _replace(copy, exposure)


def _require_distinct(jobs: Sequence[TweakBackJob]) -> None:
    exposures = [exposure.resolve() for job in jobs for exposure in job.exposures]
    if not exposures:
        raise UsageError("There is no exposure to carry a fit to.")
    twice = sorted({path.name for path in exposures if exposures.count(path) > 1})
    if twice:
        raise UsageError(
            f"{', '.join(twice)} would be moved twice.", advice="Name each exposure in one job."
        )


def _stage(job: TweakBackJob, scratch: Path) -> _Staged:
    extension, key = _original_key(job)
    for exposure in job.exposures:
        _require_free_name(exposure, job.solution.wcs_name)
    directory = scratch / fresh_directory(scratch, "carry")
    drizzled, *copies = copies_in(directory, [job.drizzled, *job.exposures])
    return _Staged(job, directory, drizzled, tuple(copies), extension, key)


def _original_key(job: TweakBackJob) -> tuple[str, str]:
    """Extension of the product's image, and key of the WCS it had before the fit."""
    with opened(job.drizzled) as hdus:
        hdu = science_hdus(hdus)[0]
        primary = str(hdu.header.get("WCSNAME", "")).strip()
        if primary.upper() == job.original_wcs_name.upper():
            raise UsageError(
                f"{primary!r} is the active WCS of {job.drizzled.name}: applying it would "
                "move nothing.",
                advice="Give the name that the product's WCS had before TweakReg.",
            )
        key = key_of_name(hdu.header, job.original_wcs_name)
        if key is None:
            known = ", ".join(alternates(hdu.header).values()) or "none"
            raise UsageError(
                f"{job.drizzled.name} has no alternate WCS named {job.original_wcs_name!r}.",
                advice=f"Its alternates: {known}.",
            )
        if geometry(hdu.header, key) == geometry(hdu.header):
            raise UsageError(
                f"In {job.drizzled.name} the WCS {job.original_wcs_name!r} equals the primary "
                "one: there is nothing to carry."
            )
        return ("SCI,1" if hdu.name == "SCI" else "0"), key


def _require_free_name(exposure: Path, wcs_name: str) -> None:
    with opened(exposure) as hdus:
        for hdu in science_hdus(hdus):
            names = [*alternates(hdu.header).values(), str(hdu.header.get("WCSNAME", "")).strip()]
            if wcs_name.upper() in (name.upper() for name in names):
                raise UsageError(
                    f"{exposure.name} already has a WCS named {wcs_name!r}.",
                    advice="Give the new solution another name.",
                )


def _descriptions(copy: Path) -> list[Header]:
    """Headers of every chip before TweakBack."""
    with opened(copy) as hdus:
        return [hdu.header.copy() for hdu in science_hdus(hdus)]


def _relabel(copy: Path, before: list[Header], solution: SolutionLabel, log: Path) -> None:
    with opened(copy, "update") as hdus:
        for hdu, old in zip(science_hdus(hdus), before, strict=True):
            _require_moved(copy, hdu.header, geometry(old), log)
            name = str(old.get("WCSNAME", "NONAME")).strip()
            keep_description(old, hdu.header, name)
            write_label(hdu.header, solution)


def _require_moved(copy: Path, header: Header, before: Geometry, log: Path) -> None:
    if str(header.get("WCSNAME", "")).strip() != _TEMPORARY_NAME:
        raise ToolSilentFailureError(_TOOL, f"left {copy.name} as it was", log=log)
    if geometry(header) == before:
        raise ToolSilentFailureError(_TOOL, f"renamed the WCS of {copy.name} only", log=log)


def _replace(copy: Path, exposure: Path) -> None:
    """Put the finished copy in place of the exposure in one step."""
    partial = exposure.with_name(f".{exposure.name}.part")
    shutil.copyfile(copy, partial)
    partial.replace(exposure)
