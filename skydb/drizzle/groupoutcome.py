"""Members of a group that is fitted as a rigid body, and the result of the fit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.tweakreg import ProductFit
from skydb.sky.fit_trust import Agreement
from skydb.sky.relative import Consistency

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Member:
    """One exposure of a group.

    Parameters
    ----------
    path : Path
    rootname, visit : str
    band : str
        What must be the same for two exposures to see a star equally bright.
    camera : str
        What must be the same for two exposures of one visit to have one pointing.
    """

    path: Path
    rootname: str
    visit: str
    band: str
    camera: str = ""


@dataclass(frozen=True)
class Evidence:
    """Data of a fit of a body.

    Parameters
    ----------
    measurements, weight : int
        Measurements of the matched stars; matches with those measured more than once counted
        twice.
    before : int
        Matches before clipping.
    jackknife_star_pix : float or None
        Largest movement of the shift when one star is left out; None when there is no fit
        without it.
    jackknife_exposure_pix : dict of str to float or None
        The same for each exposure; empty when there is only one.
    error_mas : dict of str to float
        Standard error of the place of each exposure, along one axis.
    agreement : Agreement or None
        Stars of the body compared with the catalogue; None without one.
    votes : str
        The vote that the match began with.
    """

    measurements: int
    weight: int
    before: int
    jackknife_star_pix: float | None
    jackknife_exposure_pix: dict[str, float | None]
    error_mas: dict[str, float]
    agreement: Agreement | None
    votes: str

    def as_parameters(self) -> dict[str, object]:
        """JSON-able."""
        return asdict(self)

    @property
    def weakest_exposure(self) -> tuple[str, float | None] | None:
        """The exposure that the shift depends on most, and by how many pixels."""
        found = self.jackknife_exposure_pix.items()
        return max(found, key=lambda one: np.inf if one[1] is None else one[1], default=None)


@dataclass(frozen=True)
class BodyOutcome:
    """One body, with a fit for each of its exposures.

    Parameters
    ----------
    name : str
        Of the group.
    members : tuple of Member
    fits : tuple of ProductFit
        One for each member, with the same numbers.
    consistency : dict of str to Consistency
        How well each exposure agrees with the others.
    alone : tuple of str
        Exposures that share no star with another one.
    evidence : Evidence or None
        None for a body that could not be fitted, or was not fitted to a catalogue.
    resting : str or None
        Of visits that are aligned to each other, the one that stays.
    pixel_mas : float or None
        Size of a pixel of the plane in which it was fitted; None without a fit.
    """

    name: str
    members: tuple[Member, ...]
    fits: tuple[ProductFit, ...]
    consistency: dict[str, Consistency]
    alone: tuple[str, ...]
    evidence: Evidence | None = None
    resting: str | None = None
    pixel_mas: float | None = None

    def as_parameters(self) -> dict[str, object]:
        """JSON-able: who is in the group, and what its fit rests on."""
        found: dict[str, object] = {
            "members": [one.rootname for one in self.members],
            "alone": list(self.alone),
        }
        if self.resting is not None:
            found["resting"] = self.resting
        return {**found, **(self.evidence.as_parameters() if self.evidence else {})}

    def agreement_by_file(self) -> dict[str, dict[str, object]]:
        """JSON-able, by file name: how each exposure agrees with the others, and its error."""
        errors = self.evidence.error_mas if self.evidence else {}
        return {
            one.path.name: {
                **asdict(self.consistency[one.rootname]),
                "error_mas": errors.get(one.rootname),
            }
            for one in self.members
            if one.rootname in self.consistency
        }


@dataclass(frozen=True)
class Reference:
    """A catalogue: positions in degrees, shape (N, 2), and the file that holds them."""

    radec_deg: Floats
    file: Path
