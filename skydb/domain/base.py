"""Common parts of all entities: naming of constraints, column types, UTC times."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Enum, Index, Integer, MetaData, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, object_session
from sqlalchemy.types import TypeDecorator, TypeEngine

from skydb.domain.vocabulary import GrowingVocabulary
from skydb.errors import SchemaError

#: Integer key: 64 bits on PostgreSQL, the row id on SQLite.
Key = BigInteger().with_variant(Integer(), "sqlite")

#: Characters that a word of a vocabulary may have.
_WORD_LENGTH = 24

#: JSON document, indexable on PostgreSQL.
Document = JSON().with_variant(JSONB(), "postgresql")


def utc_now() -> datetime:
    """Current time in UTC, to the microsecond."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, kept in UTC; a naive value is refused.

    SQLite forgets time zones, so values are normalised going in and labelled
    coming out.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Normalise to UTC.

        Raises
        ------
        ValueError
            When the value has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use skydb.domain.base.utc_now().")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Label as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[GrowingVocabulary]):
    """A word of a growing vocabulary, which skydb checks instead of the database.

    Parameters
    ----------
    vocabulary : type
        The vocabulary.
    """

    impl = String
    cache_ok = True

    def __init__(self, vocabulary: type[GrowingVocabulary]) -> None:
        super().__init__(_WORD_LENGTH)
        self.vocabulary = vocabulary

    def process_bind_param(
        self, value: GrowingVocabulary | str | None, dialect: Dialect
    ) -> str | None:
        """The word as text.

        Raises
        ------
        ValueError
            When the vocabulary does not have it.
        """
        return None if value is None else self.vocabulary(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> GrowingVocabulary | None:
        """The member of the vocabulary.

        Raises
        ------
        SchemaError
            When the vocabulary does not have it: a newer skydb wrote the word.
        """
        try:
            return None if value is None else self.vocabulary(value)
        except ValueError as error:
            raise SchemaError(
                f"The ledger has the {self.vocabulary.__name__} {value!r}, which this skydb "
                "does not know.",
                advice="Install the newer skydb that wrote it.",
            ) from error


def choice(vocabulary: type[StrEnum], name: str | None = None) -> TypeEngine[Any]:
    """Make a column type that admits the words of one vocabulary and nothing else.

    skydb checks a vocabulary that grows, the database checks any other one as well. ``name``
    distinguishes the constraints of two columns of one table.
    """
    if issubclass(vocabulary, GrowingVocabulary):
        return Word(vocabulary)
    return Enum(
        vocabulary,
        native_enum=False,
        create_constraint=True,
        length=_WORD_LENGTH,
        name=name or vocabulary.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


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


def add_beside(parent: Base, child: Base) -> None:
    """Keep a new entity wherever its parent is kept.

    A child that is attached from its own side does not follow its parent into a
    session by itself, and attaching it from the parent's side would load every
    sibling first.
    """
    session = object_session(parent)
    if session is not None:
        session.add(child)
