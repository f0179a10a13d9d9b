"""Sky runs: the four methods, each on its own pristine copies, and what really ran."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Environment,
    Mosaic,
    ProductVersion,
    SkyRun,
    SkyRunGroup,
    Stamp,
)
from skydb.domain.activity import fingerprint
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import ActivityStatus, Engine, FindingKind, SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, ToolError
from skydb.files.checksum import sha256_of
from skydb.files.products import image_shape_pix, read_hstwcs
from skydb.services.context import Context
from skydb.services.doctor import EnvironmentGate
from skydb.services.environment import (
    describe_environment,
    installed_packages,
    known_faults,
    remember_environment,
)
from skydb.services.isolation import isolated
from skydb.services.selection import Selection, choose_exposures
from skydb.services.versions import checked_path
from skydb.sky.footprint import chip_polygon
from skydb.sky.overlaps import islands_of, overlaps_of
from skydb.store import queries

#: Directory below the data root that has one directory a run.
_RUNS = "runs"

#: What of a target's name is kept in the label of a group, which has room for 120 characters.
_LONGEST_TARGET = 48


@dataclass(frozen=True)
class _Inputs:
    """The exposures of a run, checked, and how they lie on the sky."""

    version_ids: dict[str, int]
    paths: dict[str, Path]
    sha256s: tuple[str, ...]
    label: str
    islands: tuple[tuple[str, ...], ...]

    def rootname_of(self, filename: str) -> str:
        return next(name for name, path in self.paths.items() if path.name == filename)


@dataclass(frozen=True)
class SkyRunService:
    """Runs skymethods and records what they found; inputs are copied, never touched."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)
    jobs: int = 2
    gate: EnvironmentGate | None = None

    def run(
        self,
        methods: Sequence[SkyMethod],
        selection: Selection | None = None,
        settings: AstroDrizzleSettings | None = None,
        *,
        force: bool = False,
        selftest: bool = True,
    ) -> list[queries.Row]:
        """Run methods on a selection of exposures.

        Methods run beside each other, each in its own subprocess and scratch
        directory. One that fails leaves a FAILED row and the others go on.

        Parameters
        ----------
        methods : sequence of SkyMethod
            What to run.
        selection : Selection, optional
            Which exposures; all of the ledger when left out.
        settings : AstroDrizzleSettings, optional
            The tutorial's when left out.
        force : bool
            Run again what was run before with the same inputs and parameters in the
            same environment; otherwise that run is found, and ``reused`` says so.
        selftest : bool
            Check a new environment before its first run; without, its runs are flagged.

        Returns
        -------
        list of dict
            One row a method, in order.

        Raises
        ------
        NotFoundError, UsageError, FileRejectedError
            When the selection is empty, mixed, or not what is on record.
        """
        chosen = settings or AstroDrizzleSettings()
        inputs = self._inputs(selection or Selection())
        self._prepare(inputs, chosen)
        remark = self.gate.remark(selftest=selftest) if self.gate else None
        self.context.progress.begin("Sky runs", len(methods))
        with ThreadPoolExecutor(max_workers=max(1, self.jobs)) as pool:
            futures = [
                pool.submit(self._run_or_find, method, inputs, chosen, force=force)
                for method in methods
            ]
            runs = [future.result() for future in futures]
        self.context.progress.end()
        return [self._row(run_id, remark, reused=reused) for run_id, reused in runs]

    def _prepare(self, inputs: _Inputs, settings: AstroDrizzleSettings) -> None:
        """Make what all methods share, before they run beside each other."""
        with self.context.store.writing() as session:
            remember_environment(session)
            session.add(_Recipe(SkyMethod.LOCALMIN, settings, inputs).group(session))

    def _inputs(self, selection: Selection) -> _Inputs:
        with self.context.store.reading() as session:
            versions = choose_exposures(session, selection)
            named = {v.product.exposure.rootname: v for v in versions if v.product.exposure}
            paths = {n: checked_path(self.context.workspace, v) for n, v in named.items()}
            return _Inputs(
                version_ids={name: version.id for name, version in named.items()},
                paths=paths,
                sha256s=tuple(sorted(version.sha256 for version in versions)),
                label=_label(versions),
                islands=_islands(paths),
            )

    def _run_or_find(
        self, method: SkyMethod, inputs: _Inputs, settings: AstroDrizzleSettings, *, force: bool
    ) -> tuple[int, bool]:
        """The run, and whether it was there already."""
        recipe = _Recipe(method, settings, inputs)
        run_id = None if force else self._find(recipe)
        reused = run_id is not None
        if run_id is None:
            run_id = self.context.begin(lambda session, stamp: recipe.begin(session, stamp))
            self._work(run_id, recipe)
        self.context.progress.advance()
        return run_id, reused

    def _row(self, run_id: int, remark: str | None, *, reused: bool) -> queries.Row:
        """A run as a row, once what is to be remarked on its environment is among its findings."""
        with self.context.store.writing() as session:
            run = session.get_one(SkyRun, run_id)
            if remark and remark not in {finding.message for finding in run.findings}:
                run.notice(FindingKind.ENVIRONMENT, f"run {run_id}", remark)
                session.flush()
                session.refresh(run, ["findings"])
            return {**queries.sky_run_row(run), "reused": reused}

    def _find(self, recipe: _Recipe) -> int | None:
        here = describe_environment().fingerprint
        same = (
            select(SkyRun)
            .join(Environment, Environment.id == SkyRun.environment_id)
            .where(
                SkyRun.recipe_hash == recipe.full_hash,
                SkyRun.status == ActivityStatus.SUCCEEDED,
                Environment.fingerprint == here,
            )
            .order_by(SkyRun.id.desc())
        )
        with self.context.store.reading() as session:
            return next((run.id for run in session.scalars(same) if self._is_whole(run)), None)

    def _is_whole(self, run: SkyRun) -> bool:
        workspace = self.context.workspace
        return run.mosaic is not None and workspace.resolve(run.mosaic.science_path).is_file()

    def _work(self, run_id: int, recipe: _Recipe) -> None:
        """Drizzle and record; a tool that fails ends this run, not the others."""
        label = f"sky-{run_id}"
        try:
            with (
                self.context.guarded(SkyRun, run_id, label),
                self.context.workspace.scratch(label) as scratch,
            ):
                outcome = self._drizzle(run_id, recipe, scratch)
                self._record(run_id, recipe, outcome)
        except (ToolError, FileRejectedError):
            return  # the row says FAILED, with the reason and the log

    def _drizzle(self, run_id: int, recipe: _Recipe, scratch: Path) -> DrizzleOutcome:
        paths = recipe.inputs.paths
        inputs = {recipe.inputs.version_ids[name]: path for name, path in paths.items()}
        with isolated(self.context, run_id, inputs, self.runner) as runner:
            return AstroDrizzle(runner).drizzle(
                list(paths.values()), recipe.method, recipe.settings, scratch, recipe.output
            )

    def _record(self, run_id: int, recipe: _Recipe, outcome: DrizzleOutcome) -> None:
        home = self.context.workspace.root / _RUNS / str(run_id)
        with _whole_or_nothing(home):
            self._keep_and_close(run_id, recipe, outcome)

    def _keep_and_close(self, run_id: int, recipe: _Recipe, outcome: DrizzleOutcome) -> None:
        mosaic, log = self._keep(run_id, outcome)
        with self.context.closing(SkyRun, run_id) as (session, run):
            versions = {
                name: session.get_one(ProductVersion, version_id)
                for name, version_id in recipe.inputs.version_ids.items()
            }
            levels = [
                SkyLevel(recipe.inputs.rootname_of(s.filename), s.extver, s.mdrizsky, s.unit)
                for s in outcome.skies
            ]
            why = outcome.downgrade_reason or ""
            run.finish(levels, versions, outcome.effective_method, why)
            run.keep_mosaic(mosaic)
            run.log_path = log
            _notice(run, recipe, outcome)

    def _keep(self, run_id: int, outcome: DrizzleOutcome) -> tuple[Mosaic, str]:
        workspace = self.context.workspace
        home = (_RUNS, str(run_id))
        science = workspace.store(outcome.science, *home, _honest_name(outcome.science, outcome))
        weight = workspace.store(outcome.weight, *home, _honest_name(outcome.weight, outcome))
        log = workspace.store(outcome.log, *home, outcome.log.name)
        mosaic = Mosaic(
            workspace.relative(science),
            workspace.relative(weight),
            science_sha256=sha256_of(science),
            weight_sha256=sha256_of(weight),
            naxis_pix=image_shape_pix(science),
            size_bytes=science.stat().st_size + weight.stat().st_size,
        )
        return mosaic, workspace.relative(log)


