"""Changed code finds its way into functions that are there, and is refused where it cannot."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scripts.mutating.swap import Functions, NotInFunctionsError, changed_functions

SOURCE = """\
from functools import cache, cached_property
LIMIT = 3
def over(value, limit=LIMIT):
    return value > limit
@cache
def twice(value):
    return [one * 2 for one in (value,)][0]
class Place:
    size = 1
    @property
    def half(self):
        return self.size / 2
    @cached_property
    def third(self):
        return (lambda: self.size / 3)()
    @staticmethod
    def zero():
        return 0
def outer(factor):
    def inner(value):
        return value + factor
    return inner
add = outer(1)
"""
IN_FUNCTIONS = [
    ("value > limit", "value >= limit", "over(3)", True),
    ("one * 2", "one * 3", "twice(2)", 6),
    ("size / 2", "size * 2", "Place().half", 2),
    ("size / 3", "size * 3", "Place().third", 3),
    ("return 0", "return 1", "Place.zero()", 1),
    ("value + factor", "value - factor", "add(5)", 4),
]
ON_IMPORT = [
    ("LIMIT = 3", "LIMIT = 4"),
    ("limit=LIMIT", "limit=None"),
    ("@cache\n", ""),
    ("size = 1", "size = 2"),
    ("@property", "@staticmethod"),
    ("outer(1)", "outer(2)"),
]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of a copy of skydb that has been imported, and has answered once."""
    package = tmp_path / "skydb_of_a_copy"
    package.mkdir()
    (package / "trial.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = importlib.import_module("skydb_of_a_copy.trial")
    assert found.twice(2) == 4
    yield found
    for name in ("skydb_of_a_copy.trial", "skydb_of_a_copy"):
        del sys.modules[name]


def test_a_change_of_a_function_shows_at_once(module: ModuleType, tmp_path: Path) -> None:
    functions = Functions(tmp_path)
    path = Path("skydb_of_a_copy/trial.py")
    for old, new, asked, answer in IN_FUNCTIONS:
        functions.swap(functions.swaps(path, SOURCE, SOURCE.replace(old, new)))
        assert eval(asked, vars(module)) == answer, asked


@pytest.mark.parametrize(("old", "new"), ON_IMPORT)
def test_what_runs_on_import_has_to_be_imported(old: str, new: str) -> None:
    changed = SOURCE.replace(old, new)
    assert changed != SOURCE
    codes = [compile(text, "trial", "exec") for text in (SOURCE, changed)]
    with pytest.raises(NotInFunctionsError):
        changed_functions(*codes)


def test_lines_that_move_are_no_change() -> None:
    old, new = (compile(text, "trial", "exec") for text in (SOURCE, "\n\n" + SOURCE))
    assert changed_functions(old, new) == {}
