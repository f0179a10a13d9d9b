"""Tables of exposures and of the WCS of products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from skydb.domain.vocabulary import ProductKind
from skydb.store import coverage_queries, queries, version_queries
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class ImageTables:
    """The tutorial's tables 1.1 and 1.2; read-only."""

    store: Store

    def headers(self, scope: Scope | None = None) -> list[queries.Row]:
        """Exposures as in the tutorial's table 1.1.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.store.reading() as session:
            if scope is not None:
                scope.require(session)
            return queries.headers(session, scope)

    def wcs(
        self, kinds: Sequence[ProductKind] = (), scope: Scope | None = None
    ) -> list[queries.Row]:
        """Active WCS of every product, as in the tutorial's table 1.2.

        A scope selects the products of its exposures, and those made of any of them.

        Raises
        ------
        NotFoundError, UsageError
            When the scope means nothing, or more than one thing.
        """
        with self.store.reading() as session:
            if scope is None or scope.is_everything:
                return queries.wcs_table(session, kinds)
            scope.require(session)
            products = version_queries.products_in(session, scope)
            versions = None
            if scope.as_of is not None:
                versions = version_queries.newest_in_time(session, scope, products)
            return queries.wcs_table(session, kinds, set(products), versions)

    def starts(self, rootnames: Collection[str]) -> dict[str, float | None]:
        """Start of exposures by rootname, MJD."""
        with self.store.reading() as session:
            return coverage_queries.starts(session, rootnames)
