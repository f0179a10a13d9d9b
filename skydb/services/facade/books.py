"""What the ledger knows of itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from skydb.services.facade.base import Facade, table_of

if TYPE_CHECKING:
    from astropy.table import QTable


class BooksFacade(Facade):
    """What the ledger knows of itself."""

    def doctor(self) -> QTable:
        """Self-test of this environment: what was asked, and the answers."""
        return table_of(asdict(result) for result in self.services.doctor.run())

    def findings(self) -> QTable:
        """What would have passed silently, newest first."""
        return table_of(self.services.questions.findings())

    def sql(self, statement: str) -> QTable:
        """Answer to one SELECT."""
        answer = self.services.questions.sql(statement)
        rows = (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
        return table_of(rows, answer.columns)
