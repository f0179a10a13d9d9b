"""Export of the footprints of a selection, in the active WCS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skydb.domain.vocabulary import ProductKind
from skydb.errors import NotFoundError
from skydb.files.footprintout import DEFAULT_ORDER, Footprint, write_footprints, writer_for
from skydb.sky.positions import parse_polygons_deg
from skydb.store.footprint_queries import footprints_in, footprints_named
from skydb.store.queries import Row
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store

#: Columns of a footprint in the file.
_FACTS = (
    *("rootname", "product", "kind", "version", "extver", "wcs_name", "solution_id"),
    *("detector", "filter", "proposal_id", "visit", "s_region"),
)


@dataclass(frozen=True, slots=True)
class FootprintOutcome:
    """A file of footprints.

    Parameters
    ----------
    path : str
        The file, absolute.
    rows : int
        Footprints of chips in it.
    exposures : int
        How many exposures, or products, they are of.
    """

    path: str
    rows: int
    exposures: int


@dataclass(frozen=True)
class FootprintService:
    """Writes the footprints of a selection."""

    store: Store

    def export(
        self,
        path: Path,
        scope: Scope | None = None,
        kinds: Sequence[ProductKind] = (),
        order: int = DEFAULT_ORDER,
    ) -> FootprintOutcome:
        """Write footprints in the active WCS, as DS9 regions, a MOC or JSON.

        Parameters
        ----------
        path : Path
            ``.reg``, ``.moc.fits`` or ``.json``; an earlier file is replaced.
        scope : Scope, optional
            Only these exposures; of a day the files that there were.
        kinds : sequence of ProductKind
            Products of these kinds, those made of the exposures too. Else each exposure's own
            file, of the kind and flavour that a run takes first.
        order : int
            HEALPix order of a MOC.

        Raises
        ------
        NotFoundError
            When the scope means nothing, or no footprint of it is known.
        UsageError
            When the suffix, the directory or the order will not do, or the scope means more
            than one thing.
        """
        writer_for(path)
        rows = self.rows(scope, kinds)
        write_footprints(path, [_footprint(row) for row in rows], order)
        covered = {row["rootname"] or row["product"] for row in rows}
        return FootprintOutcome(str(path.resolve()), len(rows), len(covered))

    def rows(self, scope: Scope | None = None, kinds: Sequence[ProductKind] = ()) -> list[Row]:
        """The same footprints as rows; arguments and errors are those of :meth:`export`.

        Returns
        -------
        list of dict
            ``rootname``, ``product``, ``kind``, ``extver``, ``visit``, ``filter``,
            ``s_region`` and what else the view ``v_footprints`` has; ``corners_deg``, the
            same region as a list of arrays of shape (N, 2).
        """
        wanted = scope or Scope()
        with self.store.reading() as session:
            wanted.require(session)
            rows = footprints_in(session, wanted, kinds)
        if not rows:
            raise NotFoundError(
                "The ledger has no footprint of this selection.",
                advice="Bring the files in with `skydb ingest`, or choose others by --kind.",
            )
        return [_with_corners(row) for row in rows]

    def named(self, rootnames: Sequence[str]) -> list[Row]:
        """Footprints of exposures with these very names as :meth:`rows`; empty without any."""
        with self.store.reading() as session:
            return [_with_corners(row) for row in footprints_named(session, rootnames)]


def _with_corners(row: Row) -> Row:
    return {**row, "corners_deg": parse_polygons_deg(row["s_region"])}


def _footprint(row: Row) -> Footprint:
    label = f"{row['rootname'] or row['product']}[{row['extver']}]"
    facts = {name: row[name] for name in _FACTS}
    return Footprint(label, row["corners_deg"], facts)
