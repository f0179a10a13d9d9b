"""Values that cannot be meant are refused with a sentence, before a database is opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import skydb
from skydb.api import checking
from skydb.api.ledger import Ledger
from skydb.errors import UsageError

NOWHERE = "sqlite:////nowhere/at/all.sqlite"
Call = Callable[[Any], object]

WRONG: list[tuple[Call, str]] = [
    (lambda db: db.explain(None), "what=None"),
    (lambda db: db.inspect.headers(visit=[]), "list of visit is empty"),
    (lambda db: db.inspect.headers(visit=["bxl50", None]), "visit=None"),
    (lambda db: db.inspect.headers(filter=["F160W"]), "filter="),
    (lambda db: db.inspect.headers(as_of=2021), "YYYY-MM-DD"),
    (lambda db: db.runs([]), "is empty"),
    (lambda db: db.sky.run(method=None), "No sky method"),
    (lambda db: db.sky.run(method=[]), "list of method is empty"),
    (lambda db: db.sky.run("match", mosaic="no"), "neither True nor False"),
    (lambda db: db.sky.run("match", jobs=0), "jobs=0"),
    (lambda db: db.sky.run("match", options=["x"]), "options by name"),
    (lambda db: db.sky.run("match", strict="x"), "strict='x'"),
    (lambda db: db.books.note("bxl50", None), "text=None"),
    (lambda db: db.books.withdraw(None, "why"), "entry=None"),
    (lambda db: db.books.deliveries.add("f", 5, 6, "x"), "began=5"),
    (lambda db: db.ingest(["field"]), "is not a path"),
    (lambda db: db.ingest(""), "is not a path"),
    (lambda db: db.export(5), "is not a path"),
    (lambda db: db.report(None), "out=None"),
    (lambda db: db.fsck(repair="x"), "repair='x'"),
    (lambda db: db.refcat.import_(None), "path=None"),
    (lambda db: db.align.plot(3, None), "out=None"),
    (lambda db: db.database.backup(5), "path=5"),
    (lambda db: db.sql(None), "statement=None"),
]


@pytest.fixture
def nowhere() -> Ledger:
    """A ledger whose database is not there: what opens it ends with another error."""
    return skydb.lazy_ledger(NOWHERE)


@pytest.mark.parametrize(
    ("call", "said"), WRONG, ids=[f"{n} {said}" for n, (_, said) in enumerate(WRONG)]
)
def test_what_cannot_be_meant_is_named(call: Call, said: str, nowhere: Ledger) -> None:
    with pytest.raises(UsageError) as caught:
        call(nowhere)
    assert said in str(caught.value) and caught.value.advice


@pytest.mark.parametrize("url", [5, "", [], True])
def test_only_a_url_or_a_path_is_a_database(url: Any) -> None:
    with pytest.raises(UsageError, match="is not a database"):
        skydb.lazy_ledger(url)


def test_a_path_is_the_url_of_its_file(tmp_path: Path) -> None:
    skydb.init(tmp_path / "new.sqlite").close()
    assert (tmp_path / "new.sqlite").exists()


def test_numbers_and_dates_are_words_too() -> None:
    assert checking.texts(50, "visit") == ("50",)
    assert checking.day(date(2024, 5, 1), "began") == "2024-05-01"


def test_a_column_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match="the columns are run, rms_mas"):
        skydb.Result([{"run": 1, "rms_mas": 2.0}])["rms"]
