"""A place where commands are tried: exposures, a ledger, and a copy to begin again from."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from scripts.torturing import process
from scripts.torturing.agent import Agent
from scripts.torturing.process import Ending
from tests.postgres import PostgresServer

#: Longest that a server may recover.
_RECOVERY_S = 60.0
#: A step at which a command that runs has a row and scratch directories.
_MIDST = 5
_RUNNING = "FROM activities WHERE status = 'running'"
_ELSEWHERE = (
    "UPDATE processes SET host = 'elsewhere', machine = 'elsewhere'"
    f" WHERE id IN (SELECT process_id {_RUNNING})"
)
_NEWEST = {
    "DEAD": f"SELECT MAX(id) {_RUNNING}",
    "ALIGNMENT": "SELECT MAX(id) FROM activities WHERE kind = 'alignment'",
    "SKY": "SELECT MAX(id) FROM activities WHERE kind = 'sky-run'",
    "WRITE": "SELECT MAX(id) FROM activities WHERE kind = 'header-write'",
    "VISIT": "SELECT MIN(program || number) FROM visits",
    "ENTRY": "SELECT MAX(id) FROM book_entries",
    "SOLUTION": "SELECT MIN(s.id) FROM alignment_solutions s"
    " JOIN products p ON p.id = s.product_id WHERE p.exposure_id IS NOT NULL",
}


class StageError(RuntimeError):
    """A command that nobody disturbs has failed: nothing can be learned from it."""


@dataclass
class Stage:
    """A directory with a ledger, where a trial leaves what it leaves.

    Parameters
    ----------
    home : Path
        ``home/files`` are the user's own files; it is always in the same place, for a ledger
        knows files by their paths.
    server : PostgresServer or None
        Where the ledger is; in SQLite, below `home`, without one.
    """

    home: Path
    server: PostgresServer | None = None
    _database: str | None = field(default=None, init=False)
    _saved: str | None = field(default=None, init=False)
    _other: str | None = field(default=None, init=False)
    _prepared: object = field(default=None, init=False)

    @property
    def files(self) -> Path:
        """The user's own files."""
        return self.home / "files"

    @property
    def url(self) -> str:
        """The ledger."""
        if self.server is None:
            return f"sqlite:///{self.home}/ledger.sqlite"
        assert self._database is not None
        return self.server.url(self._database)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of every command here."""
        return {
            "SKYDB_URL": self.url,
            "SKYDB_DATA": str(self.home / "data"),
            "TMPDIR": str(self.home / "tmp"),
            "HOME": str(self.home / "user"),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    @property
    def other_url(self) -> str:
        """A second database, empty at first and dropped after the trial."""
        if self.server is None:
            return f"sqlite:///{self.home}/other.sqlite"
        if self._other is None:
            self._other = self.server.create_database()
        return self.server.url(self._other)

    def prepare(
        self,
        source: Path,
        commands: Sequence[Sequence[str]],
        *,
        is_bare: bool = False,
        dead: Sequence[str] = (),
    ) -> None:
        """Put files and a new ledger here, run some commands, and remember all that.

        What is remembered already is not made again; a bare place has no ledger. A dead
        command is killed, as on a machine of which nothing is known.
        """
        wanted = (source, tuple(commands), is_bare, tuple(dead))
        if self._prepared == wanted:
            return
        self._prepared = None
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(source, self.home)
        for name in ("tmp", "user"):
            (self.home / name).mkdir(parents=True)
        if self.server is not None:
            self._database = self.server.create_database()
        for words in (*((("init",),) if not is_bare else ()), *commands):
            self.must(self.filled(words))
        if dead:
            self._kill_elsewhere(dead)
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self.home, self._copy, symlinks=True)
        if self.server is not None:
            self._saved, self._database = self._database, None
            self.server.freeze(self._saved or "")
        self._prepared = wanted

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Begin with what was remembered, and throw away what comes of it."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self._copy, self.home, symlinks=True)
        if self.server is not None:
            self._database = self.server.create_database(self._saved)
            # A sequence that was copied is only safe from a crash after the next checkpoint.
            self.server.checkpoint()
        try:
            yield
        finally:
            if self.server is not None and self._database is not None:
                self.server.drop_database(self._database)
                self._database = None
            if self.server is not None and self._other is not None:
                self.server.drop_database(self._other)
                self._other = None

    def run(self, words: Sequence[str], agent: Agent | None = None, *, until: str = "") -> Ending:
        """Run a command here, if told until it says something."""
        return process.run(words, self.home, self.environment, agent, until)

    def filled(self, words: Sequence[str]) -> tuple[str, ...]:
        """A command with the names of runs and visits, which the ledger knows."""
        known = {
            "LEDGER": self.url,
            "COPY": f"sqlite:///{self.home}/copy.sqlite",
            "DEMO": f"sqlite:///{self.home}/demo/skydb.sqlite",
        }
        if "OTHER" in words:
            known["OTHER"] = self.other_url
        if "READER" in words:  # Roles belong to the whole server.
            known["READER"] = f"reader_{self._database}"
        known |= {
            name: str(self.ask(question)[0][0])
            for name, question in _NEWEST.items()
            if name in words
        }
        return tuple(known.get(word, word) for word in words)

    def must(self, words: Sequence[str]) -> Ending:
        """Run a command that has to end well.

        Raises
        ------
        StageError
            When it does not.
        """
        ending = self.run(words)
        if ending.code not in (0, 5):
            raise StageError(f"skydb {' '.join(words)}: {ending.code}\n{ending.err[-2000:]}")
        return ending

    def _kill_elsewhere(self, words: Sequence[str]) -> None:
        """Kill a command in the middle of its work, and say that it was on another machine."""
        ending = self.run(self.filled(words), Agent(self.home, _MIDST))
        if ending.code != -signal.SIGKILL:
            raise StageError(f"skydb {' '.join(words)} ended before it was killed.")
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(_ELSEWHERE))
        engine.dispose()
        self.must(("fsck", "--repair"))

    def ask(self, question: str, url: str | None = None) -> list[tuple[object, ...]]:
        """Rows of an answer of the ledger, or of another one."""
        engine = create_engine(url or self.url)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(question))]
        finally:
            engine.dispose()

    def wait_for_server(self) -> None:
        """Wait until the database can be asked, which takes a moment when it recovers."""
        deadline = time.monotonic() + _RECOVERY_S
        while True:
            try:
                self.ask("SELECT 1")
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    @property
    def _copy(self) -> Path:
        return self.home.with_name(f"{self.home.name}.saved")
