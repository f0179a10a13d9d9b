"""Write docs/thresholds.md: every number with a name that decides something in the core.

PYTHONPATH=. .venv/bin/python -m scripts.thresholds
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "thresholds.md"
PLACES = (
    *("skydb/sky", "skydb/domain", "skydb/drizzle/effective.py"),
    *("skydb/services/alignment", "skydb/services/intake"),
)

_HEAD = """# Numbers that decide

Written by `python -m scripts.thresholds` from the code; a test compares. The figures of
[skies](skies.md), [trust](trust.md) and [testing](testing.md) were measured with these values,
so that a change of one is made here as well, and measures again.

| module | name | value | what it is |
|---|---|---|---|
"""


def document() -> str:
    """The page as it has to be."""
    rows = [
        f"| `{module}` | `{name}` | `{_shown(value)}` | {said} |"
        for path in _modules()
        for module, name, value, said in _thresholds(path)
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _modules() -> Iterator[Path]:
    for place in PLACES:
        path = ROOT / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _thresholds(path: Path) -> Iterator[tuple[str, str, object, str]]:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _has_number(node):
            said = _comment_above(lines, node.lineno - 1)
            for name in _names(node):
                value = getattr(importlib.import_module(dotted), name)
                yield dotted.removeprefix("skydb."), name, value, said


def _has_number(node: ast.AST) -> bool:
    constants = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
    return any(isinstance(one, int | float) and not isinstance(one, bool) for one in constants)


def _names(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _comment_above(lines: list[str], number: int) -> str:
    """The comment that starts with ``#:`` over a line, as one line."""
    found: list[str] = []
    while number > 0 and lines[number - 1].startswith("#"):
        number -= 1
        found.insert(0, lines[number].lstrip("#: "))
    return " ".join(found).replace("|", "\\|")


def _shown(value: object) -> str:
    """A value on one line; numbers to nine digits."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_shown(one)}' for key, one in value.items())}}}"
    return re.sub(r"\s+", " ", repr(value)).replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
