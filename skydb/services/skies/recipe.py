"""Recipe by which two sky runs are the same: inputs, parameters and method."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity, Environment, Exposure, ProductVersion, SkyRun, SkyRunGroup, Stamp
from skydb.domain.fingerprint import fingerprint
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.units import Conversion, common_unit
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import ActivityStatus, Engine, FindingKind, LinkRole, SkyMethod
from skydb.drizzle.optionfiles import content_only
from skydb.drizzle.presets import ObservingMode
from skydb.errors import UsageError
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.services.core import Context, checked_path, describe_environment, named_apart, plain_name
from skydb.services.intake import Selection, choose_inputs, guarded_inputs
from skydb.sky.footprint import chip_polygon
from skydb.sky.overlaps import islands_of, overlaps_of
from skydb.store import overlap_queries

#: Length of a target's name in the label of a group, which has room for 120 characters.
_LONGEST_TARGET = 48
#: Guards that are checked while a run runs, and not before.
_FOUND_LATE = frozenset({FindingKind.ISLANDS, FindingKind.NO_SIGNAL})

Islands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RunInputs:
    """The exposures of a run.

    Parameters
    ----------
    version_ids : mapping of str to int
        Version of every exposure, by rootname.
    paths : mapping of str to Path
        Their files, found to be the recorded versions; empty for an engine that reads
        none.
    sha256s : tuple of str
        Their checksums, sorted.
    label : str
        For people: target, number of exposures and filter.
    plain_names : mapping of str to str
        The name of each file that no other input has.
    left_out : mapping of str to int
        Versions of selected exposures without signal, which no tool is given.
    conversions : mapping of str to Conversion
        What is done to exposures that are not in the unit of the run.
    why : mapping of str to tuple of str
        Why each version was chosen, and what was passed over.
    flags : tuple of Flag
        What the guards say of them.
    table : tuple of dict
        All of them as rows for people.
    mode : ObservingMode
        What options are chosen by.
    """

    version_ids: Mapping[str, int]
    paths: Mapping[str, Path]
    sha256s: tuple[str, ...]
    label: str
    plain_names: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    why: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    table: tuple[dict[str, Any], ...] = ()
    mode: ObservingMode = field(default_factory=lambda: ObservingMode("", ""))

    @cached_property
    def islands(self) -> Islands:
        """Connected groups of the footprints in the files, the largest first."""
        outlines = {
            name: [np.asarray(chip_polygon(wcs)) for wcs in read_hstwcs(path).values()]
            for name, path in self.paths.items()
        }
        groups = islands_of(sorted(self.paths), overlaps_of(outlines))
        return tuple(tuple(group) for group in groups)

    def link(self, activity: Activity, versions: Mapping[str, ProductVersion]) -> None:
        """Record what an activity uses, as :func:`used_versions` has it, and the flags."""
        for rootname, version in versions.items():
            role = LinkRole.LEFT_OUT if rootname in self.left_out else LinkRole.SCIENCE
            reason, passed_over = self.why.get(rootname, (None, None))
            activity.use(version, role, reason=reason, passed_over=passed_over)
        for flag in self.flags:
            activity.notice(flag.guard, flag.subject, flag.message)

    def rootname_of(self, filename: str) -> str:
        """Rootname of the exposure in a file."""
        return next(name for name, path in self.paths.items() if path.name == filename)

    def without(self, names: Collection[str]) -> RunInputs:
        """The same inputs, of which some are left out.

        Raises
        ------
        UsageError
            When none is left.
        """
        if not names:
            return self
        lost = {name: self.version_ids[name] for name in names}
        left = {name: key for name, key in self.version_ids.items() if name not in lost}
        if not left:
            raise _nothing_to_see(len(lost) + len(self.left_out))
        return replace(
            self,
            version_ids=left,
            paths={name: path for name, path in self.paths.items() if name in left},
            left_out={**self.left_out, **lost},
        )

    def staged(self, directory: Path) -> RunInputs:
        """The same inputs, with no two files of one name; see :func:`.named_apart`."""
        return replace(self, paths=named_apart(self.paths, self.plain_names, directory))


def selected_inputs(
    context: Context,
    selection: Selection,
    *,
    read_files: bool,
    policy: GuardPolicy | None = None,
) -> RunInputs:
    """The inputs that the rule chooses of a selection, once no guard refuses them.

    Parameters
    ----------
    context : Context
    selection : Selection
    read_files : bool
        Whether the files will be read, and so must be what is on record.
    policy : GuardPolicy, optional
        What the user says of guards.

    Raises
    ------
    NotFoundError, UsageError, FileRejectedError
        When the selection is empty, mixed, or not what is on record.
    InputsRefusedError
        When no version of each exposure can be chosen, or a guard refuses.
    """
    with context.store.reading() as session:
        chosen = choose_inputs(session, context.workspace, selection)
        flags = guarded_inputs(session, chosen, policy or GuardPolicy())
        inputs = _inputs(context, [one.version for one in chosen], read_files=read_files)
        why = {one.rootname: (one.reason, ", ".join(one.passed_over)) for one in chosen}
        table = tuple(one.as_row() for one in chosen)
        return replace(inputs, why=why, flags=tuple(flags), table=table)


def recorded_inputs(context: Context, run_id: int, *, read_files: bool) -> RunInputs:
    """Load the inputs of a run that was begun, here or by another process.

    Raises
    ------
    NotFoundError, FileRejectedError
        When a file is gone or not what is on record.
    """
    with context.store.reading() as session:
        links = list(session.get_one(SkyRun, run_id).used)
        versions = sorted((link.version for link in links), key=lambda version: version.subject)
        lost = {link.version.subject for link in links if link.role is LinkRole.LEFT_OUT}
        inputs = _inputs(context, versions, read_files=read_files)
        return inputs.without(lost & inputs.version_ids.keys())


def inputs_of(context: Context, version_ids: Iterable[int], *, read_files: bool) -> RunInputs:
    """Load these versions, in the order of their rootnames.

    Raises
    ------
    NotFoundError, FileRejectedError
        When a file is gone or not what is on record.
    """
    with context.store.reading() as session:
        versions = overlap_queries.versions(session, list(version_ids))
        return _inputs(
            context, sorted(versions, key=lambda version: version.subject), read_files=read_files
        )


def with_files(context: Context, inputs: RunInputs) -> RunInputs:
    """The same inputs with their files, each found to be what is on record.

    Raises
    ------
    NotFoundError, FileRejectedError
        When a file is gone or not what is on record.
    """
    if inputs.paths:
        return inputs
    read = inputs_of(context, inputs.version_ids.values(), read_files=True)
    return replace(inputs, paths=read.paths)


@dataclass(frozen=True)
class Recipe:
    """One run to make: method, engine, parameters, and checksums of the inputs.

    Parameters
    ----------
    method : SkyMethod
    engine : Engine
    settings : mapping
        JSON-able parameters of the engine, the method left out.
    inputs : RunInputs
    has_mosaic : bool
        Whether a mosaic is made, without which a run is not whole.
    policy : GuardPolicy
        What the user says of the guards of inputs.
    notes : mapping
        What is kept with the run and changes nothing: the name of a preset, where skies
        that are given come from.
    """

    method: SkyMethod
    engine: Engine
    settings: Mapping[str, object]
    inputs: RunInputs
    has_mosaic: bool = True
    policy: GuardPolicy = field(default_factory=GuardPolicy)
    notes: Mapping[str, object] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters that are kept with the run."""
        return {self.engine.value: dict(self.settings), "inputs": self.inputs.sha256s}

    @property
    def group_hash(self) -> str:
        """SHA-256 of everything but the method; files by their checksum, whatever their path."""
        return fingerprint({**content_only(self.parameters), "engine": self.engine})

    @property
    def full_hash(self) -> str:
        """SHA-256 of everything."""
        return fingerprint({**content_only(self.parameters), "method": self.method})

    @property
    def label(self) -> str:
        """Target, number of exposures, whether chips have own skies, and filter."""
        label = self.inputs.label
        if not self.settings.get("per_chip"):
            return label
        return re.sub(r"^(.*\d exposures?)", r"\1 per chip", label)

    def begin(
        self,
        session: Session,
        stamp: Stamp,
        versions: Mapping[str, ProductVersion] | None = None,
    ) -> SkyRun:
        """The run, in its group, with links to what it uses.

        Parameters
        ----------
        session : Session
        stamp : Stamp
        versions : mapping of str to ProductVersion, optional
            The inputs (:func:`used_versions`) where they are known: runs of one field
            have the same.
        """
        run = SkyRun(
            self.group(session),
            self.method,
            {**self.parameters, **self.policy.as_parameters(), **self.notes},
            stamp,
            recipe_hash=self.full_hash,
            engine=self.engine,
        )
        session.add(run)
        self.inputs.link(run, versions or used_versions(session, self.inputs))
        return run

    def group(self, session: Session) -> SkyRunGroup:
        """The runs that differ from this one in nothing but the method."""
        same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == self.group_hash)
        return session.scalar(same) or SkyRunGroup(self.group_hash, self.label)

    def find(self, session: Session, workspace: Workspace) -> int | None:
        """The newest whole run of this recipe in the environment here, repetitions aside."""
        same = (
            select(SkyRun)
            .join(Environment, Environment.id == SkyRun.environment_id)
            .where(
                SkyRun.recipe_hash == self.full_hash,
                SkyRun.status == ActivityStatus.SUCCEEDED,
                SkyRun.deleted_at.is_(None),
                SkyRun.replay_of_id.is_(None),
                Environment.fingerprint == describe_environment().fingerprint,
            )
            .order_by(SkyRun.id.desc())
        )
        found = (run.id for run in session.scalars(same) if self._is_whole(workspace, run))
        return next(found, None)

    def _is_whole(self, workspace: Workspace, run: SkyRun) -> bool:
        # A guard that is allowed now has no effect only in a run that has this on record.
        if any(finding.kind in self.policy.allowed for finding in run.findings):
            return False
        # What was allowed then has left no finding, and is to be flagged now.
        if _FOUND_LATE.intersection(run.parameters.get("allowed", ())) - self.policy.allowed:
            return False
        if not self.has_mosaic:
            return True
        resolve = workspace.resolve
        return run.mosaic is not None and resolve(run.mosaic.science_path).is_file()


