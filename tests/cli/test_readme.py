"""The README and the manual show commands that exist, and all of them."""

import re
import shlex

import pytest

from tests.cli.tree import called, leaves
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]

#: First screen of a terminal or a web page.
FIRST_SCREEN_LINES = 40


def _shown(text):
    return re.findall(r"^\$ (skydb .*?)(?: +#.*)?$", text, flags=re.MULTILINE)


COMMANDS = sorted({line for path in DOCUMENTS for line in _shown(path.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_shown_is_a_valid_call(line):
    # RUN, as in the table of the contract, stands for a number.
    words = ["1" if word in ("RUN", "A", "B", "ID") else word for word in shlex.split(line)]
    assert called(words[1:]).help


def test_the_table_of_commands_has_every_command_and_no_other():
    page = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.split("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", section, flags=re.MULTILINE)
    listed = [
        name for cell in cells for name in re.findall(r"`skydb ([a-z -]+?)(?= [A-Z\[\"]|`)", cell)
    ]
    assert sorted(listed) == sorted(str(leaf) for leaf in leaves() if not leaf.spec.hidden)


def test_both_scripts_and_a_picture_are_on_the_first_screen():
    first = "\n".join(README.splitlines()[:FIRST_SCREEN_LINES])
    assert "$ scripts/demo" in first
    assert "$ scripts/test" in first
    assert "![" in first


def test_every_link_to_a_file_leads_somewhere():
    for path in DOCUMENTS:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
