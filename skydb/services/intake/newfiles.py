"""Recording of files of which each is the first of its product, as most are.

They change nothing that is on record, so that no entity has to decide anything: their rows
are written by table, with the columns that entities would have. As entities they would take
longer than all their headers take to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentSolution,
    ChipSolution,
    Exposure,
    FileLocation,
    Generation,
    IngestActivity,
    Product,
    ProductMember,
    ProductVersion,
    Visit,
)
from skydb.domain.base import utc_now
from skydb.domain.exposure import other_filter
from skydb.domain.solution import columns_found
from skydb.domain.values import ExposureFacts, FileFacts
from skydb.domain.version import FIRST
from skydb.domain.vocabulary import IngestStatus, LinkRole
from skydb.files.workspace import Workspace
from skydb.services.intake.recorder import FileRecorder, IngestOutcome, Recorder, outcome_of
from skydb.store.newrows import write_numbered, write_rows
from skydb.store.registry import Registry

Columns = dict[str, Any]


def recorder_of(
    session: Session, activity: IngestActivity, workspace: Workspace, batch: Sequence[FileFacts]
) -> Recorder:
    """The recorder for a batch: by rows where that is enough."""
    paths = workspace.all_relative(file.path for file in batch)
    registry = Registry(session, batch, [*paths.values()])
    is_new = len(paths) == len(batch) and registry.is_new(batch, [*paths.values()])
    return (NewFilesRecorder if is_new else FileRecorder)(activity, registry, paths)


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """An exposure of the batch: on record, or with the facts that wait to be written."""

    visit: Visit
    filters: str | None
    id: int | None = None
    facts: ExposureFacts | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _NewFile:
    """A file that waits to be written, with what it is of."""

    facts: FileFacts
    path: str
    is_managed: bool
    visit: Visit
    exposure: _Taken | None


class NewFilesRecorder(Recorder):
    """Records files of which each is the first of its product; see :meth:`.Registry.is_new`."""

    def __init__(
        self, activity: IngestActivity, registry: Registry, paths: Mapping[Path, str]
    ) -> None:
        super().__init__(activity, registry, paths)
        self._files: list[_NewFile] = []
        self._exposures: dict[str, _Taken] = {}

    def _record_file(self, read: FileFacts, path: str, *, is_managed: bool) -> IngestOutcome:
        exposure = None if read.kind.is_combined else self._exposure(read)
        visit = exposure.visit if exposure else self._registry.visit(read.facts)
        self._files.append(_NewFile(read, path, is_managed, visit, exposure))
        self._notice(read)
        said: list[str | None] = []
        if exposure is not None:
            said = [visit.contradiction(read.facts), other_filter(exposure.filters, read.facts)]
        self._contradicted(read, *said)
        return outcome_of(read, IngestStatus.NEW, FIRST["number"], read.flavour, *said)

    def _exposure(self, file: FileFacts) -> _Taken:
        rootname = str(file.facts.rootname)
        if rootname not in self._exposures:
            known = self._registry.exposure(file)
            self._exposures[rootname] = (
                _Taken(self._registry.visit(file.facts), file.facts.filters, facts=file.facts)
                if known is None
                else _Taken(known.visit, known.filters, known.id)
            )
        return self._exposures[rootname]

    def finish(self, session: Session) -> None:
        """Write visits and findings, then the rows of all files by table."""
        super().finish(session)
        session.flush()
        exposures = self._write_exposures(session)
        rows = [_product(one, exposures) for one in self._files]
        products = write_numbered(session, Product, rows)
        members = zip(products, self._files, strict=True)
        write_rows(session, ProductMember, [row for one in members for row in _members(*one)])
        of_products = zip(products, self._files, strict=True)
        versions = write_numbered(session, ProductVersion, [_version(*one) for one in of_products])
        self._write_places(session, versions)
        self._write_solutions(session, products, versions)

    def _write_exposures(self, session: Session) -> dict[str, int | None]:
        """Write those that are new; returns the numbers of all by rootname."""
        rows = {
            rootname: {"visit_id": one.visit.id, **Exposure.columns_of(one.facts)}
            for rootname, one in self._exposures.items()
            if one.facts is not None
        }
        numbers = write_numbered(session, Exposure, [*rows.values()])
        known = {rootname: one.id for rootname, one in self._exposures.items()}
        return known | dict(zip(rows, numbers, strict=True))

    def _write_places(self, session: Session, versions: Sequence[int]) -> None:
        now = utc_now()
        places = [
            {"version_id": version, "path": one.path, "is_managed": one.is_managed, "seen_at": now}
            for version, one in zip(versions, self._files, strict=True)
        ]
        write_rows(session, FileLocation, places)
        made = {"activity_id": self._activity.id, "role": LinkRole.INGESTED}
        write_rows(session, Generation, [{"version_id": one, **made} for one in versions])

    def _write_solutions(
        self, session: Session, products: Sequence[int], versions: Sequence[int]
    ) -> None:
        of_files = zip(products, versions, self._files, strict=True)
        found = [
            (wcs, {"product_id": product, "version_id": version})
            for product, version, one in of_files
            for wcs in (*one.facts.solutions, *one.facts.headerlets)
        ]
        by = {"activity_id": self._activity.id}
        rows = [{**of, **by, **columns_found(wcs)} for wcs, of in found]
        numbers = write_numbered(session, AlignmentSolution, rows)
        chips = [
            {"solution_id": number, **ChipSolution.columns_of(chip)}
            for number, (wcs, _) in zip(numbers, found, strict=True)
            for chip in wcs.chips
        ]
        write_rows(session, ChipSolution, chips)


def _product(file: _NewFile, exposures: Mapping[str, int | None]) -> Columns:
    rootname = None if file.exposure is None else str(file.facts.facts.rootname)
    return {
        **Product.columns_of(file.facts),
        "visit_id": file.visit.id,
        "exposure_id": None if rootname is None else exposures[rootname],
    }


def _members(product: int, file: _NewFile) -> Iterator[Columns]:
    for position, rootname in enumerate(dict.fromkeys(file.facts.members)):
        yield {"product_id": product, "rootname": rootname, "position": position}


def _version(product: int, file: _NewFile) -> Columns:
    return {"product_id": product, **FIRST, **ProductVersion.columns_of(file.facts)}
