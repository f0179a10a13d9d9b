"""Base of the groups of a ledger's methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydb.api.boundary import guard_methods
from skydb.domain.references import ReferenceKind, number_of

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.api.ledger import Ledger
    from skydb.api.pictures import Pictures


class Group:
    """A group of methods on one ledger, named as the group of commands.

    Parameters
    ----------
    ledger : Ledger
        The ledger; its database is opened when a method needs it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __init_subclass__(cls) -> None:
        guard_methods(cls)

    def __repr__(self) -> str:
        methods = ", ".join(name for name in dir(type(self)) if not name.startswith("_"))
        return f"<{type(self).__name__} of {self._ledger!r}: {methods}>"

    @property
    def _services(self) -> Services:
        return self._ledger.services

    @property
    def _pictures(self) -> Pictures:
        return self._ledger.pictures


def run_number(run: int | str) -> int:
    """Number of a run, from ``12`` or ``"run:12"``."""
    return number_of(run, ReferenceKind.RUN)


def solution_number(solution: int | str) -> int:
    """Number of a solution, from ``29`` or ``"solution:29"``."""
    return number_of(solution, ReferenceKind.SOLUTION)
