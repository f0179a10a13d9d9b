"""Ingest: record exposures, products, versions and the archive's WCS solutions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.sql.base import ExecutableOption

from skydb.domain import (
    AlignmentSolution,
    Exposure,
    Generation,
    IngestActivity,
    Product,
    ProductMember,
    ProductVersion,
)
from skydb.domain.choice import EXPOSURE_KINDS
from skydb.domain.values import FileFacts, WcsFacts
from skydb.domain.vocabulary import FindingKind, KnownFrom
from skydb.errors import FileRejectedError, RowRefusedError
from skydb.files.checksum import stamp_of
from skydb.files.dqfile import pixels_beside
from skydb.files.drafts import is_in_draft
from skydb.files.headerlets import HeaderletFacts, is_named_headerlet
from skydb.files.names import shown_path
from skydb.files.processes import available_cores
from skydb.files.strangers import stranger
from skydb.services.core import Context
from skydb.services.intake.combinations import (
    Combined,
    doubts_of_detectors,
    doubts_of_late_members,
)
from skydb.services.intake.newfiles import recorder_of
from skydb.services.intake.reading import read_files
from skydb.services.intake.readworker import Read
from skydb.services.intake.recorder import RECORDED, IngestOutcome, Recordable
from skydb.store.registry import overflow_of

#: Files of one transaction: of more each takes less time. With so many bytes there are fewer, for
#: they are read anew when the process ends before it.
_BATCH, _BATCH_OF_LARGE_FILES, _LARGE_BYTES = 256, 64, 1 << 30
_PACKED = r"(\.(gz|fz|bz2|xz|z|zip|zst))?"
#: Names of FITS files. Of those that are packed, only gzip can be read; the others are refused.
_IMAGE = re.compile(rf".*\.(fits|fit|fts){_PACKED}", re.IGNORECASE | re.DOTALL)
#: Masks that AstroDrizzle leaves beside exposures, and that simulated fields have as truth.
_MASK = re.compile(rf".*_crmask\.fits{_PACKED}", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class IngestService:
    """Reads files in place and records their facts; changes none of them."""

    context: Context

    def ingest(
        self, paths: Iterable[str | Path], *, is_managed: bool = False, jobs: int | None = None
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
        jobs : int, optional
            How many files are read at a time; as many as there are processors when left
            out. One process writes, whatever their number.

        Returns
        -------
        list of IngestOutcome
            One for each file, in order, the headerlets last.
        """
        asked_for = [Path(path) for path in paths]
        files = _with_pixels(self._files(asked_for))
        # Last, for a headerlet belongs to an exposure that may be in the same batch.
        files.sort(key=is_named_headerlet)
        asked = {"paths": [shown_path(path) for path in asked_for], "files": len(files)}
        activity_id = self.context.begin(lambda _, stamp: IngestActivity(asked, stamp))
        outcomes: list[IngestOutcome] = []
        combined: list[Combined] = []
        self.context.progress.begin("Reading files", len(files))
        reading = read_files(files, jobs or available_cores())
        with self.context.guarded(IngestActivity, activity_id), closing(reading):
            for batch in _batches(files):
                found = [self._step(read) for read in islice(reading, len(batch))]
                outcomes += self._record(activity_id, found, is_managed=is_managed)
                combined += Combined.among(found)
            with self.context.closing(IngestActivity, activity_id) as (session, activity):
                notice_missing_members(session, activity)
                # At the end, for the members are often read after their product.
                doubts = doubts_of_detectors(session, combined)
                doubts |= doubts_of_late_members(session, _arrived(outcomes), combined)
                return [_doubted(one, doubts.get(one.path), activity) for one in outcomes]

    def _files(self, paths: Iterable[Path]) -> Iterator[Path]:
        ours = self.context.workspace.root.resolve()
        for path in paths:
            if path.is_dir():
                yield from (found for found in _below(path) if _is_candidate(found, ours))
            else:
                yield path

    def _record(
        self, activity_id: int, found: Sequence[Read], *, is_managed: bool
    ) -> list[IngestOutcome]:
        """Record a batch in one transaction, or in several without a file that is refused.

        A batch that the database refuses is halved until that file is alone, so that a sound
        batch, as nearly all are, costs no statement more.
        """
        try:
            return self._record_whole(activity_id, found, is_managed=is_managed)
        except RowRefusedError as error:
            if len(found) == 1:
                refused = FileRejectedError(
                    found[0].path, f"the ledger cannot keep it: {error.reason}"
                )
                return self._record_whole(activity_id, [refused], is_managed=is_managed)
        middle = len(found) // 2
        return [
            outcome
            for half in (found[:middle], found[middle:])
            for outcome in self._record(activity_id, half, is_managed=is_managed)
        ]

    def _record_whole(
        self, activity_id: int, found: Sequence[Read], *, is_managed: bool
    ) -> list[IngestOutcome]:
        with self.context.store.reading() as session:
            read = [_with_room(one) for one in tied(session, found)]
        good = [facts for facts in read if isinstance(facts, FileFacts)]
        with self.context.store.writing() as session:
            activity = session.get_one(IngestActivity, activity_id)
            recorder = recorder_of(session, activity, self.context.workspace, good)
            outcomes = [recorder.record(one, is_managed=is_managed) for one in read]
            recorder.finish(session)
            session.commit()
            return outcomes

    def _step(self, read: Read) -> Read:
        self.context.progress.advance()
        return read


