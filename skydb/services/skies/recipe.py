"""What makes two sky runs the same: their inputs, their parameters and their method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Environment, ProductVersion, SkyRun, SkyRunGroup, Stamp
from skydb.domain.activity import fingerprint
from skydb.domain.vocabulary import ActivityStatus, Engine, SkyMethod
from skydb.errors import StateError
from skydb.files.products import read_hstwcs
from skydb.services.core.context import Context
from skydb.services.core.environment import describe_environment
from skydb.services.core.versions import checked_path
from skydb.services.intake.selection import Selection, choose_exposures
from skydb.sky.footprint import chip_polygon
from skydb.sky.overlaps import islands_of, overlaps_of
from skydb.store import overlap_queries

#: What of a target's name is kept in the label of a group, which has room for 120 characters.
_LONGEST_TARGET = 48

Islands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RunInputs:
    """The exposures of a run.

    Parameters
    ----------
    version_ids : mapping of str to int
        Version of every exposure, by rootname.
    paths : mapping of str to Path
        Their files, found to have the content on record; empty for an engine that reads
        none.
    sha256s : tuple of str
        Their contents, sorted.
    label : str
        For people: target, number of exposures and filter.
    """

    version_ids: Mapping[str, int]
    paths: Mapping[str, Path]
    sha256s: tuple[str, ...]
    label: str

    @cached_property
    def islands(self) -> Islands:
        """Connected groups of the footprints in the files, the largest first."""
        outlines = {
            name: [np.asarray(chip_polygon(wcs)) for wcs in read_hstwcs(path).values()]
            for name, path in self.paths.items()
        }
        groups = islands_of(sorted(self.paths), overlaps_of(outlines))
        return tuple(tuple(group) for group in groups)

    def rootname_of(self, filename: str) -> str:
        """Rootname of the exposure in a file."""
        return next(name for name, path in self.paths.items() if path.name == filename)


def selected_inputs(context: Context, selection: Selection, *, read_files: bool) -> RunInputs:
    """Newest content of the selected exposures.

    Parameters
    ----------
    context : Context
    selection : Selection
    read_files : bool
        Whether the files will be read, and so must be what is on record.

    Raises
    ------
    NotFoundError, UsageError, FileRejectedError
        When the selection is empty, mixed, or not what is on record.
    """
    with context.store.reading() as session:
        versions = choose_exposures(session, selection)
        return _inputs(context, versions, read_files=read_files)


def recorded_inputs(context: Context, run_id: int, *, read_files: bool) -> RunInputs:
    """What a run that was begun, here or by another process, is to use.

    Raises
    ------
    NotFoundError, FileRejectedError
        When a file is gone or not what is on record.
    """
    with context.store.reading() as session:
        versions = [link.version for link in session.get_one(SkyRun, run_id).used]
        return _inputs(context, sorted(versions, key=_rootname), read_files=read_files)


def inputs_of(context: Context, version_ids: Iterable[int], *, read_files: bool) -> RunInputs:
    """These very contents, in the order of their rootnames.

    Raises
    ------
    NotFoundError, FileRejectedError
        When a file is gone or not what is on record.
    """
    with context.store.reading() as session:
        versions = overlap_queries.versions(session, list(version_ids))
        return _inputs(context, sorted(versions, key=_rootname), read_files=read_files)


@dataclass(frozen=True)
class Recipe:
    """One run to be: a method, what computes it and how, and the content of the inputs.

    Parameters
    ----------
    method : SkyMethod
    engine : Engine
    settings : mapping
        JSON-able parameters of the engine, the method left out.
    inputs : RunInputs
    has_mosaic : bool
        Whether a mosaic is made, without which a run is not whole.
    """

    method: SkyMethod
    engine: Engine
    settings: Mapping[str, object]
    inputs: RunInputs
    has_mosaic: bool = True

    @property
    def parameters(self) -> dict[str, object]:
        """What is kept with the run."""
        return {self.engine.value: dict(self.settings), "inputs": self.inputs.sha256s}

    @property
    def group_hash(self) -> str:
        """SHA-256 of everything but the method."""
        return fingerprint({**self.parameters, "engine": self.engine})

    @property
    def full_hash(self) -> str:
        """SHA-256 of everything."""
        return fingerprint({**self.parameters, "method": self.method})

    def begin(self, session: Session, stamp: Stamp) -> SkyRun:
        """The run, in its group, with links to what it uses."""
        run = SkyRun(
            self.group(session),
            self.method,
            self.parameters,
            stamp,
            recipe_hash=self.full_hash,
            engine=self.engine,
        )
        session.add(run)
        for version in used_versions(session, self.inputs).values():
            run.use(version)
        return run

    def group(self, session: Session) -> SkyRunGroup:
        """The runs that differ from this one in nothing but the method."""
        same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == self.group_hash)
        return session.scalar(same) or SkyRunGroup(self.group_hash, self.inputs.label)

    def find(self, context: Context) -> int | None:
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
        with context.store.reading() as session:
            found = (run.id for run in session.scalars(same) if self._is_whole(context, run))
            return next(found, None)

    def _is_whole(self, context: Context, run: SkyRun) -> bool:
        if not self.has_mosaic:
            return True
        resolve = context.workspace.resolve
        return run.mosaic is not None and resolve(run.mosaic.science_path).is_file()


def used_versions(session: Session, inputs: RunInputs) -> dict[str, ProductVersion]:
    """Versions of the inputs, by rootname."""
    found = overlap_queries.versions(session, inputs.version_ids.values())
    by_id = {version.id: version for version in found}
    return {name: by_id[version_id] for name, version_id in inputs.version_ids.items()}


def mosaic_name(label: str, method: SkyMethod) -> str:
    """Root of the name of a mosaic: filter and method."""
    return f"{label.split()[-1].lower().replace(';', '_')}_{method.column}"


def _inputs(context: Context, versions: Sequence[ProductVersion], *, read_files: bool) -> RunInputs:
    named = {_rootname(version): version for version in versions}
    workspace = context.workspace
    return RunInputs(
        version_ids={name: version.id for name, version in named.items()},
        paths={n: checked_path(workspace, v) for n, v in named.items()} if read_files else {},
        sha256s=tuple(sorted(version.sha256 for version in versions)),
        label=_label(versions),
    )


def _rootname(version: ProductVersion) -> str:
    exposure = version.product.exposure
    if exposure is None:
        raise StateError(f"{version.filename} is no single exposure and has no sky value.")
    return exposure.rootname


def _label(versions: Iterable[ProductVersion]) -> str:
    exposures = [version.product.exposure for version in versions]
    first = exposures[0]
    if first is None:
        return f"{len(exposures)} exposures"
    target = (first.target_name or "field")[:_LONGEST_TARGET]
    return f"{target}, {len(exposures)} exposures, {first.filters}"
