"""Ends a command by a signal at the n-th step of skydb's own code, or within a scene.

Run as a program with the path of a document of plans; it answers with their trials. Each
trial is a fork of this process, which has imported everything: a step of the import is not
among the moments.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

PACKAGE = str(Path(__file__).resolve().parents[2] / "skydb")
#: Longest that a process is waited for; far beyond what is promised.
PATIENCE_S = 300.0
#: What :func:`prepare` has put something else in the place of.
REAL: dict[str, Any] = {}


@dataclass(frozen=True)
class Plan:
    """A command, and at which of its steps it is to be told to stop.

    Parameters
    ----------
    words : list of str
        The command.
    url, data : str
        The ledger.
    home : str
        The directory with everything, put back before each trial if `is_restored`.
    signals : list of str
        Names, taken in turn.
    shares : list of float
        Of all steps.
    scenes : list of str
        Functions of :mod:`tests.endtoend.scenes`, which send the signal themselves, instead.
    again : list of str or None
        What is run after each trial.
    """

    words: list[str]
    url: str
    data: str
    home: str
    signals: list[str]
    shares: list[float] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)
    again: list[str] | None = None
    is_restored: bool = True


@dataclass
class Trial:
    """Result of one trial."""

    step: int
    steps: int
    signal: str
    code: int
    seconds: float
    said: str
    states: dict[str, int] = field(default_factory=dict)
    left_open: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    again: int | None = None
    files_again: dict[str, str] = field(default_factory=dict)
    litter_again: list[str] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)


class Counter:
    """Counts calls within skydb, and sends a signal to its own process at one of them."""

    def __init__(self, at: int, number: signal.Signals, mark: Path) -> None:
        self.at, self.number, self.mark = at, number, mark
        self.count = 0

    def __call__(self, frame: Any, event: str, _: object) -> None:
        code = frame.f_code.co_filename
        if event == "call" and code.startswith(PACKAGE) and "/cli/" not in code:
            self.count += 1
            if self.count == self.at:
                sys.setprofile(None)
                threading.setprofile(None)
                self.mark.write_text(str(time.monotonic()))
                os.kill(os.getpid(), self.number)


@dataclass
class Tell:
    """Sends the signal to this process, and notes when."""

    number: signal.Signals
    mark: Path

    def __call__(self) -> None:
        self.mark.write_text(str(time.monotonic()))
        os.kill(os.getpid(), self.number)


def begin(
    words: Sequence[str],
    said: Path,
    counter: Counter | None = None,
    scene: Callable[[], None] | None = None,
) -> int:
    """Run a command in a fork; its process."""
    process = os.fork()
    if process:
        return process
    return _become(words, said, counter, scene)


def _become(
    words: Sequence[str],
    said: Path,
    counter: Counter | None,
    scene: Callable[[], None] | None,
) -> NoReturn:
    from skydb.cli.main import main

    stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if scene is not None:
        scene()
    if counter is not None:
        threading.setprofile(counter)
        sys.setprofile(counter)
    try:
        main(list(words))
    except SystemExit as end:
        sys.setprofile(None)
        if counter is not None:
            counter.mark.with_suffix(".count").write_text(str(counter.count))
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
    os._exit(99)


def end_of(process: int) -> int:
    """Exit code, negative after a signal; the process is killed when it does not end."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -999


def left_open(url: str) -> tuple[list[str], dict[str, int]]:
    """Rows that say that something goes on, and how many activities have which status."""
    from sqlalchemy import text

    from skydb.store.engine import open_engine, resolve_url

    engine = open_engine(resolve_url(url))
    with engine.connect() as connection:
        found = [
            *connection.execute(text("SELECT kind FROM activities WHERE status = 'running'")),
            *connection.execute(
                text("SELECT 'attempt' FROM run_attempts WHERE outcome = 'running'")
            ),
            *connection.execute(text("SELECT 'download' FROM downloads WHERE status IS NULL")),
        ]
        counted = "SELECT status, count(*) FROM activities GROUP BY status"
        states = {status: number for status, number in connection.execute(text(counted))}
    engine.dispose()
    return [kind for (kind,) in found], states


