"""The rules of the house that a linter does not hold: how long, how honest, how documented."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

MEDIAN_FUNCTION_LINES = 8
LONG_FUNCTION_LINES = 50
LONG_FUNCTION_SHARE = 0.03
CLASS_LINES = 250
FILE_LINES = 400

#: Where numbers and decisions are made; the default of scripts/mutate.
CORE = (
    *("skydb/sky/", "skydb/domain/", "skydb/drizzle/effective.py"),
    *("skydb/services/alignment/", "skydb/services/intake/"),
)

#: Everything that belongs to the repository, without what tools leave beside it.
CONTENTS = (
    *("skydb", "migrations", "tests", "scripts", "docs", ".ci"),
    *("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "alembic.ini", ".gitignore"),
)

#: Places of one machine; written so that this file does not contain them.
MACHINE_PLACES = re.compile("|".join(("/wor" + "k/", "/tm" + "p/w/", "/roo" + "t/", "/hom" + "e/")))

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b")

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef


def _sources() -> list[Path]:
    return sorted((REPOSITORY / "skydb").rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _walked(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_parse(path)))


@pytest.fixture(scope="module", autouse=True)
def syntax_is_forgotten() -> Iterator[None]:
    """Every test reads the same trees; no other module has to live with a million nodes."""
    yield
    _parse.cache_clear()
    _walked.cache_clear()


def _nodes(kind: type[Node]) -> Iterator[tuple[str, Node]]:
    """Every node of a kind, and where it is."""
    for path in _sources():
        name = _name(path)
        for node in _walked(path):
            if isinstance(node, kind):
                yield f"{name}:{getattr(node, 'lineno', 0)}", node


def _length(node: Documented) -> int:
    """Lines of a definition, without its decorators and its docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        docstring = node.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def _functions() -> dict[str, int]:
    return {f"{place} {node.name}": _length(node) for place, node in _nodes(Function)}


def test_the_median_function_is_short() -> None:
    assert statistics.median(_functions().values()) <= MEDIAN_FUNCTION_LINES


def test_long_functions_are_rare() -> None:
    functions = _functions()
    long = {name: lines for name, lines in functions.items() if lines > LONG_FUNCTION_LINES}
    assert len(long) <= LONG_FUNCTION_SHARE * len(functions), long


def test_no_class_is_too_long() -> None:
    classes = _nodes(ast.ClassDef)
    long = {place: _length(node) for place, node in classes if _length(node) > CLASS_LINES}
    assert not long


# Not migrations: they are made by a program and never changed again.
@pytest.mark.parametrize("place", ["skydb", "tests"])
def test_no_file_is_too_long(place: str) -> None:
    files = (REPOSITORY / place).rglob("*.py")
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in ("Exception", "BaseException") for one in caught)


def test_whoever_catches_everything_raises_again() -> None:
    swallowing = [
        place
        for place, node in _nodes(ast.ExceptHandler)
        if _catches_everything(node)
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert not swallowing


def _is_frozen(decorator: ast.expr) -> bool:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return any(ast.unparse(one) == "frozen=True" for one in keywords)


def test_values_of_the_core_do_not_change() -> None:
    """A result computed from a value stays true, and a value may be a key."""
    changing = [
        node.name
        for place, node in _nodes(ast.ClassDef)
        if place.startswith(CORE)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator) and not _is_frozen(decorator)
    ]
    assert changing == ["AttemptLog"]


def _writes(node: ast.With) -> bool:
    """Whether it is a block of a unit of work."""
    return any(ast.unparse(item.context_expr).endswith(".writing()") for item in node.items)


def _commits(block: ast.AST) -> bool:
    calls = (node for node in ast.walk(block) if isinstance(node, ast.Call))
    return any(ast.unparse(call.func).endswith(".commit") for call in calls)


def test_every_block_that_writes_commits() -> None:
    blocks = [(place, node) for place, node in _nodes(ast.With) if _writes(node)]
    assert blocks
    assert [place for place, node in blocks if not _commits(node)] == []


def test_only_the_command_line_prints() -> None:
    printing = [
        place
        for place, node in _nodes(ast.Call)
        if not place.startswith("skydb/cli/") and ast.unparse(node.func) == "print"
    ]
    assert not printing


def test_nothing_is_left_unfinished() -> None:
    unfinished = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in _sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not unfinished


def _public(body: list[ast.stmt]) -> Iterator[Documented]:
    """Public functions and classes, and the public methods of the latter."""
    for node in body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def _may_be_silent(node: Documented) -> bool:
    """Overloads, overrides, setters and bare members of protocols: documented elsewhere."""
    if isinstance(node, Function) and ast.unparse(node.body[-1]) == "...":
        return True
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    return bool(decorators & {"overload", "override", "setter"})


def test_everything_public_has_a_docstring() -> None:
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in _sources()
        for node in _public(_parse(path).body)
        if ast.get_docstring(node) is None and not _may_be_silent(node)
    ]
    assert not silent


def test_every_module_has_a_docstring() -> None:
    assert [_name(path) for path in _sources() if ast.get_docstring(_parse(path)) is None] == []


def _texts() -> Iterator[tuple[str, str]]:
    for name in CONTENTS:
        place = REPOSITORY / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield _name(path), path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_place_of_one_machine() -> None:
    naming = [name for name, text in _texts() if MACHINE_PLACES.search(text)]
    assert not naming


def test_the_changelog_says_what_is_not_released_yet() -> None:
    assert "\n## Unreleased\n" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