def used_versions(session: Session, inputs: RunInputs) -> dict[str, ProductVersion]:
    """Versions of the inputs, those left out included, by rootname."""
    ids = {**inputs.version_ids, **inputs.left_out}
    by_id = {version.id: version for version in overlap_queries.versions(session, ids.values())}
    return {name: by_id[version_id] for name, version_id in ids.items()}


def left_out_levels(versions: Mapping[str, ProductVersion], inputs: RunInputs) -> list[SkyLevel]:
    """Make a value of None for every chip of the exposures without signal."""
    found = []
    for rootname in inputs.left_out:
        current = versions[rootname].current_solution
        extvers = [chip.extver for chip in current.chips] if current else [1]
        found += [SkyLevel(rootname, extver, None, None) for extver in extvers]
    return found


def mosaic_name(label: str, method: SkyMethod) -> str:
    """Root of the name of a mosaic: filter and method."""
    return f"{label.split()[-1].lower().replace(';', '_')}_{method.column}"


def _inputs(context: Context, versions: Sequence[ProductVersion], *, read_files: bool) -> RunInputs:
    named = {version.require_exposure().rootname: version for version in versions}
    lit = {name: version for name, version in named.items() if version.has_signal}
    if not lit:
        raise _nothing_to_see(len(named))
    workspace = context.workspace
    return RunInputs(
        version_ids={name: version.id for name, version in lit.items()},
        paths={n: checked_path(workspace, v) for n, v in lit.items()} if read_files else {},
        sha256s=tuple(sorted(version.content_id for version in versions)),
        label=_label(list(lit.values())),
        plain_names={name: plain_name(version) for name, version in lit.items()},
        left_out={name: v.id for name, v in named.items() if name not in lit},
        conversions=common_unit({n: v.condition for n, v in lit.items()}).conversions,
        mode=mode_of([version.require_exposure() for version in lit.values()]),
    )


def mode_of(exposures: Sequence[Exposure]) -> ObservingMode:
    """Properties of exposures of one detector by which options are chosen."""
    first = exposures[0]
    starts = [one.expstart_mjd for one in exposures if one.expstart_mjd is not None]
    return ObservingMode(
        first.instrument,
        first.detector or "",
        len(exposures),
        first.filters or "",
        min(starts, default=None),
    )


def _nothing_to_see(number: int) -> UsageError:
    return UsageError(
        f"None of the {number} exposures has exposure time and good pixels.",
        advice="Select others.",
    )


def _label(versions: Iterable[ProductVersion]) -> str:
    exposures = [version.product.exposure for version in versions]
    first = exposures[0]
    if first is None:
        return _counted(len(exposures))
    target = (first.target_name or "field")[:_LONGEST_TARGET]
    return f"{target}, {_counted(len(exposures))}, {first.filters}"


def _counted(exposures: int) -> str:
    return "1 exposure" if exposures == 1 else f"{exposures} exposures"
