"""Check of what is kept of every visit: counts and sky values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from sqlalchemy import Connection

from skydb.services.core import Context
from skydb.services.fsck.problems import Mend, Problem, ProblemKind
from skydb.store import summaries

#: Keys of visits whose rows are counted in one statement.
_PART = 500

#: Of so many visits all are counted each time, of more only some.
_ALL = 1000


@dataclass(frozen=True)
class Summaries:
    """Compares what is kept of visits with what follows from their rows.

    Counting a visit takes milliseconds: of a large ledger each day has its part, the same
    for everybody, and the parts of some days after each other are everything.

    Parameters
    ----------
    context : Context
    deep : bool
        Whether all visits are counted, however many there are.
    """

    context: Context
    deep: bool = False

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.asking() as connection:
            missing = summaries.missing_triggers(connection)
            noted = summaries.noted_visits(connection)
            last = connection.exec_driver_sql("SELECT MAX(id) FROM visits").scalar() or 0
            wrong = set(summaries.unmatched(connection))
            for first in self._firsts(last):
                wrong.update(summaries.differing(connection, first, first + _PART - 1))
            labels = {key: _label(connection, key) for key in wrong}
        for name in missing:
            yield _problem(
                f"trigger {name}",
                "the database does not have it: changes of rows would not be noticed",
                "the triggers are made, and all visits are counted anew",
                self._make_triggers,
            )
        for key in sorted(wrong):
            yield _problem(
                f"visit {labels[key] or key}",
                "what is kept of it is not what its rows say",
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

    def _firsts(self, last: int) -> range:
        """Keys with which the parts to look at begin."""
        every = range(1, last + 1, _PART)
        if self.deep or last <= _ALL:
            return every
        turn = today().toordinal() % len(every)
        return every[turn : turn + 1]

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


def today() -> date:
    """Day by which the part to look at is chosen, UTC."""
    return datetime.now(UTC).date()


def _problem(subject: str, known: str, repair: str, mend: Mend) -> Problem:
    return Problem(ProblemKind.SUMMARY, subject, known, repair, mend)
