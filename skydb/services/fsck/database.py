"""Check of the database itself: its integrity, and references of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

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

#: Versions that nothing has made, versions of skydb's own without a file, and runs without values.
_UNMADE = """
SELECT p.filename, v.number FROM product_versions v JOIN products p ON p.id = v.product_id
 WHERE NOT EXISTS (SELECT 1 FROM activity_generated g WHERE g.version_id = v.id) ORDER BY v.id
"""
_LOST = """
SELECT p.filename, v.number FROM product_versions v JOIN products p ON p.id = v.product_id
 WHERE v.derived_from_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM file_locations l WHERE l.version_id = v.id) ORDER BY v.id
"""
_EMPTY = """
SELECT a.id FROM sky_runs r JOIN activities a ON a.id = r.id
 WHERE a.status = 'succeeded' AND a.imported_by_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM sky_values s WHERE s.run_id = a.id) ORDER BY a.id
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
        with self.context.store.asking() as connection:
            of_kind = self._sqlite if engine.dialect.name == "sqlite" else self._postgresql
            found = list(of_kind(connection))
        yield from found
        if self.deep:
            for difference in schema.differences(engine):
                yield _damaged("tables", difference, "`skydb db check` shows all of it")

    def _sqlite(self, connection: Connection) -> Iterator[Problem]:
        check = "integrity_check" if self.deep else "quick_check"
        for (said,) in connection.execute(text(f"PRAGMA {check}")):
            if said != "ok":
                yield _damaged("database", str(said), _BACKUP)
        for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
            said = f"row {row} refers to a row of {parent} that is not there"
            yield Problem(ProblemKind.LOOSE_END, str(table), said, _BACKUP)

    def _postgresql(self, connection: Connection) -> Iterator[Problem]:
        for table, name in connection.execute(text(_NOT_HELD)):
            yield _damaged(str(table), f"{name} is not held", f"REINDEX or validate {name}")


@dataclass(frozen=True)
class LooseEnds:
    """Rows without the row that must have made them."""

    context: Context

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.asking() as connection:
            unmade, lost, empty = (
                [tuple(row) for row in connection.execute(text(asked))]
                for asked in (_UNMADE, _LOST, _EMPTY)
            )
        for filename, number in unmade:
            yield _loose(f"{filename}@{number}", "no activity has made or recorded it")
        for filename, number in lost:
            said = "skydb has made it, and no file of it is known"
            yield _loose(f"{filename}@{number}", said)
        for (run_id,) in empty:
            yield _loose(f"run {run_id}", "it succeeded, and no sky of it is on record")


def _loose(subject: str, known: str) -> Problem:
    return Problem(ProblemKind.LOOSE_END, subject, known, "inform the administrator of the ledger")


def _damaged(subject: str, known: str, repair: str) -> Problem:
    return Problem(ProblemKind.DATABASE, subject, known, repair)
