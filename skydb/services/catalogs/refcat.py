"""Reference catalogues brought in from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from skydb.domain import CatalogImport, CatalogService, ReferenceCatalog
from skydb.domain.catalog import AROUND, CatalogUse
from skydb.domain.vocabulary import FindingKind
from skydb.errors import FileRejectedError, NotFoundError, UsageError
from skydb.files.catalog import read_catalog
from skydb.files.checksum import sha256_of, stamp_of
from skydb.files.names import is_utf8
from skydb.services.catalogs.usage import UsableCatalog
from skydb.services.core import Context
from skydb.sky.spherical import circle_around
from skydb.store import queries

_LONGEST_NAME = 64
_CIRCLE = ("ra_deg", "dec_deg", "radius_deg")


@dataclass(frozen=True)
class RefcatService:
    """Records catalogues and keeps a copy, so that a fit can be repeated."""

    context: Context

    def import_file(
        self,
        path: Path,
        epoch: float | None = None,
        name: str | None = None,
        use: CatalogUse | None = None,
    ) -> queries.Row:
        """Bring in a catalogue from a file.

        Parameters
        ----------
        path : Path
            ECSV, CSV, VOTable, FITS table or plain text with positions in degrees, gzipped
            or not.
        epoch : float, optional
            Julian year that the positions are for; else that of the file, if it has one.
        name : str, optional
            How commands will call it; else the stem of the file's name.
        use : CatalogUse, optional
            Which of its sources alignments are given.

        Returns
        -------
        dict
            The catalogue as a row, with ``findings``; an identical one is found, not repeated.

        Raises
        ------
        UsageError
            When another catalogue has this name, its epoch is not known, no source is of the
            magnitudes, or none moves and the others shall be dropped or moved in bulk.
        NotFoundError
            When there is no such file.
        FileRejectedError, ParseError
            When the file is no catalogue.
        """
        if not path.is_file():
            raise NotFoundError(f"There is no file {path}.", advice="Give a catalogue's path.")
        if not is_utf8(path):
            raise FileRejectedError(path, "its path is not UTF-8", advice="Rename it.")
        stamp = stamp_of(path)
        label, use = checked_name(name or path.name.split(".")[0]), use or CatalogUse()
        table = read_catalog(path, epoch_year=epoch)
        if table.epoch_year is None:
            raise UsageError(f"The epoch of {path.name} is unknown.", advice="Give --epoch YEAR.")
        usable = UsableCatalog.made(table, use)
        usable.require_sense()
        sha256 = sha256_of(path)
        if stamp_of(path) != stamp:
            raise FileRejectedError(path, "it changed while it was read", advice="Try again.")
        known = self._known(label, sha256, table.epoch_year, use)
        if known is not None:
            return known
        return self._record(label, path, sha256, usable, use)

    def listed(self) -> list[queries.Row]:
        """Every reference catalogue."""
        with self.context.store.reading() as session:
            return queries.catalogs(session)

    def _known(self, name: str, sha256: str, epoch: float, use: CatalogUse) -> queries.Row | None:
        with self.context.store.reading() as session:
            known = session.scalar(select(ReferenceCatalog).where(ReferenceCatalog.name == name))
            if known is None:
                return None
            if not known.is_same_content(sha256, epoch, use):
                raise UsageError(
                    f"There is another catalogue named {name!r}.", advice="Choose a --name."
                )
            return queries.catalog_row(known)

    def _record(
        self, name: str, path: Path, sha256: str, usable: UsableCatalog, use: CatalogUse
    ) -> queries.Row:
        table, epoch = usable.table, usable.facts.still_epoch
        asked = {"path": str(path), "epoch": epoch, "name": name, **use.as_parameters()}
        activity_id = self.context.begin(lambda _, stamp: CatalogImport(asked, stamp))
        with self.context.guarded(CatalogImport, activity_id):
            workspace = self.context.workspace
            stored = workspace.store(path, "catalogs", sha256[:12], path.name, sha256=sha256)
            with self.context.closing(CatalogImport, activity_id) as (_, activity):
                for doubt in table.doubts:
                    activity.notice(FindingKind.CATALOG, name, doubt)
                catalog = ReferenceCatalog(
                    name,
                    CatalogService.FILE,
                    activity=activity,
                    sources=len(table),
                    sha256=sha256,
                    path=workspace.relative(stored),
                    epoch=epoch,
                    epoch_asked=epoch,
                    has_proper_motions=bool(table.has_proper_motion.any()),
                    use=use,
                    motion=usable.facts,
                    query={**asked, **_place_of(table.radec_deg)},
                )
                return queries.catalog_row(catalog)


def _place_of(radec_deg: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Circle around the sources, for the ledger."""
    circle = circle_around(radec_deg)
    return {} if circle is None else {AROUND: dict(zip(_CIRCLE, circle, strict=True))}


def checked_name(name: str) -> str:
    """A name that a catalogue can have.

    Raises
    ------
    UsageError
        When it is empty or has no room in the ledger.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise UsageError(
            f"{name[:_LONGEST_NAME]!r} is not a name of 1 to {_LONGEST_NAME} characters.",
            advice="Choose another --name.",
        )
    return name
