"""Where things come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, table_of

if TYPE_CHECKING:
    from astropy.table import QTable


class ProvenanceFacade(Facade):
    """Where things come from."""

    def explain(self, what: str, *, everything: bool = False, depth: int | None = None) -> QTable:
        """Relations of W3C PROV behind one thing, e.g. ``ibxl50clq[1]@6``, back to the archive.

        The nodes with all that is known of them are in ``meta["nodes"]``.
        """
        from skydb.services.provenance import as_document

        document = as_document(
            self.services.explain.explain(what, everything=everything, depth=depth)
        )
        table = table_of(document["edges"], ("relation", "source", "target", "role"))
        table.meta |= {"root": document["root"], "nodes": document["nodes"]}
        return table

    def replay(self, run: int | str, tolerance: float | None = None, *, jobs: int = 2) -> QTable:
        """Make a sky run, an alignment run or a visit's product again; ``meta`` has the verdict."""
        from dataclasses import asdict, fields

        from skydb.services.provenance import Difference

        found = asdict(self.services.replay(jobs).replay(run_number(run), tolerance))
        names = [field.name for field in fields(Difference)]
        table = table_of(found.pop("differences"), names)
        table.meta |= found
        return table

    def export_prov(self, path: str | Path, *what: str) -> QTable:
        """Write lineages, or the whole ledger, as W3C PROV-JSON."""
        from dataclasses import asdict

        return table_of([asdict(self.services.export_prov.export(Path(path), what))])
