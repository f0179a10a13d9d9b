"""Questions to the snapshot, with a limit on their time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from skydb.domain.columns import ColumnKind
from skydb.errors import SkydbError
from skydb.store.columns import field_of

Row = dict[str, Any]

#: Steps of SQLite's machine between two looks at the clock.
_STEPS = 2_000


class TooSlowError(SkydbError, TimeoutError):
    """A question to the snapshot took longer than a page may."""


@dataclass(frozen=True)
class Asking:
    """A reader of the snapshot for one page.

    Parameters
    ----------
    connection : sqlite3.Connection
        Used by one thread.
    limit_s : float
        Longest time of one question.
    """

    connection: sqlite3.Connection
    limit_s: float

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Rows of an answer; booleans are booleans.

        Raises
        ------
        TooSlowError
            When it takes too long.
        """
        rows = self.counted(statement, *values)
        names = list(rows[0]) if rows else []
        flags = [name for name in names if field_of(name).kind is ColumnKind.BOOLEAN]
        for row in rows:
            row.update({name: bool(row[name]) for name in flags if row[name] is not None})
        return rows

    def counted(self, statement: str, *values: object) -> list[Row]:
        """Rows of an answer as they are: what is true of one exposure is a number of many."""
        with self._limited():
            found = self.connection.execute(statement, values)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    def first(self, statement: str, *values: object) -> Row | None:
        """Return the first row of an answer, None without one; raises as :meth:`rows`."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    @contextmanager
    def _limited(self) -> Iterator[None]:
        end = time.monotonic() + self.limit_s
        self.connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if str(error) != "interrupted":
                raise
            raise TooSlowError(f"The answer took longer than {self.limit_s:g} s.") from error
        finally:
            self.connection.set_progress_handler(None, 0)


def places(values: Sequence[object]) -> str:
    """Question marks for the values of an ``IN``."""
    return ", ".join("?" * len(values))
