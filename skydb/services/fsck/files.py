"""Check of the files of the ledger against the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from skydb.errors import SkydbError, UnreadableFileError
from skydb.files.checksum import sha256_of
from skydb.files.entries import entry_of
from skydb.services.core import Context
from skydb.services.fsck.problems import Problem, ProblemKind

if TYPE_CHECKING:
    from skydb.domain import ProductVersion
    from skydb.domain.delivery import DeliveryKey

#: Rows that are held at once.
_PART = 1000

_REPLACED = (
    "this path is removed: a newer archive version is here; this one stays on record, and what was "
    "made of it cannot be made again"
)

_UNPACKED = "this path is removed: the file was unpacked, and is on record as it lies there now"

#: Places of files; each row begins with the key that orders them.
_PLACES = """
SELECT l.id, l.path, l.is_managed, v.id, p.filename, v.number, v.size_bytes, v.sha256, l.seen_at
  FROM file_locations l JOIN product_versions v ON v.id = l.version_id
  JOIN products p ON p.id = v.product_id WHERE l.id > :last ORDER BY l.id
"""
_MOSAICS = """
SELECT run_id, science_path, science_sha256, weight_path, weight_sha256 FROM mosaics
 WHERE purged_at IS NULL AND run_id > :last ORDER BY run_id
"""
_MASKS = """
SELECT id, masks_path FROM sky_runs WHERE masks_path IS NOT NULL AND id > :last ORDER BY id
"""
_CATALOGS = "SELECT id, name, path, sha256 FROM reference_catalogs WHERE id > :last ORDER BY id"
_EVIDENCE = """
SELECT r.id, r.workspace FROM alignment_runs r JOIN activities a ON a.id = r.id
 WHERE r.workspace IS NOT NULL AND a.status = 'succeeded' AND a.imported_by_id IS NULL
   AND r.id > :last ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as the ledger has it; size and checksum are None where it has none.

    Of the user's own files it is known when they were recorded.
    """

    subject: str
    place: str
    size_bytes: int | None
    sha256: str | None
    cure: str
    version_id: int | None = None
    seen_at: datetime | None = None

    @property
    def is_managed(self) -> bool:
        """Whether it is a file of a version that skydb made or fetched."""
        return self.version_id is not None and self.seen_at is None


@dataclass(frozen=True)
class Files:
    """Files of versions, mosaics, masks and catalogues that are missing or changed.

    Without `deep` a file of the same size is taken as unchanged, but not one of the user's
    that was written after it was recorded: who edits headers or pixels leaves the size.

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
        said_of: set[object] = {entry_of(path) for path in self.passed_over}
        for known in self._known():
            path = self.context.workspace.resolve(known.place)
            fault = self._fault(path, known)
            # Several paths may lead to one file, by links.
            if fault is not None and (file := entry_of(path)) not in said_of:
                said_of.add(file)
                kind, said = fault
                repair = self._reason_to_forget(known, kind)
                mend = partial(self._forget, known) if repair else None
                yield Problem(kind, known.subject, f"{path} {said}", repair or known.cure, mend)

    def _known(self) -> Iterator[_Known]:
        yield from self._places()
        yield from self._mosaics()
        yield from self._catalogs()

    def _places(self) -> Iterator[_Known]:
        for row in _rows(self.context, _PLACES):
            _, path, is_managed, version_id, name, number, size, sha256, seen_at = row
            cure = (
                "put it back, or fetch it again"
                if is_managed
                else "put it back, or record what is there now with `skydb ingest`"
            )
            own = None if is_managed else seen_at
            yield _Known(f"{name}@{number}", path, size, sha256, cure, version_id, own)

    def _mosaics(self) -> Iterator[_Known]:
        for run, science, science_sha256, weight, weight_sha256 in _rows(self.context, _MOSAICS):
            cure = f"put it back, or `skydb runs purge {run} --why REASON`"
            yield _Known(f"mosaic of run {run}", science, None, science_sha256, cure)
            yield _Known(f"weight image of run {run}", weight, None, weight_sha256, cure)
        for run, path in _rows(self.context, _MASKS):
            yield _Known(f"masks of run {run}", path, None, None, "put them back")

    def _catalogs(self) -> Iterator[_Known]:
        for _, name, path, sha256 in _rows(self.context, _CATALOGS):
            cure = "put it back, or ask for it again with --refresh"
            yield _Known(f"catalogue {name}", path, None, sha256, cure)

    def _fault(self, path: Path, known: _Known) -> tuple[ProblemKind, str] | None:
        if not path.is_file():
            return None if _is_packed(path, known) else (ProblemKind.MISSING_FILE, "is gone")
        state = path.stat()
        size = state.st_size
        if known.size_bytes is not None and size != known.size_bytes:
            said = f"has {size:,} bytes; {known.size_bytes:,} are on record"
            return ProblemKind.CHANGED_FILE, said
        written = datetime.fromtimestamp(state.st_mtime, UTC)
        is_newer = known.seen_at is not None and written > known.seen_at
        if (self.deep or is_newer) and known.sha256 is not None:
            try:
                if sha256_of(path) != known.sha256:
                    return (
                        ProblemKind.CHANGED_FILE,
                        "has changed: its checksum is not the recorded one",
                    )
            except SkydbError as error:
                return ProblemKind.CHANGED_FILE, f"cannot be read: {error}"
        return None

    def _reason_to_forget(self, known: _Known, kind: ProblemKind) -> str | None:
        """Explain why the path of a version can be removed; None when it has to stay."""
        if known.version_id is None:
            return None
        from skydb.domain import ProductVersion

        with self.context.store.reading() as session:
            version = session.get_one(ProductVersion, known.version_id)
            if any(
                self._is_whole(version, one.path)
                for one in version.locations
                if one.path != known.place
            ):
                return "this path is removed; the version has another file"
            if kind is ProblemKind.MISSING_FILE and known.is_managed and self._has_newer(version):
                return _REPLACED
            if kind is ProblemKind.MISSING_FILE and self._was_unpacked(version, known.place):
                return _UNPACKED
        return None

    def _was_unpacked(self, version: ProductVersion, place: str) -> bool:
        """Whether a packed file is gone, and one of equal calibration lies there unpacked."""
        bare = place.removesuffix(".gz")
        return bare != place and any(
            self._is_whole(other, bare)
            for other in version.product.versions
            if other is not version and _calibration(other) == _calibration(version)
            for one in other.locations
            if one.path == bare
        )

    def _is_whole(self, version: ProductVersion, place: str) -> bool:
        path = self.context.workspace.resolve(place)
        return (
            path.is_file()
            and path.stat().st_size == version.size_bytes
            and sha256_of(path) == version.sha256
        )

    def _has_newer(self, version: ProductVersion) -> bool:
        """Whether it was fetched, and a newer archive version lies below the data root.

        Then the disk is there, and the archive does not have the older one any more.
        """
        return version.is_delivery and any(
            place.is_managed and self._is_whole(newer, place.path)
            for newer in version.product.deliveries
            if newer.delivery > version.delivery
            for place in newer.locations
        )

    def _same_file(self, version: ProductVersion, place: str) -> list[str]:
        """All paths of a version that lead to one file."""
        resolve = self.context.workspace.resolve
        file = entry_of(resolve(place))
        return [one.path for one in version.locations if entry_of(resolve(one.path)) == file]

    def _forget(self, known: _Known) -> None:
        from skydb.domain import ProductVersion

        with self.context.store.writing() as session:
            version = session.get_one(ProductVersion, known.version_id)
            for place in self._same_file(version, known.place):
                version.leave(place)
            session.commit()


