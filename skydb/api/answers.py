"""Results of commands that only read, with what each has beside its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from skydb.api.results import Record, Result, Row

if TYPE_CHECKING:
    from skydb.services.provenance import Lineage as Graph
    from skydb.services.provenance import Replay as Replay


class Status(Result):
    """Exposures downloaded, aligned, matched, flagged and stale, by visit or program.

    Attributes
    ----------
    dead_runs : list of str
        Runs whose process is gone; ``fsck`` closes them.
    """

    dead_runs: list[str]
    _source = "v_visit_status"


class Todo(Result):
    """Work that is due, its age, and the command that does it.

    Attributes
    ----------
    silenced : int
        Rows that ``books.ignore`` leaves out.
    has_more : bool
        Whether more is due than was asked for.
    """

    silenced: int
    has_more: bool = False


class Answer(Result):
    """Answer to one SELECT. Columns of one name are numbered: ``a``, ``a_2``."""

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Sequence[Any]], select: str = "") -> Self:
        """Make one of names and rows as the database gives them for a SELECT."""
        names = _distinct(columns)
        found = cls((dict(zip(names, row, strict=True)) for row in rows), names)
        found._source = select
        return found


class Lineage(Result):
    """Origin of one thing: relations of W3C PROV, one row each.

    Attributes
    ----------
    root : str
        The thing.
    nodes : list of Row
        Everything that the relations name, with what is known of it.
    graph : skydb.services.provenance.Lineage
        The same as a graph.
    """

    root: str
    nodes: list[Row]
    graph: Graph

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """Make one of a graph."""
        from skydb.services.provenance import as_document

        document = as_document(graph)
        found = cls(document["edges"], ("relation", "source", "target", "role"))
        found.root, found.nodes = document["root"], [Row(node) for node in document["nodes"]]
        found.graph = graph
        return found

    def document(self) -> object:
        """Give what ``--json`` prints: ``root``, ``nodes`` and ``edges``."""
        return {"root": self.root, "nodes": self.nodes, "edges": self.rows}

    def prov_json(self) -> str:
        """Give it as W3C PROV-JSON.

        Examples
        --------
        >>> '"prefix"' in db.explain("ibxl50clq").prov_json()
        True
        """
        from skydb.services.provenance import prov_json

        return prov_json(self.graph)


class ReplayRecord(Record):
    """Verdict on a run that was made again; its rows are the differences.

    Attributes
    ----------
    found : skydb.services.provenance.Replay
        The same, typed.
    """

    found: Replay

    @classmethod
    def of(cls, found: Replay) -> Self:
        """Make one of what the service gives."""
        from dataclasses import asdict, fields

        from skydb.services.provenance import Difference

        known = asdict(found)
        names = [field.name for field in fields(Difference)]
        record = cls(
            known,
            known["differences"],
            names,
            remarks=found.remarks,
            is_flagged=found.is_to_be_looked_at,
        )
        record.found = found
        return record


def _distinct(columns: Sequence[str]) -> list[str]:
    """Names of columns, numbered where one comes again."""
    seen: dict[str, int] = {}
    names = []
    for name in columns:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names
