"""Tiny fields for the self-test of an environment: seconds to make, every trap in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydb.simulate.truth import FieldTruth

#: Detector, width in pixels, and how far a matched sky of so small a field may be off.
_FIELDS = (("IR", 128, 0.01), ("UVIS", 192, 2.0))


@dataclass(frozen=True)
class SimulatedTinyField:
    """One simulated field with its truth."""

    directory: Path
    truth: FieldTruth
    sky_tolerance: float

    @property
    def detector(self) -> str:
        """``IR`` or ``UVIS``."""
        return self.truth.detector.value

    @property
    def exposures(self) -> list[Path]:
        """All exposures, visit by visit."""
        return [self.directory / exposure.path for exposure in self.truth.exposures]

    @property
    def first_visit(self) -> list[Path]:
        """Exposures of the first visit."""
        first = self.truth.visits[0].members
        return [
            self.directory / exposure.path
            for exposure in self.truth.exposures
            if exposure.rootname in first
        ]

    @property
    def catalog(self) -> Path:
        """True positions at the epoch of the field, as TweakReg reads them."""
        return self.directory / "tweakreg.cat"

    def sky(self, filename: str) -> float:
        """Sky that was put into an exposure."""
        return self.truth.exposure(_rootname(filename)).sky

    def pointing_error_mas(self, exposure: Path) -> float:
        """Largest error of the WCS that an exposure has now."""
        from skydb.simulate.verify import pointing_error_mas

        return pointing_error_mas(self.truth, _rootname(exposure.name), exposure)


@dataclass(frozen=True)
class TinyFields:
    """Makes a square infrared field and one of two non-square chips."""

    seed: int = 1

    def make(self, directory: Path) -> list[SimulatedTinyField]:
        """Both fields, in directories of their own below `directory`."""
        return [
            self._field(directory / detector, detector, size, tolerance)
            for detector, size, tolerance in _FIELDS
        ]

    def _field(
        self, directory: Path, detector: str, size: int, tolerance: float
    ) -> SimulatedTinyField:
        # Every command makes a maker of fields, and one of them makes fields.
        from skydb.files.catalog import read_catalog
        from skydb.simulate.field import simulate_field
        from skydb.simulate.plan import FieldPlan, SimDetector

        sim = SimDetector(detector)
        plan = FieldPlan(detector=sim, tiles=(2, 1), size=size, seed=self.seed, products=False)
        truth = simulate_field(directory, plan)
        field = SimulatedTinyField(directory, truth, tolerance)
        read_catalog(directory / truth.refcat, epoch_year=None).write_tweakreg(field.catalog)
        return field


def _rootname(filename: str) -> str:
    return filename.split("_")[0]
