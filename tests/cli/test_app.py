"""The tree of commands: one that is called brings its modules, and is as in the whole tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import skydb.cli
from skydb.cli.app import MODULES, command_tree, placed
from tests.commands import skydb as run_line

ALONE = """
import sys
from skydb.cli.app import command_tree, placed
words = placed(sys.argv[1:])
tree = command_tree(words)
def named(tree, before=()):
    for name, one in getattr(tree, "commands", {}).items():
        yield " ".join((*before, name))
        yield from named(one, (*before, name))
print(*named(tree), sep="\\n")
"""

OF_MODULES = """
import json, typer
from importlib import import_module
from skydb.cli.app import MODULES
found = {}
for module in {its[0] for its in MODULES.values() if its}:
    made = typer.Typer()
    import_module(f"skydb.cli.{module}").attach(made)
    commands = [one.name or one.callback.__name__ for one in made.registered_commands]
    found[module] = commands + [one.name for one in made.registered_groups]
print(json.dumps(found))
"""


def _named(tree: object, before: tuple[str, ...] = ()) -> list[str]:
    below = getattr(tree, "commands", {})
    return [
        name
        for word, one in below.items()
        for name in (" ".join((*before, word)), *_named(one, (*before, word)))
    ]


def _alone(*words: str, **env: str) -> list[str]:
    command = [sys.executable, "-c", ALONE, *words]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **env}
    )
    return done.stdout.splitlines()


def test_every_module_with_commands_is_listed() -> None:
    modules = sorted(path.stem for path in Path(skydb.cli.__path__[0]).glob("*.py"))
    with_commands = {
        module
        for module in modules
        if module != "app" and hasattr(import_module(f"skydb.cli.{module}"), "attach")
    }
    # Four belong to a group of another module, which attaches them.
    within = {"compare", "sky_advise", "sky_audit", "sky_display", "retention", "custody"}
    assert {m for modules in MODULES.values() for m in modules} == with_commands - within


def test_modules_have_the_commands_that_they_are_listed_for() -> None:
    # In a process of its own: what is attached twice is there twice.
    done = subprocess.run(
        [sys.executable, "-c", OF_MODULES], check=True, capture_output=True, text=True
    )
    listed: dict[str, set[str]] = {}
    for name, its in MODULES.items():
        for module in its[:1]:
            listed.setdefault(module, set()).add(name)
    assert {module: set(names) for module, names in json.loads(done.stdout).items()} == listed


@pytest.mark.parametrize("name", ["align", "sky", "runs", "db", "findings", "status"])
def test_a_command_that_is_called_is_as_in_the_whole_tree(name: str) -> None:
    of_all = [one for one in _named(command_tree()) if one.split()[0] == name]
    alone = _alone(name)
    assert [one for one in alone if one.split()[0] == name] == of_all
    assert len(alone) < len(_named(command_tree())) / 2


@pytest.mark.parametrize(
    "words", [(), ("--help",), ("-h", "status"), ("statsu",), ("--version",), ("--", "status")]
)
def test_a_line_that_may_want_all_commands_gets_them(words: tuple[str, ...]) -> None:
    assert _alone(*words) == _named(command_tree())


def test_a_shell_that_completes_a_line_gets_all_commands() -> None:
    assert _alone("status", _SKYDB_COMPLETE="complete_bash") == _named(command_tree())


@pytest.mark.parametrize(
    "words",
    [
        ("--db", "align", "status"),
        ("--quiet", "status", "--by", "program"),
        ("status", "--data=sky", "--wide"),
    ],
)
def test_options_before_a_command_do_not_hide_it(words: tuple[str, ...]) -> None:
    assert _alone(*words) == _alone("status")
    assert "status" in placed(words)


def test_commands_come_in_one_order_whatever_was_called_before() -> None:
    names = list(MODULES)
    listed = [one for one in _named(command_tree()) if " " not in one]
    assert listed == sorted(listed, key=names.index)
    command_tree(["sky"])
    assert [one for one in _named(command_tree()) if " " not in one] == listed


@pytest.mark.parametrize("first", ["sky", "align", "db"])
def test_a_group_has_its_commands_in_one_order_whatever_was_called_before(first: str) -> None:
    script = f"""
import json, sys
from skydb.cli.app import command_tree
command_tree(["{first}"])
print(json.dumps(list(command_tree().commands["align"].commands)))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    names = json.loads(done.stdout)
    assert names[-4:] == ["diff", "restore", "export", "changes"], names


def test_a_tree_to_look_at_is_not_the_one_that_lines_run_in() -> None:
    tree: Any = command_tree()
    alone = tree.commands["runs"].commands["show"]
    # Outside of the tree a command has no `-h`, and keeps that.
    assert "-h" not in alone.get_help_option_names(alone.make_context("show", ["3"]))
    assert run_line("runs", "show", "-h").code == 0
    assert command_tree() is not tree
    assert command_tree(["status"]) is command_tree(["status"])
