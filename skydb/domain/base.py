"""Common parts of all entities: naming of constraints, documents, what one is known by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, MetaData, String, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapper, object_session

from skydb.domain.columntypes import Key as Key
from skydb.domain.columntypes import UtcDateTime as UtcDateTime
from skydb.domain.columntypes import Word as Word
from skydb.domain.columntypes import choice as choice

#: JSON document, indexable on PostgreSQL.
Document = JSON().with_variant(JSONB(), "postgresql")


def utc_now() -> datetime:
    """Current time in UTC, to the microsecond."""
    return datetime.now(UTC)


def sparse_index(column: str) -> Index:
    """Index of the rows that have a value in a column where few have one.

    A full index would be large, and SQLite would use it to find the millions
    of rows without a value.
    """
    some = text(f"{column} IS NOT NULL")
    return Index(None, column, sqlite_where=some, postgresql_where=some)


#: Columns by which people know an entity, in the order of its repr.
_KNOWN_BY = (
    *("program", "number", "rootname", "extver", "filename", "name", "wcs_name", "origin"),
    *("kind", "engine", "requested_method", "effective_method", "mdrizsky", "unit", "status"),
)


class Base(DeclarativeBase):
    """Root of all entities."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        str: String(),
        dict[str, Any]: Document,
        list[str]: Document,
    }

    def __repr__(self) -> str:
        keys = [str(key.key) for key in self.__mapper__.primary_key]
        said = [f"{key}={getattr(self, key, None)}" for key in keys]
        # Columns that are loaded: a detached entity has a repr, too.
        known = [name for name in _KNOWN_BY if self.__dict__.get(name) is not None]
        said += [f"{name}={self.__dict__[name]}" for name in known if name not in keys]
        return f"<{type(self).__name__} {' '.join(said)}>"


@event.listens_for(Mapper, "before_configured")
def load_entities() -> None:
    """Import every module of this package, for entities name each other when they are mapped."""
    for found in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__package__}.{found.name}")


def take(entity: Base, columns: Mapping[str, Any]) -> None:
    """Set columns of an entity, given as they are for a row that is written without it."""
    for name, value in columns.items():
        setattr(entity, name, value)


def add_beside(parent: Base, child: Base) -> None:
    """Keep a new entity wherever its parent is kept.

    A child that is attached from its own side does not follow its parent into a
    session by itself, and attaching it from the parent's side would load every
    sibling first.
    """
    session = object_session(parent)
    if session is not None:
        session.add(child)
