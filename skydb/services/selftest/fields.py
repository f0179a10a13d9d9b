"""Interface to the maker of the self-test's fields; services do not simulate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class TinyField(Protocol):
    """A small field of exposures whose sky and pointing are known."""

    @property
    def detector(self) -> str:
        """Name of the detector, as people say it."""
        ...

    @property
    def exposures(self) -> Sequence[Path]:
        """All exposures, visit by visit."""
        ...

    @property
    def first_visit(self) -> Sequence[Path]:
        """Exposures of the first visit."""
        ...

    @property
    def catalog(self) -> Path:
        """True positions at the epoch of the field, as TweakReg reads them."""
        ...

    @property
    def sky_tolerance(self) -> float:
        """Tolerance of a matched sky against the truth, in the image's unit."""
        ...

    def sky(self, filename: str) -> float:
        """Sky that was put into an exposure, in the image's unit."""
        ...

    def pointing_error_mas(self, exposure: Path) -> float:
        """Largest error of the WCS that an exposure, or a copy of it, has now."""
        ...


class FieldMaker(Protocol):
    """Makes the fields of a self-test."""

    def make(self, directory: Path) -> Sequence[TinyField]:
        """One field of a square and one of a non-square detector, below a directory."""
        ...
