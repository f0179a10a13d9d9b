"""Transactions: only committed changes are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from skydb.errors import RowRefusedError, StoreError
from skydb.interruption import held
from skydb.store.engine import as_one_of_many, as_reader
from skydb.store.urls import redacted

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Store:
    """Gives out sessions on one database.

    Parameters
    ----------
    engine : Engine
        As made by :func:`skydb.store.engine.open_engine`.
    """

    engine: Engine

    @contextmanager
    def writing(self, *, is_one_of_many: bool = False) -> Iterator[Session]:
        """Begin a transaction in which only committed changes are kept.

        ``session.commit()`` is the last thing that a block does: what it leaves uncommitted,
        before an exception or after a commit, is rolled back. After one of many the visits that
        changed stay noted, and are counted once by :meth:`count_visits`.

        Raises
        ------
        StoreError
            When the database refuses what the block wrote; a :class:`RowRefusedError` when it
            is the fault of one row.
        """
        from sqlalchemy.orm import Session

        engine = as_one_of_many(self.engine) if is_one_of_many else self.engine
        session = Session(engine, expire_on_commit=False)
        with _translated():
            try:
                yield session
            finally:
                with held():
                    session.close()

    def count_visits(self) -> None:
        """Count visits anew that one of many transactions has left noted.

        Raises
        ------
        StoreError
            When the database refuses it.
        """
        from skydb.store.summaries import renew_rest

        with _translated():
            renew_rest(as_one_of_many(self.engine))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a transaction that cannot write, waits for no writer and sees one state only.

        Raises
        ------
        StoreError
            When the database refuses a statement of the block, such as one that writes.
        """
        from sqlalchemy.orm import Session

        with _translated(), Session(as_reader(self.engine), autoflush=False) as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Begin what :meth:`reading` does, for questions in SQL: no entity can be loaded.

        Raises
        ------
        StoreError
            When the database refuses a statement of the block, such as one that writes.
        """
        with _translated(), as_reader(self.engine).connect() as connection:
            yield connection


#: Words of SQLite and PostgreSQL for a table or view that is not there.
_ABSENT = re.compile(r"no such table|does not exist")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise RowRefusedError(
            _reason(error), advice="Another process may have written the same thing; try again."
        ) from error
    except DataError as error:
        raise RowRefusedError(_reason(error)) from error
    except DBAPIError as error:
        reason = _reason(error)
        raise StoreError(f"The database failed: {reason}.", advice=_advice(reason)) from error


def _advice(reason: str) -> str:
    """The cure of a ledger that lacks what skydb derives from its tables."""
    if not _ABSENT.search(reason):
        return ""
    from skydb.store.derived import derived_names

    absent = any(name in reason for name in derived_names())
    return "Run `skydb init`, which makes it anew from the other tables." if absent else ""


def _reason(error: DBAPIError) -> str:
    """Text of the driver's error, in one line."""
    return redacted(" ".join(str(error.orig).split()).removesuffix("."))
