"""PROV-JSON files: of some things with their lineages, or of a whole ledger, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skydb.errors import UsageError
from skydb.services.provenance.explain import ExplainService
from skydb.services.provenance.graph import Lineage
from skydb.services.provenance.spool import ProvSpool
from skydb.services.provenance.whole import WholeLedger


@dataclass(frozen=True, slots=True)
class ProvExported:
    """A PROV-JSON file and how much is in it."""

    path: str
    nodes: int
    relations: int


@dataclass(frozen=True)
class ProvExportService:
    """Writes PROV-JSON; memory is needed for one batch, not for the ledger."""

    explaining: ExplainService

    def export(self, out: Path, what: Sequence[str] = ()) -> ProvExported:
        """Write the lineages of some things, or the whole ledger.

        Parameters
        ----------
        out : Path
            The file; must not exist, and appears whole or not at all.
        what : sequence of str
            See :func:`~skydb.services.provenance.subjects.find_subject`; the whole ledger
            when empty.

        Raises
        ------
        UsageError
            When the file exists, or something named cannot be explained.
        NotFoundError
            When the ledger has no such thing.
        DiskError
            When the file cannot be written.
        """
        if out.exists():
            raise UsageError(f"{out} exists already.", advice="Give another name, or remove it.")
        with ProvSpool(out) as spool:
            if what:
                graph = self._lineage(what)
                spool.take(graph.nodes.values(), graph.edges)
            else:
                self._take_all(spool)
            spool.finish()
        return ProvExported(str(out), spool.nodes, spool.relations)

    def _lineage(self, what: Sequence[str]) -> Lineage:
        """One graph, for several things share much of what they come from."""
        whole = Lineage()
        for one in what:
            whole.merge(self.explaining.explain(one))
        return whole

    def _take_all(self, spool: ProvSpool) -> None:
        with self.explaining.store.reading() as session:
            for part in WholeLedger(session).parts():
                # Relations lead to what other parts hold.
                spool.take(part.nodes.values(), part.all_edges)
