"""MDRIZSKY of one run in the headers of the user's own exposures, when he says so."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import HeaderWrite, ProductVersion, SkyRun, SkyValue, Stamp
from skydb.domain.vocabulary import ActivityStatus, FindingKind, LinkRole, SkyCardStatus
from skydb.drizzle.skyheaders import unit_of
from skydb.errors import NotFoundError, StateError
from skydb.files.skycards import SkyCards, write_sky_cards
from skydb.services.core import (
    Context,
    FilePair,
    HeaderJournal,
    checked_path,
    keep_version,
    own_paths,
    require_content,
)
from skydb.store.required import require_run


@dataclass(frozen=True, slots=True)
class SkyCardRow:
    """The sky of one chip, and whether it stands in the header of a file of the user's now.

    Parameters
    ----------
    path : str or None
        The file; None when the user has none of the version that the run used.
    mdrizsky : float or None
        In `unit`, the one of BUNIT.
    reason : str or None
        Why the file was left as it is.
    """

    rootname: str
    extver: int
    mdrizsky: float | None
    unit: str | None
    path: str | None
    status: SkyCardStatus
    reason: str | None
    activity: int | None


@dataclass(frozen=True)
class _Exposure:
    """An exposure of the run: its skies, the user's files of it, or why they are left."""

    version_id: int
    rootname: str
    plain_name: str
    content: Path | None
    skies: dict[int, SkyCards]
    unit: str | None
    own: dict[Path, int]
    left: str | None

    def rows(self, activity_id: int | None) -> list[SkyCardRow]:
        """One row for every chip of every file."""
        paths = [None] if self.left else [str(path) for path in self.own]
        return [
            SkyCardRow(
                self.rootname, extver, sky.mdrizsky, self.unit, path,
                self._status(sky), self.left, activity_id,
            )
            for path in paths
            for extver, sky in sorted(self.skies.items())
        ]  # fmt: skip

    def require_content(self) -> Path:
        """Path of the version that the run used; only asked of exposures that are written."""
        if self.content is None:
            raise ValueError(f"{self.rootname} is left alone: {self.left}")
        return self.content

    def _status(self, sky: SkyCards) -> SkyCardStatus:
        if self.left:
            return SkyCardStatus.LEFT
        return SkyCardStatus.NO_VALUE if sky.mdrizsky is None else SkyCardStatus.WRITTEN