@dataclass(frozen=True)
class _Recipe:
    """What makes two runs the same: method, parameters and the content of the inputs."""

    method: SkyMethod
    settings: AstroDrizzleSettings
    inputs: _Inputs

    @property
    def parameters(self) -> dict[str, object]:
        return {"astrodrizzle": self.settings.as_parameters(), "inputs": self.inputs.sha256s}

    @property
    def group_hash(self) -> str:
        return fingerprint({**self.parameters, "engine": Engine.ASTRODRIZZLE})

    @property
    def full_hash(self) -> str:
        return fingerprint({**self.parameters, "method": self.method})

    @property
    def output(self) -> str:
        return f"{self.inputs.label.split()[-1].lower().replace(';', '_')}_{self.method.column}"

    def begin(self, session: Session, stamp: Stamp) -> SkyRun:
        """The run, in its group, with links to what it uses."""
        run = SkyRun(
            self.group(session), self.method, self.parameters, stamp, recipe_hash=self.full_hash
        )
        session.add(run)
        for version_id in self.inputs.version_ids.values():
            run.use(session.get_one(ProductVersion, version_id))
        return run

    def group(self, session: Session) -> SkyRunGroup:
        """The runs that differ from this one in nothing but the method."""
        same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == self.group_hash)
        return session.scalar(same) or SkyRunGroup(self.group_hash, self.inputs.label)


