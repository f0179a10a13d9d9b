"""The real program, spoken to from a test."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.cli.main import run


@dataclass(frozen=True)
class Spoken:
    """Result of a command."""

    code: int
    out: str
    err: str = ""

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; anything else there is an error."""
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def skydb(*words: object) -> Spoken:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(word) for word in words])
    return Spoken(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class LedgerDirectory:
    """A directory with a ledger ``skydb.sqlite`` and its data.

    Parameters
    ----------
    path : Path
        The directory.
    database : str, optional
        Another database that has the ledger; the data stay in the directory.
    """

    path: Path
    database: str | None = None

    @property
    def url(self) -> str:
        return self.database or f"sqlite:///{self.path / 'skydb.sqlite'}"

    def __call__(self, *words: object) -> Spoken:
        """A command on this ledger."""
        data = ("--data", self.path / "skydb-data") if self.database else ()
        return skydb("--db", self.url, *data, *words)

    def json(self, *words: object, code: int = 0) -> Any:
        """The answer to a command that must end with an exit code."""
        spoken = self(*words, "--json")
        assert spoken.code == code, spoken.err
        return spoken.document

    def copied_to(self, target: Path, database: str | None = None) -> LedgerDirectory:
        """The ledger and its data, to be changed at will; in a database like it if one is given."""
        return LedgerDirectory(Path(shutil.copytree(self.path, target)), database)
