"""What is wrong with an address, and what is wrong with the snapshot, are told apart."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

from skydb.browse import links
from skydb.browse.application import _is_of_its_address

REQUEST = SimpleNamespace(path=f"/{links.DATABASE}/exposures")


def _raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_a_column_that_is_not_there_is_of_the_address() -> None:
    with sqlite3.connect(":memory:") as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("SELECT nonsense FROM sqlite_schema")
    connection.close()
    assert _is_of_its_address(REQUEST, caught.value)
    assert _is_of_its_address(REQUEST, _raised(ValueError("nonsense")))


def test_a_file_that_cannot_be_read_is_not() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    assert not _is_of_its_address(REQUEST, _raised(error))
    damaged = sqlite3.DatabaseError("database disk image is malformed")
    damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    assert not _is_of_its_address(REQUEST, _raised(damaged))
