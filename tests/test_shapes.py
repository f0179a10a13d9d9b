"""What the core's values and functions are when nobody says otherwise: defaults and kinds.

A default that decides something, a property that becomes a method, a value that can change: one
that is kept here changes on purpose only. What is new or gone is no matter. ``SKYDB_KEEP=1``
writes anew what is kept.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "tests" / "kept" / "shapes.json"
PLACES = (
    *("skydb/sky", "skydb/domain", "skydb/drizzle/effective.py"),
    *("skydb/services/alignment", "skydb/services/intake"),
)
_KINDS = (property, functools.cached_property, classmethod, staticmethod)
_FLAGS = ("init", "repr", "eq", "order", "unsafe_hash", "frozen")


def _modules() -> Iterator[str]:
    for place in PLACES:
        paths = sorted((ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]
        for path in paths:
            if path.name != "__init__.py":
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _shapes(module: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one in vars(importlib.import_module(module)).items():
        if inspect.isclass(one) and one.__module__ == module:
            found |= dict(_of_class(name, one))
        elif callable(one) and getattr(one, "__module__", None) == module:
            found[name] = _of_function(one)
    return found


def _of_class(name: str, one: type) -> Iterator[tuple[str, str]]:
    if dataclasses.is_dataclass(one):
        flags = getattr(one, "__dataclass_params__")  # noqa: B009 - it has no public name
        told = [f"{flag}={getattr(flags, flag)}" for flag in _FLAGS]
        told += [_of_field(field) for field in dataclasses.fields(one)]
        yield name, "; ".join(told)
    for attribute, value in vars(one).items():
        if isinstance(value, _KINDS):
            inner = getattr(value, "fget", getattr(value, "func", getattr(value, "__func__", None)))
            yield f"{name}.{attribute}", f"{type(value).__name__} {_of_function(inner)}"
        elif inspect.isfunction(value) and not attribute.startswith("__"):
            yield f"{name}.{attribute}", _of_function(value)
    if issubclass(one, DeclarativeBase) and "__mapper__" in vars(one):
        yield from _of_entity(name, one)


def _of_field(field: dataclasses.Field[Any]) -> str:
    default = "" if field.default is dataclasses.MISSING else f"={field.default!r}"
    return f"{field.name}{default} {field.repr} {field.compare} {field.hash} {field.init}"


def _of_function(one: Callable[..., Any] | None) -> str:
    """Its kind, and its parameters that have a default."""
    if one is None or not inspect.isfunction(inspect.unwrap(one)):
        return type(one).__name__
    parameters = inspect.signature(one).parameters.values()
    known = [p for p in parameters if p.default is not inspect.Parameter.empty]
    return ", ".join([type(one).__name__, *(f"{p.name}={_default(p.default)}" for p in known)])


def _default(value: object) -> str:
    return value.__qualname__ if inspect.isfunction(value) else repr(value)


def _of_entity(name: str, one: type[DeclarativeBase]) -> Iterator[tuple[str, str]]:
    for relation in one.__mapper__.relationships:
        if relation.parent.class_ is one:
            told = (relation.uselist, relation.viewonly, relation.lazy, relation.post_update)
            more = (str(relation.cascade), relation.order_by, relation.passive_deletes)
            yield f"{name}.{relation.key}", f"{told} {more[0]} {_order(more[1])} {more[2]}"


def _order(columns: object) -> str:
    return ", ".join(map(str, columns)) if isinstance(columns, list | tuple) else str(columns)


def _kept() -> dict[str, dict[str, str]]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


@pytest.fixture(scope="module", autouse=True)
def written_anew() -> None:
    """Write what is kept, when asked to."""
    if os.environ.get("SKYDB_KEEP") == "1":
        rows = (
            f" {json.dumps(name)}: {json.dumps(_shapes(name), indent=2)}" for name in _modules()
        )
        KEPT.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


@pytest.mark.parametrize("module", list(_modules()))
def test_defaults_and_kinds_are_what_they_were(module: str) -> None:
    kept, found = _kept().get(module, {}), _shapes(module)
    common = kept.keys() & found.keys()
    assert {name: found[name] for name in common} == {name: kept[name] for name in common}
