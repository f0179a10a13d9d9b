"""Benchmarks have floors: bare work that leaves nothing behind, and shares of it for people."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import make_url

from scripts.benchmarks import __main__ as bench
from scripts.benchmarks import floors
from scripts.benchmarks.survey import _rows
from scripts.benchmarks.timing import Spent, by_clock, by_processor, in_turns, with_share


def row(**fields: object) -> dict[str, object]:
    return {"bench": "startup", "name": "a", "target": "b", "ratio": 0.5, "passed": True, **fields}


def cells(result: dict[str, object]) -> dict[str, str]:
    head, _, line = bench._markdown([result]).splitlines()
    names, values = ([one.strip() for one in text.strip("|").split("|")] for text in (head, line))
    return dict(zip(names, values, strict=True))


def test_works_are_timed_in_turns_by_both_clocks() -> None:
    done: list[str] = []

    def wait() -> None:
        done.append("a")
        time.sleep(0.05)

    def work() -> None:
        done.append("b")
        subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)

    waited, worked = in_turns(wait, work, repeats=3)
    assert done == ["a", "b"] * 3
    assert waited.wall_s >= 0.05 > 10 * waited.cpu_s
    assert worked.cpu_s > 0.01


def test_a_result_has_both_clocks_of_what_was_measured() -> None:
    nothing, ours, floor = Spent(1.0, 0.5), Spent(2.0, 3.0), Spent(0.5, 0.25)
    known = {"cpu_s": 3.0, "wall_s": 2.0}
    assert by_clock(nothing, ours, floor) == {
        "median_reference_s": 1.0, "median_s": 2.0, "floor_s": 0.5, **known
    }  # fmt: skip
    assert by_processor(nothing, ours, floor) == {
        "median_reference_s": 0.5, "median_s": 3.0, "floor_s": 0.25, **known
    }  # fmt: skip


@pytest.mark.parametrize(
    ("measured_s", "floor_s", "shown"), [(2.0, 0.5, "25 %"), (0.5, 0.6, "120 % (floor above)")]
)
def test_a_share_is_shown_even_where_the_floor_is_above(
    measured_s: float, floor_s: float, shown: str
) -> None:
    result = with_share(row(median_s=measured_s, floor_s=floor_s))
    assert result["floor_share"] == floor_s / measured_s
    found = cells(result)
    assert found["floor [s]"] == f"{floor_s:g}"
    assert found["share of floor reached"] == shown


@pytest.mark.parametrize("fields", [{}, {"median_s": 1.0}, {"floor_s": 1.0}])
def test_no_share_without_both_figures(fields: dict[str, float]) -> None:
    result = with_share(row(**fields))
    assert "floor_share" not in result
    assert cells(result)["share of floor reached"] == "-"


def test_the_page_has_the_rows_of_the_record() -> None:
    results = json.loads(bench.RECORD.read_text())["results"]
    assert bench._markdown(results) in bench.PAGE.read_text()


def test_pixels_are_read_as_they_are_in_the_file(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    flags = np.arange(12, dtype=np.int16).reshape(3, 4)
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.ImageHDU(pixels, name="SCI"),
            fits.ImageHDU(pixels + 1, name="ERR"),
            fits.ImageHDU(flags, name="DQ"),
        ]
    ).writeto(tmp_path / "a.fits")
    science, quality = floors.images_of([tmp_path / "a.fits"])
    np.testing.assert_array_equal(science.read(), pixels.ravel())
    np.testing.assert_array_equal(quality.read(), flags.ravel())
    assert science.read().dtype.isnative
    blocks = floors.HeaderBytes.of(tmp_path / "a.fits")
    assert [size for _, size in blocks.parts] == [2880] * 4
    content = (tmp_path / "a.fits").read_bytes()
    starts = [content[offset : offset + 8] for offset, _ in blocks.parts]
    assert starts == [b"SIMPLE  ", *[b"XTENSION"] * 3]


def test_rows_are_inserted_as_they_were_without_triggers(tmp_path: Path) -> None:
    for name in ("full", "empty"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.executescript(
                "CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT); CREATE TABLE noted (a INTEGER);"
                "CREATE TRIGGER note AFTER INSERT ON a"
                " BEGIN INSERT INTO noted VALUES (new.id); END;"
            )
            if name == "full":
                connection.execute("INSERT INTO a VALUES (1, 'x'), (2, NULL)")
                connection.commit()
    rows = floors.rows_of(tmp_path / "full")
    assert rows == {"a": [(1, "x"), (2, None)], "noted": [(1,), (2,)]}
    floors.insert_rows(tmp_path / "empty", rows)
    assert floors.rows_of(tmp_path / "empty") == rows


def test_an_answer_is_fetched_from_a_table_that_is_gone_afterwards(ledger_url: str) -> None:
    rows = [(1, "a", 0.5, True, None), (np.int64(2), "b", np.float64(1), False, ["c"])]
    url = make_url(ledger_url)
    with floors.rows_kept(url, rows) as fetch:
        assert fetch() == [(1, "a", 0.5, True, None), (2, "b", 1.0, False, "['c']")]
    with floors.rows_kept(url, []) as fetch:
        assert fetch() == []
    with floors.rows_read(url, "SELECT 1 AS one") as fetch:
        assert fetch() == [(1,)]


def test_writing_is_timed_in_a_table_of_its_own(ledger_url: str) -> None:
    statement = "SELECT version_num, 1 AS one FROM alembic_version"
    assert 0 < floors.insertion_s(make_url(ledger_url), statement) < 1
    with floors.rows_read(make_url(ledger_url), statement) as fetch:
        assert len(fetch()) == 1


def test_pages_are_served_as_they_are() -> None:
    with floors.served([b"first", b"second"]) as addresses:
        found = [urllib.request.urlopen(one).read() for one in addresses]
    assert found == [b"first", b"second"]


def test_files_that_a_floor_writes_are_removed(tmp_path: Path) -> None:
    floors.write_bytes(tmp_path / "new", [10, 3])
    (tmp_path / "a").write_bytes(b"abc")
    floors.copy_file(tmp_path / "a", tmp_path / "b")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "a", tmp_path / "new"]


@dataclass(frozen=True)
class Change:
    rootname: str
    number: int


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ([], []),
        ([Change("a", 1)], [("a", 1)]),
        ([{"a": 1}, {"a": 2, "b": 3}], [(1, None), (2, 3)]),
        (([{"a": 1}], True), [(1,)]),
        ([(1, 2)], [(1, 2)]),
    ],
)
def test_rows_of_any_answer_are_tuples(answer: object, rows: list[tuple[object, ...]]) -> None:
    assert _rows(answer) == rows
