"""Try changes in a copy of the tree, each in a process forked from one that has imported a lot."""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.mutating.mutants import ROOT, Mutant

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
        for name in sorted(modules):
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
    """A copy of the tree in which changes are tried."""

    def __init__(self, home: Path, timeout_s: float) -> None:
        self._home, self._timeout_s = home, timeout_s
        self._stamp = 1_000_000_000
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(source, home / name, ignore=ignored)
            else:
                shutil.copy(source, home / name)

    def survives(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> bool:
        """Whether no test notices a change.

        Tests may take five times the processor that they need without it, which is `seconds`.
        """
        place = self._home / mutant.path
        place.write_text(mutant.code)
        # Compiled files are told by their time, and two changes are made within a second.
        self._stamp += 10
        os.utime(place, (self._stamp, self._stamp))
        # Most are noticed by the first tests, and then the others need not be imported.
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        parts = (files[:1], files[1:3], files[3:])
        try:
            return all(
                self.passes([test for test in tests if test.partition("::")[0] in part], seconds)
                for part in parts
            )
        finally:
            shutil.copy2(ROOT / mutant.path, place)

    @property
    def said(self) -> str:
        """The end of what the last run of tests printed."""
        return (self._home / "log").read_text()[-2000:]

    def passes(self, tests: Sequence[str], seconds: float) -> bool:
        """Whether tests pass in the copy; what does not end in time does not."""
        if not tests:
            return True
        child = os.fork()
        if child == 0:
            self._run(tests, 15 + 5 * seconds)
        end = time.monotonic() + self._timeout_s + 15 * seconds
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended or time.monotonic() > end:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child, signal.SIGKILL)
                if not ended:
                    os.waitpid(child, 0)
                code = os.waitstatus_to_exitcode(status) if ended else None
                if code in _NOT_RUN:
                    sys.exit(f"pytest could not run {tests[:3]}: learn anew what tests reach.")
                return code == _PASSED
            time.sleep(0.02)

    def _run(self, tests: Sequence[str], cpu_s: float) -> None:
        """Run tests in this process and end it."""
        code = 99
        try:
            os.setsid()
            log = os.open(self._home / "log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            os.dup2(log, 1)
            os.dup2(log, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s) + 5))
            os.chdir(self._home)
            os.environ["PYTHONPATH"] = str(self._home)
            # What is compiled stays compiled, but for the module that is changed.
            sys.dont_write_bytecode = False
            others = (one for one in sys.path if one not in (str(ROOT), ""))
            sys.path[:] = [str(self._home), *others]
            for name in [one for one in sys.modules if one.split(".")[0] in ("scripts", "tests")]:
                del sys.modules[name]
            files = dict.fromkeys(test.partition("::")[0] for test in tests)
            options = ("-x", "-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider")
            quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "--hypothesis-seed=0")
            code = int(pytest.main([*options, *quiet, *files], plugins=[_Chosen(tests)]))
        except BaseException:  # noqa: BLE001 - the process ends here
            traceback.print_exc(file=sys.__stderr__)
        finally:
            sys.__stderr__.flush() if sys.__stderr__ else None
            os._exit(code)