@dataclass(frozen=True)
class EvidenceOfFits:
    """Directories with the evidence of alignment runs that are gone."""

    context: Context

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        for run, place in _rows(self.context, _EVIDENCE):
            path = self.context.workspace.resolve(place)
            # A run of which every product failed before TweakReg has no evidence.
            if place and not path.is_dir() and self._has_fits(run):
                yield Problem(
                    ProblemKind.MISSING_FILE,
                    f"evidence of alignment run {run}",
                    f"{path} is gone",
                    "put it back; fits and trust stay recorded",
                )

    def _has_fits(self, run_id: int) -> bool:
        from skydb.domain import AlignmentRun

        with self.context.store.reading() as session:
            run = session.get_one(AlignmentRun, run_id)
            return any(solution.nmatches for solution in run.solutions)


def _is_packed(path: Path, known: _Known) -> bool:
    """Whether the file of a version was packed where it lay."""
    # Only of what is gone: a look at a ledger needs no entities.
    from skydb.services.core import packed_since

    if known.version_id is None or known.sha256 is None:
        return False
    try:
        return packed_since(path, known.sha256) is not None
    except UnreadableFileError:
        # It unpacks to far too much: the recorded file is gone, and that is said.
        return False


def _calibration(version: ProductVersion) -> DeliveryKey:
    from skydb.domain.delivery import DeliveryKey

    return replace(DeliveryKey.of(version), is_own_name=True)


def _rows(context: Context, asked: str) -> Iterator[tuple[Any, ...]]:
    """Rows that begin with a key, in its order; no transaction is open while they are used."""
    from skydb.domain.columntypes import UtcDateTime

    last = -1
    while True:
        with context.store.asking() as connection:
            typed = text(f"{asked} LIMIT {_PART}").columns(seen_at=UtcDateTime())
            part = connection.execute(typed, {"last": last})
            rows = [tuple(row) for row in part]
        yield from rows
        if len(rows) < _PART:
            return
        last = rows[-1][0]
