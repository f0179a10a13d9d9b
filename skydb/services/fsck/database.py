"""Check of the database itself: its integrity, and references of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from skydb.domain import FileLocation, Generation, ProductVersion, SkyRun, SkyValue
from skydb.domain.vocabulary import ActivityStatus
from skydb.services.core import Context
from skydb.services.fsck.problems import Problem, ProblemKind
from skydb.store import schema

#: Constraints and indexes of PostgreSQL that it does not hold, with what they are of.
_NOT_HELD = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
 WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
UNION ALL
SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index
 WHERE NOT indisvalid
"""

_BACKUP = "stop, and put the database back from a backup"


@dataclass(frozen=True)
class DatabaseItself:
    """Damage that the database finds in itself, and tables that are not those of this skydb.

    Parameters
    ----------
    context : Context
    deep : bool
        Read every page, and compare the definitions of all tables.
    """

    context: Context
    deep: bool = False

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        engine = self.context.store.engine
        with self.context.store.reading() as session:
            of_kind = self._sqlite if engine.dialect.name == "sqlite" else self._postgresql
            found = list(of_kind(session))
        yield from found
        if self.deep:
            for difference in schema.differences(engine):
                yield _damaged("tables", difference, "`skydb db check` shows all of it")

    def _sqlite(self, session: Session) -> Iterator[Problem]:
        check = "integrity_check" if self.deep else "quick_check"
        for (said,) in session.execute(text(f"PRAGMA {check}")):
            if said != "ok":
                yield _damaged("database", str(said), _BACKUP)
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
            said = f"row {row} refers to a row of {parent} that is not there"
            yield Problem(ProblemKind.LOOSE_END, str(table), said, _BACKUP)

    def _postgresql(self, session: Session) -> Iterator[Problem]:
        for table, name in session.execute(text(_NOT_HELD)):
            yield _damaged(str(table), f"{name} is not held", f"REINDEX or validate {name}")


@dataclass(frozen=True)
class LooseEnds:
    """Rows without the row that must have made them."""

    context: Context

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.reading() as session:
            found = [*self._unmade(session), *self._lost(session), *self._empty(session)]
        yield from found

    def _unmade(self, session: Session) -> Iterator[Problem]:
        made = select(Generation.version_id).where(Generation.version_id == ProductVersion.id)
        asked = select(ProductVersion).where(~made.exists()).order_by(ProductVersion.id)
        for version in session.scalars(asked):
            yield _loose(version.reference, "no activity has made or recorded it")

    def _lost(self, session: Session) -> Iterator[Problem]:
        places = select(FileLocation.id).where(FileLocation.version_id == ProductVersion.id)
        asked = select(ProductVersion).where(
            ProductVersion.derived_from_id.is_not(None), ~places.exists()
        )
        for version in session.scalars(asked.order_by(ProductVersion.id)):
            yield _loose(version.reference, "skydb has made it, and no file of it is known")

    def _empty(self, session: Session) -> Iterator[Problem]:
        values = select(func.count()).where(SkyValue.run_id == SkyRun.id).scalar_subquery()
        asked = select(SkyRun.id).where(
            SkyRun.status == ActivityStatus.SUCCEEDED, SkyRun.imported_by_id.is_(None), values == 0
        )
        for run_id in session.scalars(asked.order_by(SkyRun.id)):
            yield _loose(f"run {run_id}", "it succeeded, and no sky of it is on record")


def _loose(subject: str, known: str) -> Problem:
    return Problem(ProblemKind.LOOSE_END, subject, known, "inform the administrator of the ledger")


def _damaged(subject: str, known: str, repair: str) -> Problem:
    return Problem(ProblemKind.DATABASE, subject, known, repair)
