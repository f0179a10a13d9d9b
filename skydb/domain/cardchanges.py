"""Changes of the headers and pixels of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A card value in JSON; commentary cards are the list of their lines.
CardValue = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class HduChanges:
    """Changes of one HDU, by keyword.

    Parameters
    ----------
    added, removed : mapping of str to CardValue
        Cards that are only there after, or were only there before.
    changed : mapping of str to (CardValue, CardValue)
        Values before and after.
    pixels_changed : bool
        Whether the data differ in any byte; also when the HDU is new or gone.
    """

    added: Mapping[str, CardValue] = field(default_factory=dict)
    removed: Mapping[str, CardValue] = field(default_factory=dict)
    changed: Mapping[str, tuple[CardValue, CardValue]] = field(default_factory=dict)
    pixels_changed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.removed or self.changed or self.pixels_changed)

    def as_document(self) -> dict[str, Any]:
        """Give the changes as a JSON document."""
        parts = {
            "added": dict(self.added),
            "removed": dict(self.removed),
            "changed": {key: list(pair) for key, pair in self.changed.items()},
            "pixels_changed": self.pixels_changed,
        }
        return {name: part for name, part in parts.items() if part}


@dataclass(frozen=True, slots=True)
class CardChanges:
    """Changes of a file, by HDU: ``PRIMARY``, ``SCI,1``, ``WCSDVARR,2``."""

    hdus: Mapping[str, HduChanges] = field(default_factory=dict)

    @property
    def added(self) -> int:
        """Number of cards added."""
        return sum(len(hdu.added) for hdu in self.hdus.values())

    @property
    def removed(self) -> int:
        """Number of cards removed."""
        return sum(len(hdu.removed) for hdu in self.hdus.values())

    @property
    def changed(self) -> int:
        """Number of cards with another value."""
        return sum(len(hdu.changed) for hdu in self.hdus.values())

    @property
    def pixels_changed(self) -> bool:
        """Whether data of any HDU differ."""
        return any(hdu.pixels_changed for hdu in self.hdus.values())

    def as_document(self) -> dict[str, Any]:
        """Give the changes as a JSON document, by HDU."""
        return {name: hdu.as_document() for name, hdu in self.hdus.items()}
