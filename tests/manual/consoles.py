"""Console blocks of the manual: what they show, how to run them, and how to write them anew.

A block is fenced as ``console``; its commands begin with ``$``. As many lines of output stay as the
page has, before and after a line ``...``. A page may go on where another ends, which its first line
says: ``<!-- goes on from howto/three-visits.md -->``. ``# exit code 1`` after a command says how it
ends; without it 0 and 5 are right.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"

#: Commands that install, measure or test for a long time, and servers; where each is run.
ELSEWHERE = {
    r"scripts/(demo|test|docs|release-check|bench|torture|mutate)\b": "by themselves",
    r"(\S*/)?pip install ": "scripts/setup-env, scripts/release-check",
    r"python3 -m venv ": "scripts/setup-env, scripts/release-check",
    r"skydb (demo|doctor)\b": "scripts/demo, tests/services/selftest",
    r"skydb browse\b": "tests of the pages",
    r"dask (scheduler|worker)\b": "tests/services/skies, by the same classes of distributed",
    r"pytest --mpl-generate-path": "after a change of a figure",
}
#: What pages are written with: a terminal of this width, a user of this name.
SURROUNDINGS = {"COLUMNS": "100", "LOGNAME": "ana", "USER": "ana"}
#: Where pages are run, and the directory that they show in its place.
_PLACE = re.compile(r"/[^\s'\"]*/here(?=[/\s'\"]|$)")
_SHOWN_PLACE = "/data/hst"


@dataclass(frozen=True)
class Shown:
    """A command on a page; ``first`` and ``last`` enclose the lines of its output."""

    command: str
    exit_codes: tuple[int, ...]
    output: tuple[str, ...]
    first: int
    last: int

    @property
    def is_elsewhere(self) -> bool:
        """Whether something else than this module runs it."""
        return any(re.match(pattern, self.command) for pattern in ELSEWHERE)


def shown(text: str) -> Iterator[Shown]:
    """Commands of a page, in their order."""
    lines = text.splitlines()
    in_block, starts = False, []
    for number, line in enumerate(lines):
        if line.startswith("```"):
            in_block = line.strip() == "```console"
            starts.append((number, False))
        elif in_block and line.startswith("$ "):
            starts.append((number, True))
    starts.append((len(lines), False))
    for (number, is_command), (end, _) in pairwise(starts):
        if is_command:
            yield _shown(lines, number, end)


def _shown(lines: list[str], number: int, end: int) -> Shown:
    command, first = lines[number][2:], number + 1
    while command.endswith("\\"):
        command = f"{command[:-1]} {lines[first].strip()}"
        first += 1
    command, _, remark = command.partition("  #")
    code = re.search(r"exit code (\d+)", remark)
    codes = (int(code[1]),) if code else (0, 5)
    return Shown(command.strip(), codes, tuple(lines[first:end]), first, end)


def origin(text: str) -> str | None:
    """Page that a page goes on from."""
    found = re.search(r"<!-- goes on from (\S+) -->", text)
    return found[1] if found else None


def missing(output: tuple[str, ...], said: str) -> list[str]:
    """Lines of output on a page that a command did not say; numbers may differ."""
    there = {_masked(line) for line in said.splitlines()}
    return [line for line in output if line.strip() != "..." and _masked(line) not in there]


def _masked(line: str) -> str:
    line = re.sub(r"\b[0-9a-f]{12,}\b|(?<![A-Za-z0-9_])[-+]?\d[\d.,:e+-]*", "#", line)
    return " ".join(re.sub(r"─+|-{3,}", "─", line).split())


def renewed(text: str, said: list[str]) -> str:
    """A page with what its commands said this time."""
    lines = text.splitlines()
    for one, answer in reversed(list(zip(shown(text), said, strict=True))):
        lines[one.first : one.last] = _shortened(one.output, answer)
    return "\n".join(lines) + "\n"


def _shortened(old: tuple[str, ...], answer: str) -> list[str]:
    new = [line.rstrip() for line in answer.splitlines() if line.strip()]
    if "..." not in old:
        return new if old else []
    before = old.index("...")
    after = len(old) - before - 1
    if before + after >= len(new):
        return new
    return [*new[:before], "...", *new[len(new) - after :]]


@dataclass
class Console:
    """A shell that has one directory and knows ``skydb``, ``export`` and what the system has.

    Parameters
    ----------
    directory : Path
        Where commands run.
    instead : mapping of str to str, optional
        Words of a page, such as the URL of a server, and what stands for them here.
    """

    directory: Path
    instead: Mapping[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, command: str) -> tuple[int, str]:
        """Run a command: its exit code, and all that it said."""
        for word, here in self.instead.items():
            command = command.replace(word, here)
        words = shlex.split(command)
        if words[0] == "export":
            self.environment |= dict(word.split("=", maxsplit=1) for word in words[1:])
            return 0, ""
        with self._here():
            code, said = self._skydb(words[1:]) if words[0] == "skydb" else self._system(command)
        for word, here in self.instead.items():
            said = said.replace(here, word)
        return code, _PLACE.sub(_SHOWN_PLACE, said)

    @contextmanager
    def _here(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update({**SURROUNDINGS, **self.environment})
        try:
            with chdir(self.directory):
                yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _skydb(self, words: list[str]) -> tuple[int, str]:
        from skydb.cli.main import run

        said = io.StringIO()
        remarks = io.StringIO()
        with redirect_stdout(said), redirect_stderr(remarks):
            code = run(words)
        return code, said.getvalue() + remarks.getvalue()

    def _system(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", command],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout
