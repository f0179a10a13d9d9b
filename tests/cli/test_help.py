"""Help that the program itself gives."""

import shlex
import subprocess
import sys

import pytest

from tests.cli.tree import Leaf, called, leaves, root_options
from tests.commands import skydb

EVERY = pytest.mark.parametrize("leaf", leaves(), ids=str)

#: Commands of the contract that exist; each issue adds its own.
PROMISED = [
    "init", "db upgrade", "db current", "db check", "simulate", "ingest", "inspect headers",
    "inspect wcs", "refcat import", "refcat list", "align run", "align show", "align plot",
    "align accept", "align reject", "align history", "sky run", "sky compare", "sql", "report",
    "demo",
]  # fmt: skip

#: Too heavy for a program that only prints its help.
HEAVY = {
    "alembic", "astropy", "astroquery", "drizzlepac", "jinja2", "matplotlib", "numpy", "pandas",
    "PIL", "scipy", "sqlalchemy", "stsci",
}  # fmt: skip


def _example(leaf: Leaf) -> list[str]:
    (line,) = [line for line in leaf.spec.help.splitlines() if line.startswith("Example: ")]
    return shlex.split(line.removeprefix("Example: "))


@pytest.mark.parametrize("command", PROMISED)
def test_a_promised_command_exists(command):
    assert command in [str(leaf) for leaf in leaves()]


@EVERY
def test_help_of_every_command_says_what_it_does_and_shows_an_example(leaf):
    shown = skydb(*leaf.words, "--help")
    assert shown.code == 0
    assert shown.err == ""
    assert f"Usage: skydb {leaf}" in shown.out
    assert "Example: skydb " in shown.out


@pytest.mark.parametrize("words", [(), ("sky",), ("align",), ("runs",), ("books",)])
@pytest.mark.parametrize("width", ["60", "80"])
def test_what_commands_do_is_listed_in_whole_sentences(words, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    listed = skydb(*words, "--help").out.partition("Commands:")[2]
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= int(width)


@EVERY
def test_the_example_of_every_command_is_a_valid_call_of_that_command(leaf):
    program, *words = _example(leaf)
    assert program == "skydb"
    assert called(words).help == leaf.spec.help


@EVERY
def test_every_option_and_argument_says_what_it_is(leaf):
    silent = [one.name for one in (*leaf.spec.params, *root_options()) if not one.help]
    assert silent == []


@EVERY
def test_every_sentence_of_help_ends(leaf):
    assert all(one.help.rstrip().endswith(".") for one in leaf.spec.params)


def test_help_of_the_program_lists_the_exit_codes():
    shown = " ".join(skydb("--help").out.split())
    meanings = ("done", "the work failed", "wrong usage", "schema", "not found", "done, but")
    assert all(f"{code} {meaning}" in shown for code, meaning in enumerate(meanings))


def test_help_does_not_load_what_only_work_needs():
    program = (
        "import sys; from skydb.cli.main import run; code = run(['--help']);"
        "print(*{name.split('.')[0] for name in sys.modules}); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    help_text, _, loaded = done.stdout.strip().rpartition("\n")
    assert "Usage: skydb" in help_text
    assert HEAVY & set(loaded.split()) == set()


@pytest.mark.parametrize("group", ["db", "inspect", "refcat", "align", "sky"])
def test_a_group_alone_shows_its_commands_and_is_wrong_usage(group):
    alone = skydb(group)
    assert alone.code == 2
    assert f"Usage: skydb {group}" in alone.out + alone.err
