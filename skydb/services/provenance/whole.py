"""A whole ledger as lineages of its parts, so that memory is needed for one part only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeVar

from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    BadDelivery,
    BookEntry,
    Download,
    HeaderBackup,
    Mosaic,
    ProductVersion,
    ReferenceCatalog,
    SkyValue,
    Usage,
)
from skydb.services.provenance import doings, things
from skydb.services.provenance.graph import Lineage
from skydb.store import provenance_streams as streams

R = TypeVar("R")


class WholeLedger:
    """Reads a ledger table by table.

    Parameters
    ----------
    session : Session
        One transaction, so that all parts are of the same moment.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def parts(self) -> Iterator[Lineage]:
        """Every node and every relation once, but for those that several rows share."""
        session = self._session
        yield from self._each(streams.activities(session), self._add_activities)
        yield from self._each(streams.versions(session), self._add_versions)
        yield from self._each(streams.usages(session), self._add_usages)
        yield from self._each(streams.catalogs(session), self._add_catalogs)
        yield from self._each(streams.solutions(session), self._add_solutions)
        yield from self._each(streams.values(session), self._add_values)
        yield from self._each(streams.mosaics(session), self._add_mosaics)
        yield from self._each(streams.downloads(session), self._add_downloads)
        yield from self._each(streams.header_backups(session), self._add_header_backups)

    def _each(
        self, rows: Iterator[list[R]], add: Callable[[Lineage, list[R]], None]
    ) -> Iterator[Lineage]:
        for some in rows:
            part = Lineage()
            add(part, some)
            yield part

    @cached_property
    def _books(self) -> dict[tuple[str, int], list[BookEntry]]:
        """Notes and flags by subject; there are few."""
        found: dict[tuple[str, int], list[BookEntry]] = {}
        for entry in streams.book_entries(self._session):
            for column in ("visit_id", "exposure_id", "product_id", "solution_id", "activity_id"):
                key = getattr(entry, column)
                if key is not None:
                    found.setdefault((column, key), []).append(entry)
        return found

    def _remark(self, part: Lineage, node_id: str, column: str, key: int | None) -> None:
        for entry in self._books.get((column, key or 0), ()):
            doings.add_book_entry(part, node_id, entry)

    def _add_activities(self, part: Lineage, activities: list[Activity]) -> None:
        for activity in activities:
            node_id = doings.add_activity(part, activity)
            self._remark(part, node_id, "activity_id", activity.id)
        for finding in streams.findings(self._session, [one.id for one in activities]):
            doings.add_finding(part, finding)

    def _add_versions(self, part: Lineage, versions: list[ProductVersion]) -> None:
        keys = [version.id for version in versions]
        names = streams.names_in_force(self._session, keys)
        for version in versions:
            node_id = things.add_version(part, version, names.get(version.id))
            self._remark(part, node_id, "product_id", version.product_id)
            self._remark(part, node_id, "exposure_id", version.product.exposure_id)
            self._remark(part, node_id, "visit_id", version.product.visit_id)
        for link in streams.generations(self._session, keys):
            doings.add_generation(part, link)
        for later, earlier in streams.earlier_contents(self._session, keys):
            things.add_derivation(part, later, earlier)

    def _add_usages(self, part: Lineage, usages: list[Usage]) -> None:
        for use in usages:
            doings.add_usage(part, use)

    def _add_catalogs(self, part: Lineage, catalogs: list[ReferenceCatalog]) -> None:
        for catalog in catalogs:
            things.add_catalog(part, catalog)

    def _add_solutions(self, part: Lineage, solutions: list[AlignmentSolution]) -> None:
        for solution in solutions:
            node_id = things.add_solution(part, solution)
            self._remark(part, node_id, "solution_id", solution.id)

    def _add_values(self, part: Lineage, values: list[SkyValue]) -> None:
        for value in values:
            things.add_value(part, value)

    def _add_mosaics(self, part: Lineage, mosaics: list[Mosaic]) -> None:
        for mosaic in mosaics:
            things.add_mosaic(part, mosaic)

    def _add_downloads(self, part: Lineage, downloads: list[Download]) -> None:
        keys = {one.version_id for one in downloads if one.version_id is not None}
        makers = {
            link.version_id: link.activity_id
            for link in streams.generations(self._session, sorted(keys))
        }
        for one in downloads:
            things.add_download(part, one, makers.get(one.version_id or 0))
            for known in self._deliveries:
                doings.remark_delivery(part, one, known)

    @cached_property
    def _deliveries(self) -> list[BadDelivery]:
        return streams.bad_deliveries(self._session)

    def _add_header_backups(self, part: Lineage, backups: list[HeaderBackup]) -> None:
        for backup in backups:
            things.add_header_backup(part, backup)
