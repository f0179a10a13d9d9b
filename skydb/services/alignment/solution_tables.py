"""Tables of fits, of the shifts that they gave, and of every solution on record."""

from __future__ import annotations

from dataclasses import dataclass

from skydb.domain.references import parse
from skydb.errors import NotFoundError, UsageError
from skydb.store import queries, version_queries
from skydb.store.references import products_of
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class SolutionTables:
    """Read-only; every answer is a list of rows."""

    store: Store

    def fits(self, run_id: int) -> list[queries.Row]:
        """Fits of an alignment run beside the archive's solutions.

        Raises
        ------
        NotFoundError
            When there is no such run.
        """
        with self.store.reading() as session:
            return queries.alignment(session, run_id)

    def accepted(self, run_id: int) -> list[queries.Row]:
        """Shifts that exposures received from the fits of an alignment run."""
        with self.store.reading() as session:
            return queries.accepted(session, run_id)

    def history(self, name: str | None = None, scope: Scope | None = None) -> list[queries.Row]:
        """Every solution of an exposure or product, or of all files of a scope.

        Raises
        ------
        NotFoundError
            When the ledger does not know it.
        UsageError
            When neither is given, or the name is not that of an image.
        """
        wanted = scope or Scope()
        if name is None and wanted.is_everything:
            raise UsageError(
                "A history is of one name, or of a selection.", advice="Name a file, or --visit."
            )
        with self.store.reading() as session:
            wanted.require(session)
            reference = None if name is None else parse(name)
            products = [one.id for one in products_of(session, reference)] if reference else []
            if not wanted.is_everything:
                within = version_queries.products_in(session, wanted)
                products = [key for key in within if reference is None or key in products]
            rows = version_queries.solutions_of(session, products)
            if wanted.restricts_files:
                admitted = version_queries.written_in_time(session, wanted, products)
                rows = [row for row in rows if (row["product_id"], row["version"]) in admitted]
        number = getattr(reference, "version", None)
        rows = [row for row in rows if number in (None, row["version"])]
        if not rows:
            raise NotFoundError(f"The ledger has no solution of {name or wanted.label}.")
        return rows
