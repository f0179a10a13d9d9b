"""Pages of `skydb browse` over a ledger of a million exposures: the first one, and every other.

The pages are asked for over HTTP, as a browser does, from a snapshot that is served by this
process. Of each the 95th percentile over some calls counts; the longest of all is reported
with its address.
"""

from __future__ import annotations

import html
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

import skydb
from scripts.benchmarks import floors
from scripts.benchmarks.survey import fill
from scripts.benchmarks.timing import Result, p95, seconds
from skydb.store import schema
from skydb.store.engine import open_engine, resolve_url
from skydb.store.statistics import refresh_statistics

#: Seconds that a page may take.
_FIRST_S, _ANY_S = 1.0, 2.0
_CALLS = 5


def measure(workdir: Path, repeats: int, exposures: int = 1_000_000) -> Iterator[Result]:
    """Fill a ledger, unless the directory has one, and look at its pages."""
    # That of the benchmark `survey` is the same.
    beside = workdir.parent / "survey" / "survey.sqlite"
    path = beside if beside.exists() else workdir / "survey.sqlite"
    if not path.exists():
        _fill(path, exposures)
    began = time.perf_counter()
    with skydb.open(path, data=workdir / "data") as ledger, ledger.browse() as site:
        took_s = time.perf_counter() - began
        copy_s = seconds(lambda: floors.copy_file(path, workdir / "floor.sqlite"))
        yield _reported("browse: the snapshot is there", took_s, copy_s)
        yield _answered("browse: first page", site.url, ["/"], _FIRST_S, repeats)
        pages = _pages(path)
        yield _answered("browse: pages of skydb", site.url, pages, _ANY_S, repeats)
        yield _answered("browse: every view", site.url, _views(path), _ANY_S, repeats)
        questions = _questions(site.url)
        yield _answered("browse: questions of the cookbook", site.url, questions, _ANY_S, repeats)


def _fill(path: Path, exposures: int) -> None:
    url = f"sqlite:///{path}"
    schema.upgrade(url)
    engine = open_engine(resolve_url(url))
    fill(engine, exposures)
    refresh_statistics(engine)
    engine.dispose()


def _pages(path: Path) -> list[str]:
    """Pages of things somewhere in the middle of the ledger."""
    with closing(sqlite3.connect(path)) as connection:

        def one(statement: str) -> str:
            return "".join(map(str, connection.execute(statement).fetchone()))

        exposures = int(one("SELECT MAX(id) FROM exposures"))
        middle = f"SELECT rootname FROM exposures WHERE id = {exposures // 2}"
        rootname, run = one(middle), int(one("SELECT MAX(id) FROM sky_runs"))
        visit = one(f"SELECT program, number FROM visits WHERE id = {exposures // 20}")
        target = one(f"SELECT target_name FROM visits WHERE id = {exposures // 20}")
        fit = one("SELECT MAX(id) FROM alignment_runs")
    return [
        "/runs", "/runs?kind=sky-run&method=match", "/runs?status=failed", f"/run/{run}",
        f"/run/{fit}", f"/compare?run={run}&run={run - 1}&run={run - 2}", "/run/1",
        f"/exposure/{rootname}", f"/visit/{visit}", f"/field/{target}", "/map", "/findings",
        "/todo", f"/todo?visit={visit}", "/todo?rule=never-matched", f"/find?q={target}",
    ]  # fmt: skip


def _views(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    return ["/ledger", *(f"/ledger/{name}" for (name,) in found)]


def _questions(url: str) -> list[str]:
    """Questions with the values that the first page asks them with."""
    text = urllib.request.urlopen(url).read().decode()
    return sorted(map(html.unescape, re.findall(r'href="(/ledger/[a-z-]+(?:\?[^"]*)?)"', text)))


def _read(address: str) -> bytes:
    try:
        content: bytes = urllib.request.urlopen(address).read()
    except urllib.error.HTTPError as error:
        # The page that says that an answer takes too long has its time, too.
        content = error.read()
    return content


def _answered(name: str, url: str, paths: list[str], bar_s: float, repeats: int) -> Result:
    calls = max(_CALLS, repeats)
    pages: dict[str, bytes] = {}

    def ask(path: str) -> None:
        pages[path] = _read(f"{url}{path}")

    times = {path: [seconds(lambda path=path: ask(path)) for _ in range(calls)] for path in paths}
    with floors.served(list(pages.values())) as addresses:
        bare = [seconds(lambda one=one: _read(one)) for one in addresses for _ in range(calls)]
    worst = max(times, key=lambda path: p95(times[path]))
    return {
        "name": name,
        "target": f"p95 <= {bar_s:g} s",
        "ratio": p95(times[worst]) / bar_s,
        "median_s": float(np.median([one for several in times.values() for one in several])),
        "floor_s": float(np.median(bare)),
        "p95_s": p95(times[worst]),
        "passed": p95(times[worst]) <= bar_s,
        "note": f"{len(paths)} pages; the slowest is {worst}",
    }


def _reported(name: str, took_s: float, copy_s: float) -> Result:
    return {
        "name": name, "target": "reported", "ratio": took_s, "median_s": took_s,
        "floor_s": copy_s, "passed": True,
        "note": "the ratio is seconds: a copy of all pages of the file, and counts of its rows",
    }  # fmt: skip
