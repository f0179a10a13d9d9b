"""Types of columns: keys, UTC times, words of a vocabulary."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from skydb.domain.vocabulary import GrowingVocabulary
from skydb.errors import SchemaError

#: Integer key: 64 bits on PostgreSQL, the row id on SQLite.
Key = BigInteger().with_variant(Integer(), "sqlite")

#: Characters that a word of a vocabulary may have.
_WORD_LENGTH = 24


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
        if value is None:
            return None
        word = value if isinstance(value, self.vocabulary) else self.vocabulary(value)
        return word.value

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