def litter_in(plan: Plan) -> list[str]:
    """Files that nobody asked for, in the user's directories and in skydb's."""
    data = Path(plan.data)
    scratch = data / "scratch"
    return [
        *(str(path) for path in Path(plan.home).rglob("*.part") if "partial" not in path.parts),
        *(str(path) for path in scratch.glob("*")),
    ]


def contents(plan: Plan) -> dict[str, str]:
    """Checksums of the user's own files, by name."""
    from skydb.files.checksum import sha256_of

    return {
        path.name: sha256_of(path)
        for path in sorted(Path(plan.home).rglob("*.fits"))
        if not path.is_relative_to(plan.data)
    }


def trial(plan: Plan, number: int, steps: int, work: Path) -> Trial:
    """One command that is told to stop, what it left, and the command that follows."""
    name = plan.signals[number % len(plan.signals)]
    said, mark = work / "said", work / "mark"
    mark.unlink(missing_ok=True)
    if plan.scenes:
        scene = getattr(import_module("tests.endtoend.scenes"), plan.scenes[number])
        step, tell = 0, Tell(signal.Signals[name], mark)
        process = begin(plan.words, said, scene=partial(scene, tell, plan))
    else:
        step = max(1, round(plan.shares[number] * steps))
        process = begin(plan.words, said, Counter(step, signal.Signals[name], mark))
    code = end_of(process)
    ended = time.monotonic()
    seconds = ended - float(mark.read_text()) if mark.is_file() else -1.0
    found = Trial(step, steps, name, code, seconds, said.read_text())
    pids = Path(plan.home) / "pids"
    if pids.is_file():
        found.processes = [int(pid) for pid in pids.read_text().split()]
    found.left_open, found.states = left_open(plan.url)
    found.litter, found.files = litter_in(plan), contents(plan)
    if plan.again is not None:
        found.again = end_of(begin(plan.again, work / "again"))
        found.said += f"\n--- again\n{(work / 'again').read_text()}"
        found.files_again, found.litter_again = contents(plan), litter_in(plan)
    return found


def run(plan: Plan, work: Path) -> list[Trial]:
    """All trials of a plan."""
    kept = work / "kept"
    if plan.is_restored:
        shutil.copytree(plan.home, kept, symlinks=True)

    def put_back() -> None:
        if plan.is_restored:
            shutil.rmtree(plan.home)
            shutil.copytree(kept, plan.home, symlinks=True)

    steps = 0 if plan.scenes else count_steps(plan, work)
    trials = []
    for number in range(len(plan.scenes or plan.shares)):
        put_back()
        trials.append(trial(plan, number, steps, work))
    put_back()
    return trials


def count_steps(plan: Plan, work: Path) -> int:
    """Count the steps of a command without interruption."""
    mark, said = work / "dry", work / "dry.said"
    code = end_of(begin(plan.words, said, Counter(-1, signal.SIGTERM, mark)))
    if code not in (0, 5):
        raise SystemExit(f"The command fails by itself:\n{said.read_text()}")
    return int(mark.with_suffix(".count").read_text())


def prepare() -> None:
    """Import what commands do, and put tools in the place of drizzlepac's."""
    import skydb.api.composition
    import skydb.cli.app
    import skydb.report.console
    import skydb.services.alignment.header_writes
    import skydb.services.intake.ingest
    import skydb.services.skies.skyrun
    import skydb.services.skies.write_headers
    import skydb.simulate.tiny  # noqa: F401
    from skydb.drizzle.runner import DrizzlepacRunner
    from tests.services.tools import Toolbox

    REAL["run"] = DrizzlepacRunner.run

    def fake(_: DrizzlepacRunner, *arguments: Any) -> dict[str, object]:
        return Toolbox().run(*arguments)

    DrizzlepacRunner.run = fake  # type: ignore[method-assign]


def program(path: str) -> None:
    """Do what a document says, and answer on stdout."""
    prepare()
    told = []
    for number, plan in enumerate(json.loads(Path(path).read_text(encoding="utf-8"))):
        work = Path(path).parent / f"trials-{number}"
        work.mkdir()
        told.append([asdict(one) for one in run(Plan(**plan), work)])
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    # By its name, so that scenes see the same module.
    import_module("tests.endtoend.moments").program(sys.argv[1])
