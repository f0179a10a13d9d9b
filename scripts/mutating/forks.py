"""Try changes of functions in forks of a process that has imported and collected everything.

That process runs pytest as far as the loop over its tests and then waits for orders. For each it
forks, puts the changed code into the functions that are there, and runs the tests that reach the
change, cheap ones first, until one fails. No database is open and no fixture is made before the
fork, but for those of a whole session that `BEFORE` names.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from scripts.mutating.mutants import ROOT
from scripts.mutating.swap import Functions, NotInFunctionsError

#: Fixtures that are files alone, made once before all forks.
BEFORE = ("sqlite_template",)
#: Seconds of processor for the body of a test: so many, and so many times what it needs unchanged.
FREE_S, TIMES = 2.0, 5.0
#: Seconds for which it may wait beside, on a machine that does other things too.
WAIT_S, WAIT_TIMES = 20.0, 15.0
OPTIONS = ("-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0")
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
PASSED, FAILED, BROKEN = 0, 1, 99
#: File that says which test has failed.
NOTICED = "noticed"


@dataclass(frozen=True)
class Order:
    """A change that is wanted; none to see that the tests pass without."""

    path: Path
    source: str
    changed: str | None
    tests: tuple[str, ...]
    seconds: dict[str, float]


@dataclass(frozen=True)
class Answer:
    """Whether all tests passed; whether a change has to be imported to be seen; who noticed."""

    is_passed: bool
    is_elsewhere: bool = False
    said: str = ""
    noticed: str = ""


def move_to(home: Path) -> None:
    """Have this process, and what it starts, import the copy at `home`."""
    os.chdir(home)
    os.environ["PYTHONPATH"] = str(home)
    # What is compiled stays compiled, but for the module that is changed.
    sys.dont_write_bytecode = False
    others = (one for one in sys.path if one not in (str(ROOT), ""))
    sys.path[:] = [str(home), *others]
    for name in [one for one in sys.modules if one.split(".")[0] in ("scripts", "tests")]:
        del sys.modules[name]


class Forks:
    """The process that forks; it is one itself."""

    def __init__(self, home: Path, files: Sequence[str], timeout_s: float) -> None:
        self._orders, theirs = Pipe()
        self._process = os.fork()
        if self._process == 0:
            self._orders.close()
            waiting = _Waiting(home, theirs, timeout_s)
            end_with(lambda: _collect(home, files, waiting), home / "collected.log")
        theirs.close()
        # A change on the disk before everything is imported would be in all forks.
        self._received()

    def ask(self, order: Order) -> Answer:
        """Have a change tried."""
        # One that has ended is noticed where its answer is read.
        with suppress(OSError):
            self._orders.send(vars(order))
        return Answer(**self._received())

    def _received(self) -> dict[str, Any]:
        try:
            received: dict[str, Any] = self._orders.recv()
        except (EOFError, OSError):
            sys.exit("The tests could not be collected; collected.log says why.")
        return received

    def stop(self) -> None:
        """End it."""
        self._orders.close()
        os.waitpid(self._process, 0)


def _collect(home: Path, files: Sequence[str], waiting: _Waiting) -> int:
    move_to(home)
    # Output is not caught: each fork would write where the others have.
    return int(pytest.main([*OPTIONS, *QUIET, "-s", "--tb=short", *files], plugins=[waiting]))


def end_with(work: Callable[[], int], log: Path) -> None:
    """Do something in this process, with its output in a file, and end the process."""
    code = BROKEN
    try:
        file = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(file, 1)
        os.dup2(file, 2)
        code = work()
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)


class _Only:
    """In place of a next test: only what is of the whole session stays."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        return [self._session]