def _with_pixels(files: Iterable[Path]) -> list[Path]:
    """Files, before flags that are named without their pixels the file of those.

    The flags are recorded with the pixels: alone they would change nothing.
    """
    named = list(files)
    known, found = set(named), []
    for file in named:
        pixels = pixels_beside(file)
        if pixels is not None and pixels not in known:
            known.add(pixels)
            found.append(pixels)
        found.append(file)
    return found


def _below(directory: Path) -> list[Path]:
    """List FITS files by name below a directory, and directories that cannot be searched.

    Masks of cosmic rays are left out, and what skydb is only making. Reading reports the
    problem of a directory or a broken link.
    """
    errors: list[OSError] = []
    found = [
        Path(home, name)
        for home, _, names in os.walk(directory, onerror=errors.append)
        for name in names
        if _IMAGE.fullmatch(name) and not _MASK.fullmatch(name)
        if not is_in_draft(Path(home))
    ]
    return sorted([*found, *(Path(error.filename) for error in errors)])


def _is_candidate(path: Path, ours: Path) -> bool:
    """Whether it lies outside the data root."""
    return not Path(os.path.realpath(path)).is_relative_to(ours)


def tied(session: Session, found: Sequence[Read]) -> list[Recordable]:
    """Tie headerlets to the exposures that they are for."""
    wanted = {str(one.rootname) for one in found if isinstance(one, HeaderletFacts)}
    exposures: dict[str, Exposure] = {}
    if wanted:
        named = select(Exposure).where(Exposure.rootname.in_(wanted)).options(_with_wcs())
        known = session.scalars(named)
        exposures = {exposure.rootname: exposure for exposure in known}
    return [_tied(one, exposures) for one in found]


def _tied(read: Read, exposures: Mapping[str, Exposure]) -> Recordable:
    if not isinstance(read, HeaderletFacts):
        return read
    exposure = exposures.get(str(read.rootname))
    if exposure is not None and exposure.known_from is not KnownFrom.LOG:
        file = read.of_exposure(exposure.as_facts)
        strange = stranger(read.wcs, _wcs_of(exposure), exposure.rootname)
        return file if strange is None else replace(file, doubts=(*file.doubts, strange))
    where = "is not in the ledger" if exposure is None else "only a log names"
    reason = f"a headerlet for {read.rootname}, which {where}"
    return FileRejectedError(read.path, reason, advice="Ingest the exposure first.")


def _with_wcs() -> ExecutableOption:
    """Load the WCS of all files of exposures together."""
    solutions = (ProductVersion.solutions, ProductVersion.applied_solutions)
    chips = [selectinload(one).selectinload(AlignmentSolution.chips) for one in solutions]
    return selectinload(Exposure.products).selectinload(Product.versions).options(*chips)


def _wcs_of(exposure: Exposure) -> Iterator[WcsFacts]:
    """The active WCS of each image of an exposure."""
    for product in exposure.products:
        if product.kind in EXPOSURE_KINDS and product.versions:
            current = product.latest.current_solution
            if current is not None and current.chips:
                yield current.as_facts()


def _with_room(read: Recordable) -> Recordable:
    """Refuse a file when a text of it is too long for the ledger."""
    reason = overflow_of(read) if isinstance(read, FileFacts) else None
    return read if reason is None else FileRejectedError(read.path, reason)


def _batches(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Batches of which none mixes images with headerlets."""
    for _, group in groupby(files, key=is_named_headerlet):
        batch: list[Path] = []
        size_bytes = 0
        for file in group:
            batch.append(file)
            size_bytes += _size_bytes(file)
            most = _BATCH if size_bytes < _LARGE_BYTES else _BATCH_OF_LARGE_FILES
            if len(batch) >= most:
                yield batch
                batch, size_bytes = [], 0
        if batch:
            yield batch


def _size_bytes(file: Path) -> int:
    """Size of a file; of one that cannot be read 0."""
    stamp = stamp_of(file)
    return 0 if stamp is None else stamp[1]


def notice_missing_members(session: Session, activity: IngestActivity) -> None:
    """Leave a finding for every exposure that a new product names and the ledger lacks."""
    missing = (
        select(Product.filename, ProductMember.rootname)
        .join(ProductMember, ProductMember.product_id == Product.id)
        .join(ProductVersion, ProductVersion.product_id == Product.id)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .outerjoin(Exposure, Exposure.rootname == ProductMember.rootname)
        .where(Generation.activity_id == activity.id, Exposure.id.is_(None))
        # PostgreSQL has no order of its own; findings come as products did.
        .order_by(Product.id, ProductMember.rootname)
    )
    for filename, rootname in session.execute(missing):
        message = f"was made of {rootname}, which is not in the ledger."
        activity.notice(FindingKind.MISSING_EXPOSURE, filename, message)


def _arrived(outcomes: Sequence[IngestOutcome]) -> dict[str, str]:
    """Paths of the exposures, and products, of which something is new, by rootname."""
    return {one.rootname: one.path for one in outcomes if one.status in RECORDED and one.rootname}


def _doubted(outcome: IngestOutcome, doubt: str | None, activity: IngestActivity) -> IngestOutcome:
    """Add a doubt to what became of a file, and a finding; a file that was known stays."""
    if doubt is None or outcome.status not in RECORDED or outcome.product is None:
        return outcome
    activity.notice(FindingKind.DOUBTFUL_FILE, outcome.product, doubt)
    return replace(outcome, reason=" ".join(filter(None, (outcome.reason, doubt))))