@dataclass(frozen=True)
class SkyHeaderService:
    """Writes the skies of one run into the user's exposures, as AstroDrizzle would."""

    context: Context

    def write(self, run_id: int) -> list[SkyCardRow]:
        """Put MDRIZSKY, its error, the method and the run into the headers of the user's files.

        All files are written or none; :class:`HeaderJournal` can undo it. A file
        of another version than the run used is not changed and is named.

        Parameters
        ----------
        run_id : int
            A sky run that succeeded.

        Raises
        ------
        NotFoundError
            When there is no such run, or the user has no file of it.
        StateError
            When the run has not succeeded, is known from a log only, or has skies that were
            subtracted before it.
        """
        with HeaderJournal(self.context).alone():
            return self._write(run_id)

    def _write(self, run_id: int) -> list[SkyCardRow]:
        exposures = self._exposures(run_id)
        going = [one for one in exposures if not one.left]
        if not going:
            raise NotFoundError(
                f"No file of yours is of the version that run {run_id} used. {exposures[0].left}",
                advice="Files that skydb has fetched or made are versions, never changed.",
            )
        activity_id = self.context.begin(_beginning(run_id, exposures))
        label = f"headers-{activity_id}"
        with (
            self.context.guarded(HeaderWrite, activity_id, label),
            self.context.workspace.scratch(label) as scratch,
        ):
            pairs = [pair for one in going for pair in self._made(activity_id, one, scratch)]
            HeaderJournal(self.context).write(activity_id, pairs)
        return [row for one in exposures for row in one.rows(activity_id)]

    def _exposures(self, run_id: int) -> list[_Exposure]:
        with self.context.store.reading() as session:
            run = _finished(session, run_id)
            values: dict[ProductVersion, list[SkyValue]] = defaultdict(list)
            for value in run.values:
                if value.version is not None:
                    values[value.version].append(value)
            if not values:
                raise StateError(
                    f"Run {run_id} is known from a log only: it used no file on record."
                )
            return [
                self._exposure(run, version, values[version])
                for version in sorted(values, key=lambda one: one.subject)
            ]

    def _exposure(
        self, run: SkyRun, version: ProductVersion, values: Sequence[SkyValue]
    ) -> _Exposure:
        own = self._own_files(version)
        left = _why_left(version, values, has_files=bool(own))
        return _Exposure(
            version_id=version.id,
            rootname=version.subject,
            plain_name=version.filename,
            content=None if left else checked_path(self.context.workspace, version),
            skies={value.extver: _cards(run, value) for value in values},
            unit=next((value.unit.value for value in values if value.unit), None),
            own=own,
            left=left,
        )

    def _own_files(self, version: ProductVersion) -> dict[Path, int]:
        """The user's files with the pixels and the WCS that the run used, by version."""
        noted = [one for one in version.derivatives if one.is_annotated]
        found = {}
        for one in (version, *noted):
            for path in own_paths(self.context.workspace, one):
                require_content(path, one)
                found[path] = one.id
        return found

    def _made(self, activity_id: int, one: _Exposure, scratch: Path) -> list[FilePair]:
        """Make the version with the cards for each file that is to get it."""
        home = scratch / str(one.version_id)
        home.mkdir()
        copy = Path(shutil.copyfile(one.require_content(), home / one.plain_name))
        write_sky_cards(copy, one.skies)
        facts = keep_version(self.context.workspace, copy)
        with self.context.store.writing() as session:
            version = session.get_one(ProductVersion, one.version_id)
            noted = version.annotate(facts, self.context.workspace.relative(facts.path))
            session.get_one(HeaderWrite, activity_id).generate(noted, LinkRole.SCIENCE)
            session.commit()
            noted_id = noted.id
        return [
            FilePair(path, before_id, noted_id, facts.path, str(facts.sha256))
            for path, before_id in one.own.items()
            if before_id != noted_id
        ]


def _beginning(
    run_id: int, exposures: Sequence[_Exposure]
) -> Callable[[Session, Stamp], HeaderWrite]:
    """Begins a write that names the exposures whose files stay as they are."""

    def begin(_: Session, stamp: Stamp) -> HeaderWrite:
        write = HeaderWrite({"run": run_id, "cards": "sky"}, stamp)
        for one in exposures:
            if one.left:
                write.notice(FindingKind.NOT_WRITTEN, one.rootname, one.left)
        return write

    return begin


def _finished(session: Session, run_id: int) -> SkyRun:
    run = require_run(session, SkyRun, run_id)
    if run.status is not ActivityStatus.SUCCEEDED:
        raise StateError(f"Run {run_id} is {run.status}: it has no skies to write.")
    if run.has_skies_of_before:
        raise StateError(
            f"The skies of run {run_id} had been subtracted before it: AstroDrizzle would take "
            "MDRIZSKY for a sky that is still in the pixels, and subtract it again.",
            advice="Drizzle these files with skysub=False.",
        )
    return run


def _cards(run: SkyRun, value: SkyValue) -> SkyCards:
    return SkyCards(value.mdrizsky, value.mdrizsky_sigma, run.method.value, run.id)


def _why_left(
    version: ProductVersion, values: Iterable[SkyValue], *, has_files: bool
) -> str | None:
    """Explain why the user's file of an exposure cannot get these skies, or None."""
    if not has_files:
        return (
            f"The run used {version.reference}, which is not a file of yours; after an acceptance "
            "`skydb align accept --write-headers` gives your files its WCS."
        )
    own = unit_of(version.bunit or "")
    other = next((value.unit for value in values if value.unit is not own), None)
    if other is not None:
        return f"The skies are in {other}, {version.filename} is in {version.bunit}."
    return None
