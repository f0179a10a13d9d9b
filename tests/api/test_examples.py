"""Every example in a docstring of the Python interface runs, on a ledger of its own."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import skydb
import skydb.api
from skydb.api.base import Group
from skydb.api.ledger import Ledger
from skydb.api.results import Result, Row
from skydb.simulate.archive import LoopbackArchive
from tests.api.story import Story, archive_of, told_once

MODULES = [
    *(f"skydb.api.{module.name}" for module in iter_modules(skydb.api.__path__)),
    *("skydb", "skydb.simulate.calling"),
]
FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def examples() -> Iterator[doctest.DocTest]:
    for name in MODULES:
        module = import_module(name)
        for found in doctest.DocTestFinder(exclude_empty=True).find(module, name):
            if found.examples:
                yield found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return told_once(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def archive(story: Story) -> Iterator[LoopbackArchive]:
    with archive_of(story) as archive:
        yield archive


@pytest.mark.slow
@pytest.mark.parametrize("example", [*examples()], ids=lambda example: example.name)
def test_example_runs(
    example: doctest.DocTest,
    story: Story,
    archive: LoopbackArchive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    said: list[str] = []
    with skydb.open(story.copy(tmp_path), archive=archive.url) as db:
        example.globs |= {"db": db, "skydb": skydb, "Row": Row}
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        runner.run(example, out=said.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def classes() -> list[type]:
    found = {
        one
        for name in MODULES
        for one in vars(import_module(name)).values()
        if inspect.isclass(one) and issubclass(one, (Group, Result)) and one is not Group
    }
    return sorted({*found, Ledger}, key=lambda one: one.__name__)


def methods() -> Iterator[tuple[str, object]]:
    for one in classes():
        for name, method in vars(one).items():
            if inspect.isfunction(method) and (not name.startswith("_") or name == "__call__"):
                yield f"{one.__name__}.{name}", method
    for base in Ledger.__mro__[1:-1]:
        for name, method in vars(base).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield f"Ledger.{name}", method


#: What is said once, for all results or for the ledger as such.
_PLAIN = {"Ledger.close", "Record.document", "Result.document", "Lineage.document"}


def test_every_public_method_has_an_example() -> None:
    bare = {name for name, method in methods() if ">>> " not in (inspect.getdoc(method) or "")}
    assert bare - _PLAIN == {name for name in bare if name.endswith(".of")}


def test_every_public_method_with_arguments_documents_them_and_its_errors() -> None:
    lacking = {
        (name, section)
        for name, method in methods()
        if len(inspect.signature(method).parameters) > 1 and not name.endswith(".of")  # type: ignore[arg-type]
        for section in ("Parameters\n---", "Raises\n---", "Examples\n---")
        if section not in (inspect.getdoc(method) or "")
    }
    assert lacking == {("Imported.counted", "Raises\n---")}
