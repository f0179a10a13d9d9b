"""How long work tells that it goes on, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listener to one piece of long work at a time."""

    def begin(self, what: str, total: int | None = None) -> None:
        """A piece of work starts; ``total`` steps, if that is known."""

    def advance(self, steps: int = 1) -> None:
        """Some steps are done."""

    def end(self) -> None:
        """The piece of work is over, well or badly."""


class Quiet:
    """Listens to nothing."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Ignore the start."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def end(self) -> None:
        """Ignore the end."""
