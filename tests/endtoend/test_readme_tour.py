"""The commands of the README run from an empty directory, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.commands import LedgerDirectory
from tests.conftest import REPOSITORY

#: Made for a reader with time; here the same field is small.
SMALL = ("--tiles 2x2 --size 256", "--tiles 1x2 --size 128")
#: Exit codes that are right: the fits and skies of a field this small may be flagged.
RIGHT = (0, 5)


def shown() -> list[str]:
    """Commands of the tour and of the question in SQL, in the order of the page."""
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    part = page[page.index("## Ten minutes") :]
    return re.findall(r"^\$ skydb (.*?)(?: +#.*)?$", part, flags=re.MULTILINE)


@pytest.mark.slow
def test_every_command_of_the_readme_runs_from_an_empty_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = LedgerDirectory(tmp_path)
    commands = shown()
    assert commands[0] == "init" and len(commands) > 12
    for line in commands:
        answer = here(*shlex.split(line.replace(*SMALL)))
        assert answer.code in RIGHT, f"skydb {line}: {answer.err}"
    assert (tmp_path / "field.html").stat().st_size > 10_000
    assert (tmp_path / "figures" / "mdrizsky.png").exists()
