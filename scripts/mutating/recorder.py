"""A plugin of pytest that writes down which test runs which lines, and how long it takes.

Written to ``$MUTATE_MAP``: seconds of each test, the lines of skydb that its body runs, those that
its fixtures run (by file of tests, because a fixture may be shared), those that run before or
between tests, and what was imported.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest
from sqlalchemy.orm import configure_mappers

from scripts.mutating.swap import caches

_RECORDER = coverage.Coverage(data_file=None, source_pkgs=["skydb"], config_file=False)
_SECONDS: dict[str, float] = defaultdict(float)
_FAILED: set[str] = set()
_CACHES: list[functools._lru_cache_wrapper] = []  # type: ignore[type-arg]
_RECORDER.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Fixtures count for the file of the test; what was answered to another one is forgotten."""
    for one in _CACHES:
        one.cache_clear()
    yield from _recorded(item, item.nodeid.partition("::")[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """The body counts for the test."""
    yield from _recorded(item, item.nodeid)


def _recorded(item: pytest.Item, context: str) -> Generator[None, None, None]:
    _RECORDER.switch_context(context)
    start = time.process_time(), time.monotonic()
    try:
        return (yield)
    finally:
        # Subprocesses have a clock of their own; a busy machine has them all wait.
        own, all_of = time.process_time() - start[0], time.monotonic() - start[1]
        _SECONDS[item.nodeid] += max(own, all_of / 3.0)
        _RECORDER.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that fails without any change tells nothing of one."""
    if report.failed:
        _FAILED.add(report.nodeid)


def pytest_collection_finish() -> None:
    """What tables are made of counts as imported."""
    configure_mappers()
    gc.unfreeze()
    _CACHES.extend(caches())
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write it all down."""
    _RECORDER.stop()
    data = _RECORDER.get_data()
    names: dict[str, int] = {}
    lines: dict[str, dict[int, list[int]]] = {}
    early: dict[str, list[int]] = {}
    for file in data.measured_files():
        by_line = data.contexts_by_lineno(file)
        module = str(Path(file).relative_to(Path.cwd()))
        early[module] = sorted(line for line, contexts in by_line.items() if "" in contexts)
        lines[module] = {
            line: sorted(
                names.setdefault(one, len(names)) for one in contexts if one and one not in _FAILED
            )
            for line, contexts in by_line.items()
        }
    seconds = {name: value for name, value in _SECONDS.items() if name not in _FAILED}
    known = {"seconds": seconds, "names": list(names), "lines": lines, "failed": sorted(_FAILED)}
    known |= {"modules": list(sys.modules), "early": early}
    Path(os.environ["MUTATE_MAP"]).write_text(json.dumps(known))
