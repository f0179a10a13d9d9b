"""Ingest: record exposures, products, versions and the archive's WCS solutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentSolution,
    Exposure,
    Generation,
    IngestActivity,
    Product,
    ProductMember,
    ProductVersion,
)
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, IngestStatus, LinkRole
from skydb.errors import FileRejectedError, NotHstImageError
from skydb.files.checksum import sha256_of
from skydb.files.headerlets import (
    HeaderletFacts,
    contradictions,
    is_named_headerlet,
    read_headerlet,
)
from skydb.files.reader import read_facts
from skydb.services.context import Context
from skydb.store.registry import Registry, overflow_of

_BATCH = 64
_SUFFIXES = (".fits", ".fit", ".fits.gz")


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """What became of one file."""

    path: str
    rootname: str | None
    status: IngestStatus
    reason: str | None = None
    product: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class IngestService:
    """Reads files where they are and records what they say; changes none of them."""

    context: Context

    def ingest(
        self, paths: Iterable[str | Path], *, is_managed: bool = False
    ) -> list[IngestOutcome]:
        """Record files, or all FITS files below directories.

        A file that cannot be used is reported, left out and remembered as a
        finding; the rest of the batch goes on.

        Parameters
        ----------
        paths : iterable of path-like
            Files and directories.
        is_managed : bool
            Whether skydb itself put the files there.

        Returns
        -------
        list of IngestOutcome
            One for each file, in order, the headerlets last.
        """
        asked_for = [Path(path) for path in paths]
        files = list(self._files(asked_for))
        # Last, for a headerlet belongs to an exposure that may be in the same batch.
        files.sort(key=is_named_headerlet)
        asked = {"paths": [str(path) for path in asked_for], "files": len(files)}
        activity_id = self.context.begin(lambda _, stamp: IngestActivity(asked, stamp))
        outcomes: list[IngestOutcome] = []
        self.context.progress.begin("Reading files", len(files))
        with self.context.guarded(IngestActivity, activity_id):
            for batch in _batches(files):
                outcomes += self._ingest_batch(activity_id, batch, is_managed=is_managed)
            with self.context.closing(IngestActivity, activity_id) as (session, activity):
                notice_missing_members(session, activity)
        return outcomes

    def _files(self, paths: Iterable[str | Path]) -> Iterator[Path]:
        for path in map(Path, paths):
            if path.is_dir():
                found = sorted(path.rglob("*"))
                yield from (f for f in found if self._is_candidate(f))
            else:
                yield path

    def _is_candidate(self, path: Path) -> bool:
        is_ours = path.resolve().is_relative_to(self.context.workspace.root.resolve())
        return path.is_file() and path.name.lower().endswith(_SUFFIXES) and not is_ours

    def _ingest_batch(
        self, activity_id: int, batch: Sequence[Path], *, is_managed: bool
    ) -> list[IngestOutcome]:
        found = [self._read(path) for path in batch]
        with self.context.store.reading() as session:
            read = [_with_room(tied(session, one)) for one in found]
        good = [facts for facts in read if isinstance(facts, FileFacts)]
        with self.context.store.writing() as session:
            activity = session.get_one(IngestActivity, activity_id)
            recorder = FileRecorder(session, activity, self.context, good)
            return [recorder.record(one, is_managed=is_managed) for one in read]

    def _read(self, path: Path) -> FileFacts | HeaderletFacts | FileRejectedError:
        try:
            return _read_any(path)
        except FileRejectedError as error:
            return error
        finally:
            self.context.progress.advance()


def _read_any(path: Path) -> FileFacts | HeaderletFacts:
    """Facts of an image or of a headerlet, with the checksum of the file."""
    try:
        return read_facts(path).with_checksum(sha256_of(path))
    except NotHstImageError:
        headerlet = read_headerlet(path)
        if headerlet is None:
            raise
        return replace(headerlet, sha256=sha256_of(path))


def tied(
    session: Session, read: FileFacts | HeaderletFacts | FileRejectedError
) -> FileFacts | FileRejectedError:
    """What was read, a headerlet tied to the exposure that it is for."""
    if not isinstance(read, HeaderletFacts):
        return read
    rootname = str(read.rootname)
    exposure = session.scalar(select(Exposure).where(Exposure.rootname == rootname))
    if exposure is not None:
        return read.of_exposure(exposure.as_facts)
    reason = f"a headerlet for {rootname}, which is not in the ledger"
    return FileRejectedError(read.path, reason, advice="Ingest the exposure first.")


def _with_room(read: FileFacts | FileRejectedError) -> FileFacts | FileRejectedError:
    """What was read, refused when the ledger has no room for a text of it."""
    reason = overflow_of(read) if isinstance(read, FileFacts) else None
    return read if reason is None else FileRejectedError(read.path, reason)


def _batches(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Batches of which none mixes images with headerlets."""
    for _, group in groupby(files, key=is_named_headerlet):
        same = list(group)
        yield from (same[first : first + _BATCH] for first in range(0, len(same), _BATCH))


