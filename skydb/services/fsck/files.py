"""Check of the files of the ledger against the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from skydb.domain import (
    AlignmentRun,
    FileLocation,
    Mosaic,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
)
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import SkydbError
from skydb.files.checksum import sha256_of
from skydb.services.core import Context
from skydb.services.fsck.problems import Problem, ProblemKind

#: Rows that are held at once.
_PART = 1000


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as the ledger has it; size and checksum are None where it has none."""

    subject: str
    place: str
    size_bytes: int | None
    sha256: str | None
    cure: str
    version_id: int | None = None


@dataclass(frozen=True)
class Files:
    """Files of versions, mosaics, masks and catalogues that are missing or changed.

    Without `deep` a file of the same size is taken as unchanged.

    Parameters
    ----------
    context : Context
    deep : bool
        Compare checksums.
    passed_over : collection of Path
        Files that somebody is writing, or that another problem is about.
    """

    context: Context
    deep: bool = False
    passed_over: Collection[Path] = ()

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        for known in self._known():
            path = self.context.workspace.resolve(known.place)
            fault = None if path in self.passed_over else self._fault(path, known)
            if fault is not None:
                kind, said = fault
                mend = self._forgetting(known, path)
                repair = (
                    "this path is removed; the version has another file" if mend else known.cure
                )
                yield Problem(kind, known.subject, f"{path} {said}", repair, mend)

    def _known(self) -> Iterator[_Known]:
        yield from self._places()
        yield from self._mosaics()
        yield from self._catalogs()

    def _places(self) -> Iterator[_Known]:
        asked = select(
            FileLocation.id,
            FileLocation.path,
            FileLocation.is_managed,
            ProductVersion.id,
            ProductVersion.filename,
            ProductVersion.number,
            ProductVersion.size_bytes,
            ProductVersion.sha256,
        ).join(ProductVersion, ProductVersion.id == FileLocation.version_id)
        for row in self._rows(asked, FileLocation.id):
            _, path, is_managed, version_id, name, number, size, sha256 = row
            cure = (
                "put it back, or fetch it again"
                if is_managed
                else "put it back, or record what is there now with `skydb ingest`"
            )
            yield _Known(f"{name}@{number}", path, size, sha256, cure, version_id)

    def _mosaics(self) -> Iterator[_Known]:
        asked = select(
            Mosaic.run_id,
            Mosaic.science_path,
            Mosaic.science_sha256,
            Mosaic.weight_path,
            Mosaic.weight_sha256,
        ).where(Mosaic.purged_at.is_(None))
        for row in self._rows(asked, Mosaic.run_id):
            run, science, science_sha256, weight, weight_sha256 = row
            cure = f"put it back, or `skydb runs purge {run} --why REASON`"
            yield _Known(f"mosaic of run {run}", science, None, science_sha256, cure)
            yield _Known(f"weight image of run {run}", weight, None, weight_sha256, cure)
        masks = select(SkyRun.id, SkyRun.masks_path).where(SkyRun.masks_path.is_not(None))
        for run, path in self._rows(masks, SkyRun.id):
            yield _Known(f"masks of run {run}", path, None, None, "put them back")

    def _catalogs(self) -> Iterator[_Known]:
        of = ReferenceCatalog
        asked = select(of.id, of.name, of.path, of.sha256)
        for _, name, path, sha256 in self._rows(asked, of.id):
            cure = "put it back, or ask for it again with --refresh"
            yield _Known(f"catalogue {name}", path, None, sha256, cure)

    def _rows(
        self, asked: Select[*tuple[Any, ...]], key: InstrumentedAttribute[int]
    ) -> Iterator[tuple[Any, ...]]:
        """Rows that begin with a key, in its order; no transaction is open while they are used."""
        last = -1
        while True:
            part = asked.where(key > last).order_by(key).limit(_PART)
            with self.context.store.reading() as session:
                rows = [tuple(row) for row in session.execute(part)]
            yield from rows
            if len(rows) < _PART:
                return
            last = rows[-1][0]

    def _fault(self, path: Path, known: _Known) -> tuple[ProblemKind, str] | None:
        if not path.is_file():
            return ProblemKind.MISSING_FILE, "is gone"
        size = path.stat().st_size
        if known.size_bytes is not None and size != known.size_bytes:
            said = f"has {size:,} bytes; {known.size_bytes:,} are on record"
            return ProblemKind.CHANGED_FILE, said
        if self.deep and known.sha256 is not None:
            try:
                if sha256_of(path) != known.sha256:
                    return (
                        ProblemKind.CHANGED_FILE,
                        "has changed: its checksum is not the recorded one",
                    )
            except SkydbError as error:
                return ProblemKind.CHANGED_FILE, f"cannot be read: {error}"
        return None

    def _forgetting(self, known: _Known, path: Path) -> partial[None] | None:
        """Remove the path of a version that has a whole file elsewhere."""
        if known.version_id is None:
            return None
        with self.context.store.reading() as session:
            version = session.get_one(ProductVersion, known.version_id)
            others = [
                self.context.workspace.resolve(one.path)
                for one in version.locations
                if one.path != known.place
            ]
            size, sha256 = version.size_bytes, version.sha256
        whole = any(
            one.is_file() and one.stat().st_size == size and sha256_of(one) == sha256
            for one in others
        )
        return partial(self._forget, known.version_id, known.place) if whole else None

    def _forget(self, version_id: int, place: str) -> None:
        with self.context.store.writing() as session:
            session.get_one(ProductVersion, version_id).leave(place)
            session.commit()


@dataclass(frozen=True)
class EvidenceOfFits:
    """Directories with the evidence of alignment runs that are gone."""

    context: Context

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        asked = select(AlignmentRun.id, AlignmentRun.workspace).where(
            AlignmentRun.workspace.is_not(None),
            AlignmentRun.status == ActivityStatus.SUCCEEDED,
            AlignmentRun.imported_by_id.is_(None),
        )
        with self.context.store.reading() as session:
            found = [(run, place) for run, place in session.execute(asked) if place]
        for run, place in found:
            path = self.context.workspace.resolve(place)
            # A run of which every product failed before TweakReg has no evidence.
            if self._has_fits(run) and not path.is_dir():
                yield Problem(
                    ProblemKind.MISSING_FILE,
                    f"evidence of alignment run {run}",
                    f"{path} is gone",
                    "put it back; fits and trust stay recorded",
                )

    def _has_fits(self, run_id: int) -> bool:
        with self.context.store.reading() as session:
            run = session.get_one(AlignmentRun, run_id)
            return any(solution.nmatches for solution in run.solutions)
