"""Many rows at once: columns in, rows of the database out.

The unit of work is for decisions of services; this is for millions of rows, such as of a
survey or a copy of a ledger, that were checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Float, Table, TableClause, func, select, text
from sqlalchemy.engine import Dialect

from skydb.errors import StoreError

#: Values of one column, each as an entity would hold it.
Column = Sequence[Any]

_Encode = Callable[[Any], Any]


class BulkWriter:
    """Appends rows within the transaction of a connection.

    Enumerations, times and documents are given as entities hold them, or already as the
    database does; a column that is left out is NULL, or its default.

    Parameters
    ----------
    connection : Connection
        In a transaction, which the caller commits.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    def write(self, table: TableClause, columns: Mapping[str, Column]) -> int:
        """Append rows, given column by column; returns how many.

        Raises
        ------
        StoreError
            When the columns are of different lengths or the database refuses a row.
        """
        rows = self._rows(table, columns)
        try:
            if self._is_sqlite:
                self._insert(table, tuple(columns), rows)
            else:
                self._copy(table, tuple(columns), rows)
        except self._connection.dialect.loaded_dbapi.Error as error:
            raise StoreError(f"The database refused rows of {table.name}: {error}.") from error
        return len(next(iter(columns.values())))

    def write_batch(self, table: TableClause, columns: Mapping[str, Column]) -> None:
        """Append rows as :meth:`write` does; on SQLite by a statement that SQLAlchemy executes.

        What listens to the engine then notices it, for a little more time and memory.
        """
        if self._is_sqlite:
            rows = list(self._rows(table, columns))
            self._connection.exec_driver_sql(_insertion(table, tuple(columns)), rows)
        else:
            self.write(table, columns)

    def _rows(self, table: TableClause, columns: Mapping[str, Column]) -> Iterator[tuple[Any, ...]]:
        if len({len(values) for values in columns.values()}) != 1:
            raise StoreError(f"The columns of {table.name} are of different lengths.")
        dialect = self._connection.dialect
        sent = [encoded(table, name, values, dialect) for name, values in columns.items()]
        return zip(*sent, strict=True)

    def advance_keys(self, tables: Iterable[Table]) -> None:
        """Set the sequence of PostgreSQL after the existing rows."""
        if self._is_sqlite:
            return
        for table in tables:
            if "id" not in table.c or not table.c.id.primary_key or table.c.id.foreign_keys:
                continue
            highest = self._connection.scalar(select(func.max(table.c.id)))
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)")
            if highest:
                self._connection.execute(sequence, {"table": table.name, "highest": highest})

    def _insert(
        self, table: TableClause, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        cursor = self._driver().cursor()
        cursor.executemany(_insertion(table, names), rows)
        cursor.close()

    def _copy(
        self, table: TableClause, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
        with self._driver().cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _driver(self) -> Any:  # noqa: ANN401 - of either driver
        # The transaction begins with the first statement of SQLAlchemy, not of its driver.
        if not self._connection.in_transaction():
            raise StoreError("Rows are only written within a transaction.")
        return self._connection.connection.driver_connection


def encoded(table: TableClause, name: str, values: Column, dialect: Dialect) -> Sequence[Any]:
    """Values of a column as the driver of a database takes them."""
    encode = _encoder(table, name, dialect)
    if encode is None:
        return values
    if isinstance(table.c[name].type, Float):
        return [*map(encode, values)]
    # Few columns that need it hold many different values.
    known: dict[Any, Any] = {}
    return [_remembered(known, encode, value) for value in values]


def _insertion(table: TableClause, names: Sequence[str]) -> str:
    """Statement of SQLite that inserts a row."""
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})"


def _encoder(table: TableClause, name: str, dialect: Dialect) -> _Encode | None:
    kind = table.c[name].type.dialect_impl(dialect)
    return kind.bind_processor(dialect)


def _remembered(known: dict[Any, Any], encode: _Encode, value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, (dict, list)):
        return encode(value)
    # By type as well, for 1 and True are equal and are not written alike everywhere.
    key = (type(value), value)
    if key not in known:
        known[key] = encode(value)
    return known[key]