def notice_missing_members(session: Session, activity: IngestActivity) -> None:
    """Leave a finding for every exposure that a new product names and the ledger lacks."""
    missing = (
        select(Product.filename, ProductMember.rootname)
        .join(ProductMember, ProductMember.product_id == Product.id)
        .join(ProductVersion, ProductVersion.product_id == Product.id)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .outerjoin(Exposure, Exposure.rootname == ProductMember.rootname)
        .where(Generation.activity_id == activity.id, Exposure.id.is_(None))
    )
    for filename, rootname in session.execute(missing):
        message = f"was made of {rootname}, which is not in the ledger."
        activity.notice(FindingKind.MISSING_EXPOSURE, filename, message)


class FileRecorder:
    """Turns the facts of one batch into rows, in one transaction."""

    def __init__(
        self,
        session: Session,
        activity: IngestActivity,
        context: Context,
        batch: Sequence[FileFacts],
    ) -> None:
        self._activity = activity
        self._workspace = context.workspace
        self._registry = Registry(session, batch)

    def record(self, read: FileFacts | FileRejectedError, *, is_managed: bool) -> IngestOutcome:
        """Add what is new of one file."""
        if isinstance(read, FileRejectedError):
            return self._reject(read)
        product = self._registry.product(read)
        known = product.version_with(read.sha256)
        if known is not None:
            return _outcome(read, IngestStatus.KNOWN, known)
        status = IngestStatus.NEW_VERSION if product.versions else IngestStatus.NEW
        version = self._add_version(product, read, is_managed=is_managed)
        return _outcome(read, status, version)

    def _add_version(
        self, product: Product, file: FileFacts, *, is_managed: bool
    ) -> ProductVersion:
        earlier = [v.current_solution for v in product.versions]
        path = self._workspace.relative(file.path)
        version = product.add_version(file, path, is_managed=is_managed)
        product.name_members(file.members)
        for flaw in file.flaws:
            self._activity.notice(FindingKind.REJECTED_FILE, file.path.name, flaw)
        for contradiction in contradictions(file):
            self._activity.notice(FindingKind.CONTRADICTION, file.path.name, contradiction)
        for wcs in (*file.solutions, *file.headerlets):
            solution = AlignmentSolution.found(version, self._activity, wcs)
            if not wcs.rms_unit_known:
                message = f"The unit of the RMS of {wcs.name} cannot be told; it is left out."
                self._activity.notice(FindingKind.UNIT_UNKNOWN, file.path.name, message)
            if wcs.key == " ":
                solution.supersede(one for one in earlier if one is not None)
        self._activity.generate(version, LinkRole.INGESTED)
        return version

    def _reject(self, error: FileRejectedError) -> IngestOutcome:
        self._activity.notice(FindingKind.REJECTED_FILE, str(error.path), error.reason)
        return IngestOutcome(str(error.path), None, IngestStatus.REJECTED, error.reason)


def _outcome(file: FileFacts, status: IngestStatus, version: ProductVersion) -> IngestOutcome:
    return IngestOutcome(
        path=str(file.path),
        rootname=str(file.facts.rootname),
        status=status,
        product=file.path.name,
        version=version.number,
    )
