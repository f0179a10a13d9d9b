"""Keys given before rows are written, so that many rows go in by one statement.

SQLite does not return new keys in the order of the rows, so SQLAlchemy writes rows that
others refer to one by one. Only one process writes to an SQLite file, so it can count on by
itself, as SQLite would. PostgreSQL has sequences.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skydb.domain import (
    AlignmentSolution,
    Exposure,
    FileLocation,
    Finding,
    Product,
    ProductVersion,
    Visit,
)

_Numbered = Visit | Exposure | Product | ProductVersion | FileLocation | AlignmentSolution | Finding


def number_new_rows(session: Session) -> None:
    """Give keys to the new rows of a writing transaction that are about to be flushed.

    Parameters
    ----------
    session : Session
        With the write lock; on PostgreSQL nothing is done.
    """
    if session.get_bind().dialect.name != "sqlite":
        return
    waiting: defaultdict[type[_Numbered], list[_Numbered]] = defaultdict(list)
    for entity in session.new:
        if isinstance(entity, _Numbered) and vars(entity).get("id") is None:
            waiting[type(entity)].append(entity)
    with session.no_autoflush:
        for kind, entities in waiting.items():
            last = session.scalar(select(func.max(kind.id))) or 0
            for key, entity in enumerate(entities, last + 1):
                entity.id = key
