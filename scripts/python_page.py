"""Write docs/python.md from the docstrings of the Python interface; a test compares.

PYTHONPATH=. .venv/bin/python -m scripts.python_page
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import skydb
from skydb.api.base import Group
from skydb.api.ledger import Ledger
from skydb.api.selecting import ChoosingFiles, Guarding, Selecting
from skydb.simulate.calling import redeliver, simulate

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "python.md"

_HEAD = """# Python

Written by `python -m scripts.python_page` from the docstrings, which have the parameters, units,
errors and an example of every method (`help(db.sky.run)`); a test runs each example.

`db = skydb.open(url)` gives a ledger, `skydb.init(url)` makes one first, and `skydb.open(url,
archive=skydb.serve(directory))` uses a simulated field in place of MAST and the catalogue
services. The groups of a ledger are those of the commands, and options have the same names. A
database is opened once for all methods; no session is left open.

What a method gives is a `Result`: rows (dicts whose keys are attributes, `row.mdrizsky`),
`.table` (an astropy `QTable`: units on quantities, missing values masked), `result["mdrizsky"]`
(a column of it), `result["rootname", "mdrizsky"]` (a result with these columns), `.to_pandas()`,
`.remarks`, `.is_flagged` (exit code 5) and `.has_failed` (exit code 1). Results with pictures have
`.plot()`, which gives a Matplotlib `Figure`, and `.write(directory)`. A `Record` is one thing, such
as `db.runs.show(12)`, with what is known of it as attributes.

Methods that select exposures take these words, as the commands do
([commands.md](commands.md#selecting-exposures)): {words}.

What cannot be done raises a subclass of `skydb.errors.SkydbError`, such as `UsageError`,
`NotFoundError` or `ToolError`; its message says what to do, with calls
and their words. An error of the operating system is a `DiskError`.

Entities (`skydb.domain`) work with a session of SQLAlchemy and can be walked: `visit.exposures`,
`exposure.products`, `product.versions`, `version.solutions`, `run.values`, `run.inputs`.
"""


def page() -> str:
    """Text of the page."""
    words = ", ".join(f"`{name}`" for name in Selecting.__annotations__)
    of_runs = (*_own(ChoosingFiles, Selecting), *_own(Guarding, ChoosingFiles))
    more = ", ".join(f"`{name}`" for name in of_runs)
    parts = [_HEAD.format(words=f"{words}; methods that run also {more}")]
    parts.append(
        _table("skydb", [("", getattr(skydb, name)) for name in ("open", "init", "copy", "serve")])
    )
    of_fields = [("skydb.simulate", simulate), ("skydb.simulate.redeliver", redeliver)]
    parts.append(_table("skydb.simulate", of_fields))
    parts.append(_table("db", _methods("db", Ledger)))
    for name, group in _groups(Ledger):
        parts.append(_table(f"db.{name}", _methods(f"db.{name}", group)))
    return "\n".join(parts)


def _own(kind: type, base: type) -> list[str]:
    return [name for name in kind.__annotations__ if name not in base.__annotations__]


def _groups(owner: type, before: str = "") -> Iterator[tuple[str, type[Group]]]:
    """Groups of a ledger, and groups in them, by name."""
    for name, made in vars(owner).items():
        maker = getattr(made, "func", getattr(made, "fget", None))
        kind = inspect.get_annotations(maker, eval_str=False).get("return") if maker else None
        if isinstance(kind, str) and kind.endswith("Group"):
            group = getattr(inspect.getmodule(owner), kind)
            yield f"{before}{name}", group
            yield from _groups(group, f"{before}{name}.")


def _methods(path: str, owner: type) -> list[tuple[str, object]]:
    found: dict[str, object] = {}
    for base in owner.__mro__:
        for name, method in vars(base).items():
            is_call = name == "__call__" and base is not object and base is not type
            if inspect.isfunction(method) and (is_call or not name.startswith("_")):
                found.setdefault(path if is_call else f"{path}.{name}", method)
    return sorted(found.items())


def _table(title: str, methods: list[tuple[str, object]]) -> str:
    lines = [f"## {title}", "", "| method | does |", "|---|---|"]
    for name, method in methods:
        first = (inspect.getdoc(method) or "").splitlines()[0].replace("|", "\\|")
        first = re.sub(r":\w+:`~?\.?([^`]+)`", r"`\1`", first)
        shown = name or f"skydb.{getattr(method, '__name__', '')}"
        lines.append(f"| `{shown}({_arguments(method)})` | {first} |")
    return "\n".join(lines) + "\n"


def _arguments(method: object) -> str:
    names = []
    for parameter in inspect.signature(method).parameters.values():  # type: ignore[arg-type]
        if parameter.name == "self":
            continue
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        is_needed = parameter.default is parameter.empty
        given = "" if is_needed else f"={parameter.default!r}"
        names.append(f"{stars.get(parameter.kind, '')}{parameter.name}{given}")
    return ", ".join(names).replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(page(), encoding="utf-8")