@contextmanager
def _whole_or_nothing(home: Path) -> Iterator[None]:
    """Remove a new directory when the block that fills it fails."""
    was_there = home.exists()
    try:
        yield
    except BaseException:
        if not was_there:
            shutil.rmtree(home, ignore_errors=True)
        raise


def _honest_name(image: Path, outcome: DrizzleOutcome) -> str:
    """Name of an image by the method that really ran."""
    asked, ran = outcome.requested_method.column, outcome.effective_method.column
    return image.name.replace(f"_{asked}_", f"_{ran}_")


def _notice(run: SkyRun, recipe: _Recipe, outcome: DrizzleOutcome) -> None:
    for sentence in outcome.disagreements:
        run.notice(FindingKind.CONTRADICTION, f"run {run.id}", sentence)
    for sentence in known_faults(installed_packages()):
        run.notice(FindingKind.ENVIRONMENT, f"run {run.id}", sentence)
    if recipe.method.needs_overlap:
        _notice_islands(run, recipe.inputs.islands, outcome.unmatched)


def _notice_islands(
    run: SkyRun, islands: Sequence[Sequence[str]], unmatched: Sequence[str]
) -> None:
    alone = {group[0] for group in islands if len(group) == 1 < len(islands)}
    for name in sorted(alone | {filename.split("_")[0] for filename in unmatched}):
        run.notice(FindingKind.NO_OVERLAP, name, "shares no sky with another exposure.")
    groups = [group for group in islands if len(group) > 1]
    if len(groups) > 1:
        sizes = " and ".join(str(len(group)) for group in groups)
        message = f"Groups of {sizes} exposures share no sky: their skies have no common zero."
        run.notice(FindingKind.ISLANDS, f"run {run.id}", message)


def _label(versions: Sequence[ProductVersion]) -> str:
    exposure = versions[0].product.exposure
    if exposure is None:
        return f"{len(versions)} exposures"
    target = (exposure.target_name or "field")[:_LONGEST_TARGET]
    return f"{target}, {len(versions)} exposures, {exposure.filters}"


def _islands(paths: Mapping[str, Path]) -> tuple[tuple[str, ...], ...]:
    outlines = {
        name: [np.asarray(chip_polygon(wcs)) for wcs in read_hstwcs(path).values()]
        for name, path in paths.items()
    }
    groups = islands_of(sorted(paths), overlaps_of(outlines))
    return tuple(tuple(group) for group in groups)
