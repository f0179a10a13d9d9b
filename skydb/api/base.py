"""What the groups of a ledger's methods share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from skydb.domain.references import ReferenceKind, number_of

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.api.composition import Services


class Facade:
    """A group of methods on one ledger.

    Parameters
    ----------
    services : Services
        What does the work.
    """

    def __init__(self, services: Services) -> None:
        self.services = services


def run_number(run: int | str) -> int:
    """Number of a run, from ``12`` or ``"run:12"``."""
    return number_of(run, ReferenceKind.RUN)


def solution_number(solution: int | str) -> int:
    """Number of a solution, from ``29`` or ``"solution:29"``."""
    return number_of(solution, ReferenceKind.SOLUTION)


def table_of(rows: Iterable[dict[str, Any]], names: Sequence[str] = ()) -> QTable:
    """Rows as a table; see :func:`skydb.api.qtable.as_qtable`."""
    from skydb.api.qtable import as_qtable

    return as_qtable(list(rows), names)
