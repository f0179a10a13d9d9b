"""What answers need at least: bare work on the same bytes or rows, timed beside skydb's.

No floor uses anything of skydb. Work that processors can share is shared by all of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    select,
    text,
)
from sqlalchemy.engine import URL

_BLOCK_BYTES, _COPIED_BYTES = 2880, 1 << 20
#: Extensions with pixels that a sky or a mosaic is made of.
_USED = ("SCI", "DQ")


def _together(work: Callable[[Any], object], items: Iterable[Any]) -> None:
    """Do something with each item, by as many threads as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(work, items))


@dataclass(frozen=True)
class Image:
    """Where the pixels of an image are in its file."""

    path: Path
    offset: int
    count: int
    dtype: np.dtype[Any]

    def read(self) -> NDArray[Any]:
        """Pixels in the order of bytes of this machine."""
        found = np.fromfile(self.path, self.dtype, self.count, offset=self.offset)
        return found.astype(self.dtype.newbyteorder("="))


def images_of(paths: Iterable[Path]) -> list[Image]:
    """Images and flags of exposures."""
    return [image for path in paths for image in _images(path)]


def _images(path: Path) -> Iterator[Image]:
    with fits.open(path, memmap=False) as hdus:
        for hdu in hdus:
            if hdu.name in _USED and hdu.header["NAXIS"]:
                dtype = np.dtype({-32: ">f4", 16: ">i2"}[hdu.header["BITPIX"]])
                pixels = hdu.header["NAXIS1"] * hdu.header["NAXIS2"]
                yield Image(path, hdu.fileinfo()["datLoc"], pixels, dtype)


def read_pixels(images: Iterable[Image]) -> None:
    """Read every pixel once."""
    _together(Image.read, images)


def add_pixels(images: Iterable[Image], times: int) -> None:
    """Read every pixel once; multiply and add each of an image so often, as mosaics need it."""
    _together(lambda image: _add(image, times), images)


def _add(image: Image, times: int) -> None:
    pixels = image.read()
    if pixels.dtype.kind != "f":
        return
    total, product = np.zeros_like(pixels), np.empty_like(pixels)
    for number in range(times):
        np.multiply(pixels, np.float32(number), out=product)
        np.add(total, product, out=total)


def write_bytes(directory: Path, sizes: Sequence[int]) -> None:
    """Write so many bytes to files, which are removed again."""
    directory.mkdir(parents=True, exist_ok=True)
    content = bytes(max(sizes))
    for number, size in enumerate(sizes):
        path = directory / f"floor{number}.bin"
        with path.open("wb", buffering=0) as handle:
            handle.write(memoryview(content)[:size])
        path.unlink()


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes of a file, and remove the copy."""
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        shutil.copyfileobj(reader, writer, _COPIED_BYTES)
    target.unlink()


@contextmanager
def served(pages: Sequence[bytes]) -> Iterator[list[str]]:
    """Addresses of pages that a server of the standard library has in memory."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages[int(self.path[1:])]
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        host = f"http://127.0.0.1:{server.server_port}"
        yield [f"{host}/{number}" for number in range(len(pages))]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class HeaderBytes:
    """Blocks of a file that a reader of its headers cannot do without."""

    path: Path
    parts: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, path: Path) -> HeaderBytes:
        """The headers of the file and of its images, and the first block of all others."""
        with fits.open(path) as hdus:
            places = [(hdu.name, hdu.fileinfo()) for hdu in hdus]
        parts = []
        for name, place in places:
            whole = place["datLoc"] - place["hdrLoc"]
            parts.append((place["hdrLoc"], whole if name in ("PRIMARY", "SCI") else _BLOCK_BYTES))
        return cls(path, tuple(parts))

    def read(self) -> None:
        """Read these blocks and no others."""
        with self.path.open("rb", buffering=0) as handle:
            for offset, size in self.parts:
                handle.seek(offset)
                handle.read(size)


def hash_files(paths: Iterable[Path], threads: int) -> None:
    """SHA-256 of files by some threads."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_hash, paths))


def _hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(path: Path) -> Rows:
    """All rows of an SQLite file, by table."""
    with closing(sqlite3.connect(path)) as connection:
        named = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in named}


def insert_rows(path: Path, rows: Rows) -> None:
    """Insert rows into an SQLite file with the same tables and indexes, in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("BEGIN")
        for name, values in rows.items():
            if values:
                places = ", ".join("?" * len(values[0]))
                connection.executemany(f"INSERT OR IGNORE INTO {name} VALUES ({places})", values)
        connection.execute("COMMIT")


@contextmanager
def rows_kept(url: URL, rows: Sequence[Sequence[Any]]) -> Iterator[Callable[[], object]]:
    """What fetches rows from a table that has nothing else, by a connection that is open.

    Parameters
    ----------
    url : URL
        Where: the table is temporary, and is in the same database.
    rows : sequence of sequence
        An answer. What is no number, time or text is kept as text.
    """
    with _bare(url) as connection:
        rows = [[_python(value) for value in row] for row in rows]
        columns = [*zip(*rows, strict=True)] or [()]
        table = Table(
            "floor_of_an_answer",
            MetaData(),
            *(Column(f"c{place}", _kind(one)) for place, one in enumerate(columns)),
            prefixes=["TEMPORARY"],
        )
        table.create(connection)
        if rows:
            names, kinds = table.c.keys(), [column.type for column in table.c]
            plain = [map(_plain, row, kinds) for row in rows]
            connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in plain])
        yield lambda: connection.execute(select(table)).all()
        connection.rollback()


@contextmanager
def rows_read(url: URL, statement: str) -> Iterator[Callable[[], object]]:
    """What fetches all rows of a statement, by a connection that is open."""
    with _bare(url) as connection:
        yield lambda: connection.execute(text(statement)).all()
        connection.rollback()


@contextmanager
def _bare(url: URL) -> Iterator[Connection]:
    """A connection that has none of skydb's settings."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def insertion_s(url: URL, statement: str) -> float:
    """Seconds a row of writing the rows of a statement into a table without keys and indexes.

    By the fastest way that the database's own driver has: ``executemany``, or ``COPY``.
    """
    with _bare(url) as connection:
        found = connection.execute(text(statement))
        names, rows = ", ".join(found.keys()), [tuple(row) for row in found]
        copied = f"CREATE TEMPORARY TABLE floor_of_rows AS {statement}"
        connection.execute(text(copied))
        connection.execute(text("DELETE FROM floor_of_rows"))
        cursor = connection.connection.driver_connection.cursor()
        began = time.perf_counter()
        if connection.dialect.name == "sqlite":
            places = ", ".join("?" * len(rows[0]))
            cursor.executemany(f"INSERT INTO floor_of_rows VALUES ({places})", rows)
        else:
            with cursor.copy(f"COPY floor_of_rows ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        spent = time.perf_counter() - began
        cursor.close()
        connection.rollback()
    return spent / len(rows)


def _python(value: Any) -> Any:  # noqa: ANN401
    """A value without the type that numpy gave it."""
    return value.item() if isinstance(value, np.generic) else value


def _kind(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a type of SQLAlchemy
    kinds = {type(value) for value in values} - {type(None)}
    for python, kind in ((bool, Boolean()), (int, BigInteger()), (datetime, DateTime(True))):
        if kinds == {python}:
            return kind
    return Float(53) if kinds and kinds <= {int, float} else Text()


def _plain(value: Any, kind: Any) -> Any:  # noqa: ANN401
    return str(value) if isinstance(kind, Text) and value is not None else value