class _Waiting:
    """A plugin of pytest: in place of its loop over tests, wait for orders."""

    def __init__(self, home: Path, orders: Connection, timeout_s: float) -> None:
        self._home, self._orders, self._timeout_s = home, orders, timeout_s
        self._seconds: dict[str, float] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Have hypothesis stop at the first example, and keep none for the next change."""
        import hypothesis

        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        base = hypothesis.settings.default
        hypothesis.settings.register_profile("mutate", base, phases=phases, database=None)
        hypothesis.settings.load_profile("mutate")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Answer until there are no more orders."""
        from sqlalchemy.orm import configure_mappers

        configure_mappers()
        items = {item.nodeid: item for item in session.items}
        self._make_before(session)
        self._functions = Functions(self._home)
        self._orders.send({})
        with suppress(EOFError):
            while True:
                answer = self._answer(Order(**self._orders.recv()), items)
                self._orders.send(vars(answer))
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """End a body that waits for what does not come; fixtures may run tools."""
        seconds = WAIT_TIMES * self._seconds.get(item.nodeid, 1.0)
        signal.setitimer(signal.ITIMER_REAL, WAIT_S + seconds)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _make_before(self, session: pytest.Session) -> None:
        """Run a test that needs the fixtures of a session, so that they are there."""
        for name in BEFORE:
            wanting = (one for one in session.items if name in one.fixturenames)  # type: ignore[attr-defined]
            if (first := next(wanting, None)) is not None:
                runtestprotocol(first, log=False, nextitem=_Only(session))  # type: ignore[arg-type]

    def _answer(self, order: Order, items: dict[str, pytest.Item]) -> Answer:
        swaps, self._seconds = {}, order.seconds
        if order.changed is not None:
            try:
                swaps = self._functions.swaps(order.path, order.source, order.changed)
            except (NotInFunctionsError, SyntaxError):
                return Answer(is_passed=False, is_elsewhere=True)
        tests = _ordered([items[one] for one in order.tests if one in items], order.seconds)
        if not tests:
            return Answer(is_passed=False, is_elsewhere=True)
        shutil.rmtree(self._home / "made", ignore_errors=True)

        def work() -> int:
            os.setsid()
            total = sum(order.seconds.values())
            limit = int(15 + 3 * total)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            self._functions.swap(swaps)
            return _run(tests, self._home / "made", order.seconds)

        return self._forked(work, sum(order.seconds.values()))

    def _forked(self, work: Callable[[], int], seconds: float) -> Answer:
        child = os.fork()
        log = self._home / "log"
        if child == 0:
            end_with(work, log)
        code = wait(child, self._timeout_s + 15 * seconds)
        if code == BROKEN:
            return Answer(is_passed=False, is_elsewhere=True)
        said, file = log.read_text(errors="replace")[-2000:], self._home / "made" / NOTICED
        noticed = file.read_text() if code == FAILED and file.exists() else ""
        return Answer(is_passed=code == PASSED, said=said, noticed=noticed)


def wait(child: int, seconds: float) -> int | None:
    """Exit code of a process, none of one that does not end in time; what it started ends too."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended or time.monotonic() > end:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            if not ended:
                os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status) if ended else None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def _ordered(items: Sequence[pytest.Item], seconds: dict[str, float]) -> list[pytest.Item]:
    """Cheap ones first; those that share a fixture of their file stay together."""
    shared: dict[str, float] = defaultdict(float)
    for item in items:
        shared[_group(item)] += seconds[item.nodeid]
    place = {item: place for place, item in enumerate(items)}
    return sorted(items, key=lambda item: (shared[_group(item)], _group(item), place[item]))


def _group(item: pytest.Item) -> str:
    definitions = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
    scopes = {one[-1].scope for one in definitions}
    return (
        item.nodeid.partition("::")[0] if scopes & {"module", "class", "package"} else item.nodeid
    )


def _run(items: Sequence[pytest.Item], made: Path, seconds: dict[str, float]) -> int:
    """Run tests until one fails; a body that takes far longer than without a change fails too."""
    made.mkdir()
    items[0].config._tmp_path_factory._basetemp = made  # type: ignore[attr-defined]

    def give_up(signum: int, frame: FrameType | None) -> None:
        os._exit(FAILED)

    signal.signal(signal.SIGPROF, give_up)
    signal.signal(signal.SIGALRM, give_up)
    for item, following in zip(items, [*items[1:], None], strict=True):
        signal.setitimer(signal.ITIMER_PROF, 8 + FREE_S + TIMES * seconds[item.nodeid])
        for report in runtestprotocol(item, log=False, nextitem=following):
            if report.failed:
                print(item.nodeid, report.longreprtext[-1500:])
                (made / NOTICED).write_text(item.nodeid)
                return FAILED
    return PASSED
