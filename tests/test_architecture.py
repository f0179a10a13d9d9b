"""Imports run one way, heavy packages stay behind their border, and importing skydb is cheap.

``docs/architecture.md`` draws what is held here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "skydb"

#: ``skydb/__init__.py``: the version, and the door to the rest.
ROOT = ""

BELOW_SERVICES = {
    *("errors", "version", "interruption", "threads", "domain"),
    *("store", "files", "sky", "archive", "drizzle"),
}

#: What the modules of a layer may import of skydb, besides their own layer.
ALLOWED = {
    "errors": set[str](),
    "version": set[str](),
    "interruption": {"errors"},
    "threads": {"interruption"},
    "postponed": set[str](),
    "serving": set[str](),
    "domain": {"errors"},
    "store": {"errors", "interruption", "domain"},
    "files": {"errors", "interruption", "domain"},
    "sky": {"errors", "domain"},
    "archive": {"errors", "interruption", "domain", "files", "sky"},
    "drizzle": {"errors", "interruption", "threads", "postponed", "domain", "files", "sky"},
    "services": {*BELOW_SERVICES, ROOT},
    "api": {*BELOW_SERVICES, "services", ROOT},
    "report": {"errors", "version", "interruption", "domain", "store", "services", "api", ROOT},
    "browse": {"errors", "version", "serving", "domain", "store", "services", "api", "report"},
    "simulate": {"errors", "interruption", "serving", "domain", "files", "sky", "drizzle", ROOT},
    "cli": {"errors", "version", "interruption", "postponed", "api", "report", "simulate", ROOT},
    # The door for Python programs is a composition root, as the command line is.
    ROOT: {*BELOW_SERVICES, "services", "api", "report", "browse", "simulate"},
}

#: What the modules of a room of services may import of its siblings, besides `core`.
ROOMS = {
    "core": set[str](),
    "selftest": set[str](),
    "intake": set[str](),
    "catalogs": set[str](),
    "lookup": {"comparison"},
    "activities": {"skies"},
    "alignment": {"intake", "catalogs"},
    "skies": {"intake", "selftest"},
    "comparison": {"alignment"},
    "history": set[str](),
    "provenance": {"alignment", "selftest", "skies"},
    "bookkeeping": {"intake"},
    "fsck": set[str](),
}

#: Packages that only one layer may import, because of what they do when they are used.
BORDERS = {
    "astroquery": "archive",
    "drizzlepac": "drizzle",
    "stwcs": "drizzle",
    "stsci": "drizzle",
    "datasette": "browse",
}

#: Packages that cost seconds, hold global state or open connections when they are imported.
HEAVY = ("drizzlepac", "astroquery", "matplotlib.pyplot", "scipy")


@dataclass(frozen=True)
class Import:
    """One import of one module, wherever in the file it stands.

    An import for the type checker alone is no dependency of the running program.
    """

    importer: str
    imported: str
    line: int
    for_types: bool
    #: The package in whose name it was asked for: a room hands on what its modules make.
    asked: str

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}, imports {self.imported}"


def _layer(module: str) -> str:
    """``domain`` of ``skydb.domain.visit``, and nothing of ``skydb`` itself."""
    return module.partition(".")[2].partition(".")[0]


@cache
def _modules() -> dict[str, ast.Module]:
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


@pytest.fixture(scope="module", autouse=True)
def syntax_is_forgotten() -> Iterator[None]:
    """Free a million nodes for other modules."""
    yield
    _modules.cache_clear()


def _nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, lazy imports in functions included, and whether only a type checker runs it."""
    waiting = [(tree, False)]
    for node, for_types in waiting:
        checked = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        inner = [(child, for_types or checked) for child in ast.iter_child_nodes(node)]
        waiting.extend(inner)
        yield from inner


