"""Completion of the values of options, for shells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Offer = Callable[[str], list[str]]


def words(what: str, *, listed: bool = False) -> Offer:
    """Return a function that completes a word of those that :mod:`skydb.api.choices` has.

    Parameters
    ----------
    what : str
        Which words.
    listed : bool
        Whether the option takes several of them with commas between.
    """

    def offer(incomplete: str) -> list[str]:
        from skydb.api.choices import choices

        return list(_offered(choices(what), incomplete, listed=listed))

    return offer


def simulated(what: str) -> Offer:
    """Return a function that completes a word of the simulator: a detector, a field, a fault."""

    def offer(incomplete: str) -> list[str]:
        return list(_offered(_of_simulator(what), incomplete, listed=False))

    return offer


def _of_simulator(what: str) -> Iterable[str]:
    if what == "fault":
        from skydb.simulate.archive.faults import Fault

        return Fault
    from skydb.simulate.plan import FieldKind, SimDetector

    return SimDetector if what == "detector" else FieldKind


def _offered(known: Iterable[str], incomplete: str, *, listed: bool) -> Iterator[str]:
    """Words that an incomplete one may become, those before the last comma kept."""
    before, comma, last = incomplete.rpartition(",") if listed else ("", "", incomplete)
    taken = before.casefold().split(",")
    for word in map(str, known):
        # typer leaves out what does not begin as it was typed; these words are known in any case.
        spelled = word if word.startswith(last) else word.casefold()
        if spelled.startswith(last) and word.casefold() not in taken:
            yield f"{before}{comma}{spelled}"


def with_default(group: Any, context: Any, incomplete: str) -> list[Any]:  # noqa: ANN401
    """Options of the command of a group that need not be named.

    Parameters
    ----------
    group, context
        Of whatever click this typer brings, which have no public names.
    incomplete : str
        What was typed of a word.
    """
    command = group.commands[group.by_default]
    inner = command.make_context(group.by_default, [], parent=context, resilient_parsing=True)
    found: list[Any] = command.shell_complete(inner, incomplete)
    return found
