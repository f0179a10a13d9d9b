"""Everything that a page is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.browse.asking import Asking
    from skydb.browse.facts import LedgerFacts

#: Larger than any row number is; SQLite refuses numbers of more digits.
_LARGEST = 2**62


@dataclass(frozen=True)
class Here:
    """The snapshot as one page sees it.

    Parameters
    ----------
    asking : Asking
        Answers SELECTs.
    services : Services
        The snapshot through the Python interface.
    facts : LedgerFacts
        What was counted once.
    words : mapping of str to sequence of str
        What the address asks for.
    """

    asking: Asking
    services: Services
    facts: LedgerFacts
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """Return the first value of a name in the address; empty without one."""
        return next((one.strip() for one in self.words.get(name, ())), "")

    def number(self, name: str) -> int | None:
        """Return a value as a number; None without one."""
        return number_of(self.word(name))


def number_of(text: str) -> int | None:
    """A text as a row number; None for what is none."""
    if not (text.isascii() and text.isdigit()):
        return None
    number = int(text) if len(text) < 20 else _LARGEST + 1
    return number if number <= _LARGEST else None
