"""Every command of the program, as typer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import typer

from skydb.cli.app import app


@dataclass(frozen=True)
class Leaf:
    """A command that does something; ``spec`` is typer's object for it."""

    words: tuple[str, ...]
    spec: Any

    def __str__(self) -> str:
        return " ".join(self.words)


def leaves() -> list[Leaf]:
    """All commands, groups opened."""
    return _below((), typer.main.get_command(app))


def _below(words: tuple[str, ...], spec: Any) -> list[Leaf]:
    children = getattr(spec, "commands", None)
    if children is None:
        return [Leaf(words, spec)]
    return [leaf for name, child in children.items() for leaf in _below((*words, name), child)]


def root_options() -> list[Any]:
    """Options before the command."""
    return list(typer.main.get_command(app).params)


def called(words: list[str]) -> Any:
    """The command that a command line calls; an option or argument it lacks is an error."""
    name, spec = "skydb", typer.main.get_command(app)
    context = spec.make_context(name, words)
    while hasattr(spec, "commands"):
        rest = [*context._protected_args, *context.args]
        name, spec, rest = spec.resolve_command(context, rest)
        context = spec.make_context(name, rest, parent=context)
    return spec