@cache
def _doors() -> dict[str, dict[str, str]]:
    """List the names that the door of every package exports, with their modules."""
    return {
        f"skydb.services.{stub.parent.name}": {
            alias.name: f"skydb.services.{stub.parent.name}.{node.module}"
            for node in ast.parse(stub.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for stub in sorted(PACKAGE.glob("services/*/__init__.pyi"))
    }


def _targets(node: ast.AST, importer: str) -> Iterator[tuple[str, str]]:
    """Modules that an import statement, or a call of import_module, leads to, and as asked for."""
    match node:
        case ast.Import(names=names):
            yield from ((alias.name, alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), names=names, level=0):
            for alias in names:
                submodule = f"{module}.{alias.name}"
                if submodule in _modules():
                    yield submodule, submodule
                else:
                    yield _doors().get(module, {}).get(alias.name, module), module
        case ast.ImportFrom():
            pytest.fail(f"{importer}, line {node.lineno}: write the import in full, not relative.")
        case ast.Call(
            func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            yield name, name


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(
        Import(importer, imported, getattr(node, "lineno", 0), for_types, asked)
        for importer, tree in _modules().items()
        for node, for_types in _nodes(tree)
        for imported, asked in _targets(node, importer)
    )


def _listed(problems: list[Import]) -> str:
    return "\n".join(map(str, problems))


def test_every_layer_has_its_place() -> None:
    assert {_layer(module) for module in _modules()} == set(ALLOWED)


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    allowed = {*ALLOWED[layer], layer}
    wrong = [
        found
        for found in _imports()
        if _layer(found.importer) == layer
        and found.imported.partition(".")[0] == "skydb"
        and _layer(found.imported) not in allowed
    ]
    assert not wrong, _listed(wrong)


def _place_in_services(module: str) -> tuple[str, str]:
    """Room and module of a module of services; empty where there is none."""
    _, layer, room, inner, *_ = (*module.split("."), "", "", "", "")
    return (room, inner) if layer == "services" else ("", "")


def test_every_module_of_services_stands_in_a_room() -> None:
    places = {_place_in_services(module) for module in _modules()} - {("", "")}
    assert {room for room, _ in places} == set(ROOMS)


def test_a_room_imports_only_the_siblings_that_it_declares() -> None:
    wrong = []
    for found in _imports():
        (mine, _), (other, _) = map(_place_in_services, (found.importer, found.imported))
        if mine and other not in ("", "core", mine) and other not in ROOMS[mine]:
            wrong.append(found)
    assert not wrong, _listed(wrong)


def test_the_rooms_are_not_declared_in_a_circle() -> None:
    TopologicalSorter(ROOMS).prepare()


def test_a_room_is_entered_by_its_one_door_only() -> None:
    wrong = []
    for found in _imports():
        (mine, _), (other, _) = map(_place_in_services, (found.importer, found.imported))
        if other and other != mine and found.asked != f"skydb.services.{other}":
            wrong.append(found)
    assert not wrong, _listed(wrong)


def test_a_door_hands_on_what_somebody_outside_the_room_uses() -> None:
    used: dict[str, set[str]] = {room: set() for room in _doors()}
    for tree in _modules().values():
        for node, _ in _nodes(tree):
            if isinstance(node, ast.ImportFrom) and node.module in used:
                names = {alias.name for alias in node.names}
                used[str(node.module)] |= {
                    name for name in names if f"{node.module}.{name}" not in _modules()
                }
    assert {room: set(names) for room, names in _doors().items()} == used


def test_what_a_door_hands_on_is_there() -> None:
    for room, names in _doors().items():
        package = import_module(room)
        for name in names:
            assert getattr(package, name) is getattr(import_module(names[name]), name)


@pytest.mark.parametrize("package", sorted(BORDERS))
def test_a_foreign_package_stays_behind_its_border(package: str) -> None:
    wrong = [
        found
        for found in _imports()
        if found.imported.partition(".")[0] == package
        and _layer(found.importer) != BORDERS[package]
    ]
    assert not wrong, _listed(wrong)


def test_nothing_uses_the_global_state_of_pyplot() -> None:
    wrong = [found for found in _imports() if found.imported == "matplotlib.pyplot"]
    assert not wrong, _listed(wrong)


def test_no_two_modules_need_each_other_to_be_imported() -> None:
    graph: dict[str, set[str]] = {module: set() for module in _modules()}
    for found in _imports():
        if not found.for_types and found.imported in graph and found.imported != found.importer:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize("module", ["skydb", "skydb.cli.main", "skydb.cli.app"])
def test_importing_skydb_is_cheap(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
