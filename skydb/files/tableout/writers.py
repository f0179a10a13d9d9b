"""Choosing the writer of a table by the name of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from skydb.errors import UsageError, disk_errors
from skydb.files.drafts import drafted_anew
from skydb.files.tableout.head import Rows, TableHead

Writer: TypeAlias = Callable[[Path, TableHead, Iterable[Rows]], None]


def writer_for(path: Path) -> Writer:
    """Choose the writer for a file name.

    Raises
    ------
    UsageError
        When its suffix is none of csv, ecsv, vot, xml and parquet.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == "csv":
        from skydb.files.tableout.delimited import write_csv

        return write_csv
    if suffix == "ecsv":
        from skydb.files.tableout.delimited import write_ecsv

        return write_ecsv
    if suffix in ("vot", "votable", "xml"):
        from skydb.files.tableout.votable import write_votable

        return write_votable
    if suffix == "parquet":
        from skydb.files.tableout.parquet import write_parquet

        return write_parquet
    raise UsageError(
        f"skydb does not know what to write to {path.name}.",
        advice="End the name in .csv, .ecsv, .vot or .parquet.",
    )


def write_table(path: Path, head: TableHead, parts: Iterable[Rows]) -> None:
    """Write a table whole or not at all: an earlier file of the name stays until it is done.

    Raises
    ------
    UsageError
        When the suffix is not known, or the directory is not there.
    """
    write = writer_for(path)
    if not path.parent.is_dir():
        raise UsageError(f"There is no directory {path.parent}.", advice="Make it first.")
    with disk_errors(path), drafted_anew(path) as part:
        write(part, head, parts)
        part.replace(path)
