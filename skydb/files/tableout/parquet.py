"""Parquet, in row groups, with units and meanings beside each field."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skydb.domain.columns import Cell, ColumnKind, TableColumn
from skydb.files.tableout.head import Rows, TableHead

#: Rows of one group: large enough to compress well, small enough to hold.
_GROUP = 25_000


def write_parquet(path: Path, head: TableHead, parts: Iterable[Rows]) -> None:
    """Typed columns; NULL is null, times are timestamps of microseconds in UTC.

    ``unit``, ``ucd``, ``utype`` and ``description`` are metadata of each field, where the
    table came from is metadata of the file under ``skydb``.
    """
    import pyarrow.parquet as pq

    schema = _schema(head)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _groups(parts):
            writer.write_table(_table(group, head, schema))


def _groups(parts: Iterable[Rows]) -> Iterable[list[Any]]:
    waiting: list[Any] = []
    for part in parts:
        waiting += part
        if len(waiting) >= _GROUP:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _schema(head: TableHead) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    types = {
        ColumnKind.STRING: pa.string(),
        ColumnKind.INTEGER: pa.int64(),
        ColumnKind.NUMBER: pa.float64(),
        ColumnKind.BOOLEAN: pa.bool_(),
        ColumnKind.TIME: pa.timestamp("us", tz="UTC"),
    }
    fields = [
        pa.field(column.name, types[column.kind], metadata=_metadata(column))
        for column in head.columns
    ]
    origin = json.dumps({"name": head.name, **head.origin})
    return pa.schema(fields, metadata={"skydb": origin})


def _metadata(column: TableColumn) -> dict[str, str] | None:
    found = {name: getattr(column, name) for name in ("unit", "ucd", "utype", "description")}
    return {name: value for name, value in found.items() if value} or None


def _table(rows: list[Any], head: TableHead, schema: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(head.columns)
    arrays = [
        pa.array([_moment(cell) for cell in cells] if column.kind is ColumnKind.TIME else cells,
                 type=field.type)
        for column, cells, field in zip(head.columns, columns, schema, strict=True)
    ]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=schema)


def _moment(cell: Cell) -> datetime | None:
    return None if cell is None else datetime.fromisoformat(str(cell)).replace(tzinfo=UTC)
