"""Try changes in a copy of the tree: of functions in forks, others by importing everything anew."""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.mutating.forks import OPTIONS, QUIET, Forks, Order, end_with, move_to, wait
from scripts.mutating.mutants import ROOT, Mutant, source_of

_COPIED = ("skydb", "tests", "migrations", "scripts", "docs", "pyproject.toml", "alembic.ini")
#: pytest: all passed. Anything else, a module that cannot be imported too, is noticed.
_PASSED = 0
#: Wrong usage, or no test.
_NOT_RUN = (4, 5)
#: Not imported before: what is tried, and what pytest wants to rewrite.
_OWN = (
    *("skydb", "tests", "scripts", "conftest", "hypothesis"),
    *("xdist", "pytest", "_pytest", "coverage", "_hypothesis"),
)


def import_before(modules: Iterable[str]) -> None:
    """Import what tests will, so that it is there after a fork."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A part in C comes after its package: when it comes first, asyncio has two lists of
        # tasks, and servers in tests cannot answer.
        for name in sorted(modules, key=lambda one: (one.startswith("_"), one)):
            if not name.split(".")[0].startswith(_OWN) and name.split(".")[0] != "__main__":
                with suppress(Exception):
                    importlib.import_module(name)


class _Chosen:
    """A plugin: these tests alone, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave those that were asked for."""
        chosen = [item for item in items if item.nodeid in self._place]
        items[:] = sorted(chosen, key=lambda item: self._place[item.nodeid])


class Trial:
    """A copy of the tree in which changes are tried.

    Parameters
    ----------
    home : Path
        Where the copy is made.
    timeout_s : float
        Seconds that the tests of a change may wait, beside what they need.
    seconds : mapping
        Seconds of processor of each test.
    """

    def __init__(self, home: Path, timeout_s: float, seconds: Mapping[str, float]) -> None:
        self._home, self._timeout_s, self._seconds = home, timeout_s, seconds
        self._stamp = 1_000_000_000
        self._noticed: dict[str, Path] = {}
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(source, home / name, ignore=ignored)
            else:
                shutil.copy(source, home / name)
        self._forks = Forks(home, list(dict.fromkeys(map(_file_of, seconds))), timeout_s)

    def survives(self, mutant: Mutant, tests: Sequence[str], *, is_early: bool) -> bool:
        """Whether no test notices a change.

        With `is_early` it is in code that has run before the fork: what that has made is made
        anew before a change counts as not noticed.
        """
        place = self._home / mutant.path
        place.write_text(mutant.code)
        # Compiled files are told by their time, and two changes are made within a second.
        self._stamp += 10
        os.utime(place, (self._stamp, self._stamp))
        try:
            answer = self._forks.ask(self._order(mutant.path, mutant.code, tests))
            if answer.noticed:
                self._noticed[answer.noticed] = mutant.path
            if answer.is_elsewhere or (answer.is_passed and is_early):
                return self._survives_import(tests)
            return answer.is_passed
        finally:
            shutil.copy2(ROOT / mutant.path, place)

    def _order(self, path: Path, changed: str | None, tests: Sequence[str]) -> Order:
        seconds = {test: self._seconds.get(test, 1.0) for test in tests}
        return Order(path, source_of(path), changed, tuple(tests), seconds)

    def passes_unchanged(self, path: Path, tests: Sequence[str]) -> str:
        """What is said where tests do not pass without any change, both ways."""
        answer = self._forks.ask(self._order(path, None, tests))
        if not answer.is_passed:
            return f"in a fork: {answer.said}"
        if not self._passes(tests):
            return "imported anew: " + (self._home / "log").read_text()[-2000:]
        return ""

    def noticed_without_reason(self) -> str:
        """Output of a test that noticed a change and fails without any, too; none is right."""
        if not self._noticed:
            return ""
        path = next(iter(self._noticed.values()))
        answer = self._forks.ask(self._order(path, None, list(self._noticed)))
        return "" if answer.is_passed else answer.said

    def _survives_import(self, tests: Sequence[str]) -> bool:
        # Most are noticed by the first tests, and then the others need not be imported.
        files = list(dict.fromkeys(map(_file_of, tests)))
        parts = (files[:1], files[1:3], files[3:])
        return all(
            self._passes([test for test in tests if _file_of(test) in part]) for part in parts
        )

    def _passes(self, tests: Sequence[str]) -> bool:
        """Whether tests pass in the copy; what does not end in time does not.

        Tests may take five times the processor that they need without a change.
        """
        if not tests:
            return True
        seconds = sum(self._seconds.get(test, 1.0) for test in tests)
        child = os.fork()
        if child == 0:
            end_with(lambda: self._run(tests, 15 + 5 * seconds), self._home / "log")
        code = wait(child, self._timeout_s + 15 * seconds)
        if code in _NOT_RUN:
            sys.exit(f"pytest could not run {tests[:3]}: learn anew what tests reach.")
        return code == _PASSED

    def _run(self, tests: Sequence[str], cpu_s: float) -> int:
        """Run tests in this process."""
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s) + 5))
        move_to(self._home)
        files = dict.fromkeys(map(_file_of, tests))
        return int(pytest.main([*OPTIONS, "-x", *QUIET, *files], plugins=[_Chosen(tests)]))

    def stop(self) -> None:
        """End the process that forks."""
        self._forks.stop()


def _file_of(test: str) -> str:
    return test.partition("::")[0]
