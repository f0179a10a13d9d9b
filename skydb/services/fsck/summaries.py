"""Check of the counts that are kept of every visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from skydb.services.core import Context
from skydb.services.fsck.problems import Mend, Problem, ProblemKind
from skydb.store import summaries

#: Keys of visits whose rows are counted in one statement.
_PART = 2000


@dataclass(frozen=True)
class Summaries:
    """Compares the counts that are kept with those that follow from the rows."""

    context: Context

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.asking() as connection:
            missing = summaries.missing_triggers(connection)
            noted = summaries.noted_visits(connection)
            last = connection.exec_driver_sql("SELECT MAX(id) FROM visits").scalar() or 0
            wrong = [
                key
                for first in range(1, last + 1, _PART)
                for key in summaries.differing(connection, first, first + _PART - 1)
            ]
            labels = {key: _label(connection, key) for key in wrong}
        for name in missing:
            yield _problem(
                f"trigger {name}",
                "the database does not have it: changes of rows would not be noticed",
                "the triggers are made, and all visits are counted anew",
                self._make_triggers,
            )
        for key in wrong:
            yield _problem(
                f"visit {labels[key] or key}",
                "the counts that are kept of it are not those of its rows",
                "it is counted anew",
                partial(self._count, [key]),
            )
        if noted > summaries.MOST:
            yield _problem(
                "status",
                f"{noted} visits are counted from their rows each time, which is slow",
                "they are counted anew",
                partial(self._count, []),
            )

    def _count(self, visits: list[int]) -> None:
        engine = self.context.store.engine
        with engine.begin() as connection:
            summaries.note(connection, visits)
        summaries.renew_all(engine)

    def _make_triggers(self) -> None:
        with self.context.store.engine.begin() as connection:
            if summaries.missing_triggers(connection):
                with summaries.set_aside(connection):
                    pass
        summaries.renew_all(self.context.store.engine)


def _label(connection: Connection, key: int) -> str | None:
    asked = f"SELECT program || number FROM visits WHERE id = {key}"
    label: str | None = connection.exec_driver_sql(asked).scalar()
    return label


def _problem(subject: str, known: str, repair: str, mend: Mend) -> Problem:
    return Problem(ProblemKind.SUMMARY, subject, known, repair, mend)
