"""Dumps of PostgreSQL by its own client, verified by their rows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import JSON, URL, Boolean, Column, DateTime, Engine, Float, Integer, Table

from skydb.errors import StoreError
from skydb.store.backups import exported_snapshot, proved
from skydb.store.copying import TableCopy, checksum_of, tables_in_order
from skydb.store.engine import as_reader
from skydb.store.rowsums import RowSum, encoder_of
from skydb.store.urls import redacted

_VERSION = re.compile(r"\b(\d+)(?:\.\d+|devel|beta\d|rc\d)")
_COPY = re.compile(r'COPY (?:"?\w+"?\.)?"?(\w+)"? \((.*)\) FROM stdin;\n')
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_END = "\\.\n"
_NULL = "\\N"


def why_no_dump(engine: Engine) -> str | None:
    """Explain why the client here cannot dump this server; None when it can."""
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        return "pg_dump is not installed here"
    said = subprocess.run(
        ["pg_dump", "--version"], capture_output=True, text=True, check=False, timeout=30
    ).stdout
    found = _VERSION.search(said)
    with as_reader(engine).connect() as connection:
        server = int((connection.dialect.server_version_info or (0,))[0])
    if found is None or int(found[1]) < server:
        return f"pg_dump here is older than the server ({said.strip() or 'unknown'}, {server})"
    return None


def back_up_dump(source: Engine, target: Path, advance: Callable[[str], None]) -> list[TableCopy]:
    """Run pg_dump, and verify its file table by table.

    pg_dump and the sums see one snapshot of the ledger; others can write.

    Parameters
    ----------
    source : Engine
        The ledger.
    target : Path
        A file that is not there; ``pg_restore`` reads it.
    advance : callable
        Called with the name of each table before it is summed.

    Raises
    ------
    StoreError
        When the client fails, or the rows in the file are not those of the ledger.
    """
    with as_reader(source).connect() as reading:
        snapshot = exported_snapshot(reading)
        words = ["pg_dump", "--format=custom", "--no-password", f"--snapshot={snapshot}"]
        _run([*words, f"--file={target}", f"--dbname={_without_password(source.url)}"], source.url)
        sent = {}
        for one in tables_in_order():
            advance(one.name)
            sent[one.name] = checksum_of(reading, one)
    received = sums_of(target)
    return [proved(name, sums, received[name]) for name, sums in sent.items()]


def sums_of(dump: Path) -> dict[str, RowSum]:
    """Rows and checksums of the tables of a ledger in a dump; none where it has no rows."""
    tables = {one.name: one for one in tables_in_order()}
    found = {
        name: RowSum([encoder_of(one) for one in each.columns]) for name, each in tables.items()
    }
    with _restored(dump) as lines:
        for line in lines:
            head = _COPY.fullmatch(line)
            if head is None:
                continue
            rows = iter(lines.__next__, _END)
            if head[1] in found:
                names = [name.strip(' "') for name in head[2].split(",")]
                found[head[1]].add(_values(tables[head[1]], names, rows))
            else:
                for _ in rows:
                    pass
    return found


def _values(each: Table, names: list[str], rows: Iterable[str]) -> Iterator[list[Any]]:
    """Values of the lines of a COPY, in the order of the columns of the table."""
    readers = [(names.index(one.name), _reader_of(one)) for one in each.columns]
    for row in rows:
        cells = row.removesuffix("\n").split("\t")
        yield [
            None if cells[place] == _NULL else read(_ESCAPED.sub(_unescaped, cells[place]))
            for place, read in readers
        ]


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def _reader_of(column: Column[Any]) -> Callable[[str], Any]:
    kind = column.type
    for types, reader in (
        (Boolean, lambda text: text == "t"),
        (Float, float),
        (Integer, int),
        (JSON, json.loads),
    ):
        if isinstance(kind, types):
            return reader
    is_time = isinstance(getattr(kind, "impl", kind), DateTime)
    return datetime.fromisoformat if is_time else str


@contextmanager
def _restored(dump: Path) -> Iterator[Iterator[str]]:
    """Read the lines of SQL of a dump."""
    command = ["pg_restore", "--data-only", "--file=-", str(dump)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            yield _lines(process.stdout)
        except BaseException:
            process.kill()
            raise
        said = process.stderr.read()
        if process.wait():
            raise StoreError(f"pg_restore cannot read the dump: {_first(said)}.")


def _lines(stream: IO[str]) -> Iterator[str]:
    yield from stream


def _run(command: list[str], url: URL) -> None:
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise StoreError(f"{command[0]} failed: {_first(done.stderr)}.")


def _first(said: str) -> str:
    return redacted(" ".join(said.split())[:300] or "it gave no reason").removesuffix(".")


def _without_password(url: URL) -> str:
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
