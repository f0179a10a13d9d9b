"""Recording of files that were read: a batch at a time, in one transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, IngestActivity, Product, ProductVersion
from skydb.domain.edited import edited_wcs
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, Flavour, IngestStatus, LinkRole, ProductKind
from skydb.errors import FileRejectedError
from skydb.files.embedded import contradictions
from skydb.files.entries import entry_of
from skydb.files.names import name_contradiction, shown_path
from skydb.services.intake.fetch_attempts import printable
from skydb.services.intake.readworker import Companion
from skydb.store.keys import number_new_rows
from skydb.store.registry import Registry

#: Facts of one file once headerlets are tied to their exposures.
Recordable = FileFacts | Companion | FileRejectedError

#: Outcomes of files that were new.
RECORDED = (IngestStatus.NEW, IngestStatus.NEW_VERSION)


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """Result of one file."""

    path: str
    rootname: str | None
    status: IngestStatus
    reason: str | None = None
    product: str | None = None
    version: int | None = None
    flavour: Flavour | None = None

    @property
    def is_flawed(self) -> bool:
        """Whether it was recorded although something is wrong with it, which ``reason`` says."""
        return self.status in RECORDED and bool(self.reason)


class Recorder(ABC):
    """Turns the facts of one batch into rows.

    Parameters
    ----------
    activity : IngestActivity
        In the session of the transaction.
    registry : Registry
        What the ledger has of these files.
    paths : mapping of Path to str
        Where they lie, as places are recorded.
    """

    def __init__(
        self, activity: IngestActivity, registry: Registry, paths: Mapping[Path, str]
    ) -> None:
        self._activity = activity
        self._registry = registry
        self._paths = paths

    def record(self, read: Recordable, *, is_managed: bool) -> IngestOutcome:
        """Add what is new of one file."""
        if isinstance(read, FileRejectedError):
            return self._reject(read)
        if isinstance(read, Companion):
            reason = f"the flags of {read.of.name}, with which they are read"
            return IngestOutcome(str(read.path), None, IngestStatus.COMPANION, reason)
        return self._record_file(read, self._paths[read.path], is_managed=is_managed)

    def finish(self, session: Session) -> None:
        """Write what waits, and give keys to all that is new."""
        number_new_rows(session)

    @abstractmethod
    def _record_file(self, read: FileFacts, path: str, *, is_managed: bool) -> IngestOutcome:
        """Add what is new of a file that can be used."""

    def _notice(self, file: FileFacts) -> None:
        """Leave findings on a new file."""
        self._notice_name(file)
        for kind, message in remarks(file):
            self._activity.notice(kind, file.path.name, message)

    def _notice_name(self, file: FileFacts) -> None:
        """Leave a finding on a file that lies under the name of another exposure."""
        borrowed = name_contradiction(file)
        if borrowed is not None:
            self._activity.notice(FindingKind.BORROWED_NAME, str(file.path), borrowed)

    def _contradicted(self, file: FileFacts, *sentences: str | None) -> None:
        """Leave findings on what a file contradicts."""
        for sentence in filter(None, sentences):
            self._activity.notice(FindingKind.CONTRADICTION, file.path.name, sentence)

    def _reject(self, error: FileRejectedError) -> IngestOutcome:
        path, reason = shown_path(error.path), printable(error.reason)
        self._activity.notice(FindingKind.REJECTED_FILE, path, reason)
        return IngestOutcome(path, None, IngestStatus.REJECTED, reason)


class FileRecorder(Recorder):
    """Records files of any kind as entities, which know what a file changes."""

    def _record_file(self, read: FileFacts, path: str, *, is_managed: bool) -> IngestOutcome:
        known = self._registry.content(read)
        if known is not None:
            if known.note_flags(read):
                self._registry.forget_measures(known)
            known.product.note_name(known, read)
            if all(place.path != path for place in known.locations):
                self._notice_name(read)
                _move_places(known, read.path)
            self._registry.see(known, path, is_managed=is_managed)
            return _outcome(read, IngestStatus.KNOWN, known)
        contradiction = self._registry.contradiction(read)
        if contradiction is not None:
            return self._reject(FileRejectedError(read.path, contradiction))
        doubt = self._registry.doubt(read)
        if doubt is not None:
            read = replace(read, doubts=(*read.doubts, doubt))
        product = self._registry.product(read)
        status = IngestStatus.NEW_VERSION if product.versions else IngestStatus.NEW
        others = list(product.versions)
        version = self._add_version(product, read, path, is_managed=is_managed)
        said = [edited_wcs(version, others)] if others else []
        if not read.kind.is_combined:
            said.append(product.visit.contradiction(read.facts))
        if product.exposure is not None and read.kind is not ProductKind.HLET:
            said.append(product.exposure.contradiction(read.facts))
        self._contradicted(read, *said)
        return _outcome(read, status, version, *said)

    def _add_version(
        self, product: Product, file: FileFacts, path: str, *, is_managed: bool
    ) -> ProductVersion:
        version = product.add_version(file)
        _move_places(version, file.path)
        self._registry.see(version, path, is_managed=is_managed)
        product.name_members(file.members)
        self._notice(file)
        for wcs in (*file.solutions, *file.headerlets):
            AlignmentSolution.found(version, self._activity, wcs)
        product.settle(version)
        self._activity.generate(version, LinkRole.INGESTED)
        return version


def _move_places(version: ProductVersion, path: Path) -> None:
    """Record that other paths of a file, which lead to it by links, have a version now, too."""
    others = [one for one in version.product.versions if one is not version]
    places = [place for other in others for place in other.locations if not place.is_managed]
    file = entry_of(path) if places else None
    for place in places:
        if entry_of(Path(place.path)) == file:
            place.move_to(version, is_managed=False)


def _outcome(
    file: FileFacts, status: IngestStatus, version: ProductVersion, *more: str | None
) -> IngestOutcome:
    return outcome_of(file, status, version.number, version.product.flavour, *more)


def outcome_of(
    file: FileFacts, status: IngestStatus, number: int, flavour: Flavour, *more: str | None
) -> IngestOutcome:
    """Outcome of a file that is a version on record, with all that is odd about it."""
    said = (name_contradiction(file), *file.flaws, *file.doubts, *more)
    return IngestOutcome(
        path=str(file.path),
        rootname=str(file.facts.rootname),
        status=status,
        product=file.path.name,
        version=number,
        reason=" ".join(filter(None, said)) or None,
        flavour=flavour,
    )


def remarks(file: FileFacts) -> Iterator[tuple[FindingKind, str]]:
    """Findings on a file that is recorded nevertheless."""
    for flaw in file.flaws:
        yield FindingKind.REJECTED_FILE, flaw
    for doubt in file.doubts:
        yield FindingKind.DOUBTFUL_FILE, doubt
    for contradiction in contradictions(file):
        yield FindingKind.CONTRADICTION, contradiction
    for wcs in (*file.solutions, *file.headerlets):
        if not wcs.rms_unit_known:
            message = f"The unit of the RMS of {wcs.name} is unknown; the RMS is left out."
            yield FindingKind.UNIT_UNKNOWN, message
