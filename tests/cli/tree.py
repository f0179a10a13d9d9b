"""Every command of the program, as typer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skydb.cli.app import command_tree


@dataclass(frozen=True)
class Leaf:
    """A command that does something; ``spec`` is typer's object for it."""

    words: tuple[str, ...]
    spec: Any

    def __str__(self) -> str:
        return " ".join(self.words)


def leaves() -> list[Leaf]:
    """All commands, groups opened."""
    return _below((), command_tree())


def _below(words: tuple[str, ...], spec: Any) -> list[Leaf]:
    children = getattr(spec, "commands", None)
    if children is None:
        return [Leaf(words, spec)]
    return [leaf for name, child in children.items() for leaf in _below((*words, name), child)]


def root_options() -> list[Any]:
    """Options before the command."""
    return list(command_tree().params)


def called(words: list[str]) -> Any:
    """The command that a command line calls; an option or argument it lacks is an error."""
    name, spec = "skydb", command_tree()
    context = spec.make_context(name, words)
    while hasattr(spec, "commands"):
        rest = [*context._protected_args, *context.args]
        name, spec, rest = spec.resolve_command(context, rest)
        context = spec.make_context(name, rest, parent=context)
    return spec
