"""Sky matching and drizzling with AstroDrizzle.

AstroDrizzle returns without an exception when it has done nothing, changes the
method of the sky without a message, rewrites its inputs and starts from any
MDRIZSKY they had. Here it gets pristine copies, in a directory of its own, and
three checks find what it did (:mod:`skydb.drizzle.effective`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.crmasks import MASKS, MaskReading, mask_readings
from skydb.drizzle.effective import MethodVerdict, SkyCall, SkyReading, method_verdict, skies_in_use
from skydb.drizzle.optionfiles import stage_files
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.presets import completed
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.skyheaders import read_skies, remove_sky, table_contradictions
from skydb.drizzle.userskies import UserSkies, check_given, user_skies_of
from skydb.drizzle.workspace import copies_in, fresh_directory
from skydb.errors import ToolSilentFailureError, UsageError
from skydb.files.dqfile import require_flags
from skydb.files.toolnames import tool_name

_TOOL = "AstroDrizzle"
_LOG = "astrodrizzle.log"


@dataclass(frozen=True)
class DrizzleOutcome:
    """One mosaic and the skies behind it.

    Parameters
    ----------
    science, weight : Path
        The mosaic; one and the same file when ``build`` was asked for.
    skies : tuple of SkyReading
        MDRIZSKY of every chip as it was used, None where there was none.
    requested_method, effective_method : SkyMethod
        What was asked for and what ran.
    downgrade_reason : str or None
        Why they differ.
    disagreements : tuple of str
        Contradictions between calls, log, values and the mosaic's own table.
    unmatched : tuple of str
        Exposures that overlap nothing and got no sky of their own.
    masks : tuple of MaskReading
        What driz_cr masked of every chip; empty when it was off.
    mask_file : Path or None
        Its masks.
    seconds : float
        Wall clock; of a single run with the start of the subprocess.
    versions : mapping
        Packages that can change the result, as the subprocess had them.
    """

    science: Path
    weight: Path
    skies: tuple[SkyReading, ...]
    requested_method: SkyMethod
    effective_method: SkyMethod
    downgrade_reason: str | None
    disagreements: tuple[str, ...]
    unmatched: tuple[str, ...]
    seconds: float
    log: Path
    versions: Mapping[str, str]
    masks: tuple[MaskReading, ...] = ()
    mask_file: Path | None = None

    @property
    def is_downgraded(self) -> bool:
        """Whether another method than the one requested ran."""
        return self.requested_method is not self.effective_method


@dataclass(frozen=True)
class ProductJob:
    """A product to make: exposures, root of its name (``ibxl50010``) and settings."""

    inputs: tuple[Path, ...]
    output: str
    settings: AstroDrizzleSettings


@dataclass(frozen=True)
class SkyJob:
    """A product to make with a sky method, and its checks."""

    product: ProductJob
    method: SkyMethod


class AstroDrizzle:
    """Makes mosaics and products; inputs are copied, never touched."""

    def __init__(self, runner: DrizzlepacRunner) -> None:
        self._runner = runner

    def drizzle(
        self,
        inputs: Sequence[Path],
        method: SkyMethod,
        settings: AstroDrizzleSettings,
        scratch: Path,
        output: str,
    ) -> DrizzleOutcome:
        """Measure the sky with one method, drizzle, and say what happened.

        Parameters
        ----------
        inputs : sequence of Path
            Exposures (FLT, FLC); copied without their MDRIZSKY.
        method : SkyMethod
            The method asked for.
        settings : AstroDrizzleSettings
            Everything else.
        scratch : Path
            Directory for copies, logs and the mosaic.
        output : str
            Root of the mosaic's name.

        Raises
        ------
        UsageError
            No input, two of one name, or options of the sky that contradict each other.
        FileRejectedError
            A file that an option names has changed, or an input has no sky where an
            option says that it has.
        ToolCrashedError
            AstroDrizzle raised, was killed or ran out of time.
        ToolSilentFailureError
            It ended well, but the mosaic or the skies are missing.
        """
        began_s = time.perf_counter()
        job = SkyJob(ProductJob(tuple(inputs), output, settings), method)
        (outcome,) = self.drizzle_all([job], scratch)
        return replace(outcome, seconds=time.perf_counter() - began_s)

    def drizzle_all(self, jobs: Sequence[SkyJob], scratch: Path) -> list[DrizzleOutcome]:
        """Run :meth:`drizzle` on many jobs in one subprocess; ``seconds`` leaves its start out."""
        jobs = [replace(job, product=_whole(job.product)) for job in jobs]
        directories = [_stage(job.product, scratch) for job in jobs]
        requests = [
            _request(job.product, directory, job.method)
            for job, directory in zip(jobs, directories, strict=True)
        ]
        report = self._runner.run("astrodrizzle", {"jobs": requests}, scratch)
        reports = _job_reports(report)
        return [
            _outcome(job, directory, one, _versions(report), scratch)
            for job, directory, one in zip(jobs, directories, reports, strict=True)
        ]

    def make_products(self, jobs: Sequence[ProductJob], scratch: Path) -> list[Path]:
        """Make products in one subprocess, with each exposure's own lowest sky.

        Returns
        -------
        list of Path
            The science file of each job, below `scratch`.

        Raises
        ------
        UsageError, ToolCrashedError, ToolSilentFailureError
            As :meth:`drizzle`.
        """
        jobs = [_whole(job) for job in jobs]
        directories = [_stage(job, scratch) for job in jobs]
        requests = [
            _request(job, directory, SkyMethod.LOCALMIN)
            for job, directory in zip(jobs, directories, strict=True)
        ]
        self._runner.run("astrodrizzle", {"jobs": requests}, scratch)
        return [
            _mosaic(directory, job, _kept_log(directory, scratch))[0]
            for job, directory in zip(jobs, directories, strict=True)
        ]


def _job_reports(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(report["jobs"])


def _outcome(
    job: SkyJob,
    directory: Path,
    report: Mapping[str, Any],
    versions: Mapping[str, str],
    scratch: Path,
) -> DrizzleOutcome:
    log = _kept_log(directory, scratch)
    science, weight = _mosaic(directory, job.product, log)
    masks = mask_readings(report.get("masks", ()))
    verdict, skies = _reconcile(job, report, read_skies(_copies(job.product, directory)), log)
    return DrizzleOutcome(
        science=science,
        weight=weight,
        skies=skies,
        requested_method=job.method,
        effective_method=verdict.effective,
        downgrade_reason=verdict.downgrade_reason,
        disagreements=(*verdict.disagreements, *table_contradictions(science, skies)),
        unmatched=verdict.unmatched,
        seconds=float(report.get("seconds", 0.0)),
        log=log,
        versions=versions,
        masks=masks,
        mask_file=directory / MASKS if masks else None,
    )


def _stage(job: ProductJob, scratch: Path) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    directory = scratch / fresh_directory(scratch, "drizzle")
    for path in job.inputs:
        require_flags(path)
    given = user_skies_of(job.settings)
    for copy in copies_in(directory, job.inputs):
        if given is None or not given.keeps_mdrizsky:
            remove_sky(copy)
    stage_files(Tool.ASTRODRIZZLE, job.settings.files, directory)
    if given is not None and not given.keyword:
        _write_sky_file(directory, job.settings, given)
    return directory


def _write_sky_file(directory: Path, settings: AstroDrizzleSettings, given: UserSkies) -> None:
    """Let a file of skies name the inputs as they are called here."""
    for one in settings.files:
        if one.option in ("skyfile", "skyuser"):
            text = given.file.as_text()
            (directory / one.option / one.path.name).write_text(text, encoding="utf-8")


def _whole(job: ProductJob) -> ProductJob:
    """A product with the flags of its detector where they were left open."""
    if not job.inputs:
        raise UsageError("There is no exposure to drizzle.")
    return replace(job, settings=completed(job.settings, list(job.inputs)))


def _request(job: ProductJob, directory: Path, method: SkyMethod) -> dict[str, object]:
    return {
        "directory": directory.name,
        "inputs": [tool_name(path) for path in job.inputs],
        "parameters": {
            **job.settings.tool_parameters(),
            # Skies that are given leave AstroDrizzle's method without a part.
            **({"skymethod": method.value} if method.is_computed else {}),
            "output": job.output,
            "runfile": _LOG,
        },
    }


def _kept_log(directory: Path, scratch: Path) -> Path:
    """AstroDrizzle's own log, or what the subprocess printed when it has none."""
    own = directory / _LOG
    return own if own.exists() else scratch / _LOG


