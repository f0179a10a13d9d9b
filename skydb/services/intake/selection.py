"""Selection of exposures and files of a ledger by the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skydb.store.scope import Scope


@dataclass(frozen=True, slots=True)
class Selection(Scope):
    """Selection of the inputs of a run; what is left out does not restrict.

    Parameters
    ----------
    rootnames, visits, proposal_id, filter, detector, target, exclude, flavour, as_of
        As of a :class:`~skydb.store.scope.Scope`.
    versions : mapping of str to int
        Version to use of an exposure, by rootname.
    files : tuple of str
        Files to use of their exposures.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
