"""What the groups of a ledger's methods share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

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


def table_of(rows: Iterable[dict[str, Any]], names: Sequence[str] = ()) -> QTable:
    """Rows as a table; see :func:`skydb.api.qtable.as_qtable`."""
    from skydb.api.qtable import as_qtable

    return as_qtable(list(rows), names)