def _mosaic(directory: Path, job: ProductJob, log: Path) -> tuple[Path, Path]:
    """Science and weight image; the directory was new, so they are not stale."""
    inputs = set(map(tool_name, job.inputs))
    made = [
        path for path in directory.glob(f"{job.output}_dr[zcw]*.fits") if path.name not in inputs
    ]
    if job.settings.build:
        whole = [path for path in made if path.stem.endswith(("_drz", "_drc", "_drw"))]
        return _one(whole, "product", log), _one(whole, "product", log)
    science = [path for path in made if path.stem.endswith("_sci")]
    weight = [path for path in made if path.stem.endswith("_wht")]
    return _one(science, "science image", log), _one(weight, "weight image", log)


def _one(paths: Sequence[Path], what: str, log: Path) -> Path:
    if len(paths) != 1:
        raise ToolSilentFailureError(
            _TOOL,
            f"ended well but made {len(paths)} files as {what}",
            log=log,
            advice="Look for 'No valid images' or a wrong parameter in the log.",
        )
    return paths[0]


def _copies(job: ProductJob, directory: Path) -> list[Path]:
    return [directory / tool_name(path) for path in job.inputs]


def _reconcile(
    job: SkyJob, report: Mapping[str, Any], on_disk: Sequence[SkyReading], log: Path
) -> tuple[MethodVerdict, tuple[SkyReading, ...]]:
    """Find the method that ran, and the skies that were really used."""
    method, calls = job.method, [_call(call) for call in report["sky_calls"]]
    given = user_skies_of(job.product.settings)
    if given is not None and not calls:
        return check_given(given, given.values(job.product.inputs), on_disk)
    skies, contradictions = skies_in_use(on_disk, calls)
    if all(reading.mdrizsky is None for reading in skies):
        alone = method.needs_overlap and len(job.product.inputs) == 1
        advice = f"{method.value} compares exposures, and there is one: use localmin."
        raise ToolSilentFailureError(
            _TOOL, "computed no sky", log=log, advice=advice if alone else ""
        )
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
        verdict = method_verdict(method, calls, skies, text)
    except LookupError as error:
        raise ToolSilentFailureError(_TOOL, "computed no sky", log=log) from error
    without_sky = {reading.filename for reading in skies if reading.mdrizsky is None}
    contradictions += [
        f"{name} has no sky although it overlaps others"
        for name in sorted(without_sky.difference(verdict.unmatched))
    ]
    found = (*verdict.disagreements, *contradictions)
    return replace(verdict, disagreements=found), skies


def _call(report: Mapping[str, Any]) -> SkyCall:
    skies = {(name, extver): sky for name, extver, sky in report.get("skies", ())}
    return SkyCall(report["method"], report["error"], skies)


def _versions(report: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(version) for name, version in dict(report["versions"]).items()}
