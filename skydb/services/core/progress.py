"""Reports of the progress of long work."""

from __future__ import annotations

from typing import Protocol


class Part(Protocol):
    """Receiver of the progress of one of several things at the same time."""

    def advance(self, steps: int = 1) -> None:
        """Some steps of it are done; a negative number takes them back."""

    def end(self) -> None:
        """It is over, well or badly."""


class Progress(Protocol):
    """Receiver of the progress of one piece of long work at a time."""

    def begin(self, what: str, total: int | None = None, *, in_bytes: bool = False) -> None:
        """A piece of work starts; ``total`` steps, if that is known, which may be bytes."""

    def advance(self, steps: int = 1) -> None:
        """Some steps are done."""

    def end(self) -> None:
        """The piece of work is over, well or badly."""

    def part(self, what: str, total: int | None = None) -> Part:
        """One thing of the piece of work starts, beside others; called from any thread."""

    def remark(self, sentence: str) -> None:
        """A message that the user must know before the work continues."""


class Quiet:
    """A receiver that does nothing."""

    def begin(self, what: str, total: int | None = None, *, in_bytes: bool = False) -> None:
        """Ignore the start."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def end(self) -> None:
        """Ignore the end."""

    def part(self, what: str, total: int | None = None) -> Quiet:
        """Ignore one thing of several."""
        return self

    def remark(self, sentence: str) -> None:
        """Ignore the message."""
