"""Pages of the manual whose commands were run, each once for all workers."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.manual.consoles import DOCS, Console, origin, shown

#: Pages that need a server; what goes on from them runs them again in its own directory.
WITH_SERVER = ("howto/postgresql.md", "howto/cluster.md")
#: Directory of the pages that is not made by a command: logs of earlier years.
OLD_RUNS = "runs-2019"


@dataclass(frozen=True)
class Walked:
    """What the commands of a page said, with their exit codes, in their order."""

    directory: Path
    said: list[tuple[int, str]]


class Walks:
    """Runs pages from top to bottom.

    Parameters
    ----------
    home : Path
        Directory that all workers share.
    old_runs : callable
        Gives the logs of runs that were made without skydb.
    """

    def __init__(self, home: Path, old_runs: Callable[[], Path]) -> None:
        self.home = home
        self.old_runs = old_runs

    def ended(self, page: str) -> Walked:
        """Directory in which a page was run; to be copied and not changed."""
        root = self.home / f"manual-{page.replace('/', '-')}"
        with root.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            record = root / "said.json"
            if not record.exists():
                shutil.rmtree(root, ignore_errors=True)
                root.mkdir()
                said = self.walk(page, Console(root / "here"))
                record.write_text(json.dumps(said))
            return Walked(root / "here", [tuple(one) for one in json.loads(record.read_text())])

    def walk(self, page: str, console: Console) -> list[tuple[int, str]]:
        """Run a page in the directory of a console, after the page that it goes on from."""
        text = (DOCS / page).read_text(encoding="utf-8")
        before = origin(text)
        if before in WITH_SERVER:
            self.walk(before, console)
        elif before is not None:
            shutil.copytree(self.ended(before).directory, console.directory)
        else:
            console.directory.mkdir()
        if OLD_RUNS in text:
            shutil.copytree(self.old_runs(), console.directory / OLD_RUNS)
        return [
            (one.exit_codes[0], "\n".join(one.output)) if one.is_elsewhere else console(one.command)
            for one in shown(text)
        ]


@pytest.fixture(scope="session")
def walks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walks:
    """Pages are run by the first test that needs them; the other workers wait."""
    base = tmp_path_factory.getbasetemp()
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Walks(home, lambda: request.getfixturevalue("test_data") / "horsehead_runs")
