"""Questions that are asked in SQL; no entity is needed for them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import URL

from skydb.store import finding_queries
from skydb.store.readonly import Answer, OpenAnswer, Rules, ask, asking
from skydb.store.rows import Row
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class PlainQuestions:
    """Read-only use cases that need nothing but the database."""

    store: Store
    url: URL

    def findings(self, run: int | None = None) -> list[Row]:
        """Findings, newest first; all of them, or of one activity."""
        with self.store.asking() as connection:
            return finding_queries.findings(connection, run)

    def sql(self, statement: str, rules: Rules | None = None) -> Answer:
        """Answer to one SELECT, on a connection that cannot write."""
        return ask(self.url, statement, rules or Rules())

    def asking(
        self, statement: str, rules: Rules | None = None
    ) -> AbstractContextManager[OpenAnswer]:
        """Run :meth:`sql` for an answer that is shown row by row."""
        return asking(self.url, statement, rules or Rules())
