"""Treatment of catalogue sources without a proper motion, for one product."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from skydb.domain.catalog import WithoutMotion
from skydb.domain.trust import UNCONFIRMED_SCORE, FitCheck, limited
from skydb.domain.vocabulary import TrustComponent

#: Displacement of a field, in mas, from which its motion matters: a twentieth of a pixel of
#: WFC3/UVIS and ACS/WFC, which is the accuracy of a good fit.
MATTERS_MAS = 2.0
#: Sources of unknown motion are kept for a year: most move by a few mas in one.
FAR_YEARS = 1.0
#: Share of left out sources from which there is a finding.
MANY = 0.25

_DONE = {
    WithoutMotion.KEEP: "were kept where they were",
    WithoutMotion.DROP: "were dropped",
    WithoutMotion.BULK: "were moved in bulk, by the median motion of the others",
}


@dataclass(frozen=True, slots=True)
class MotionRecord:
    """Motion of the sources of a catalogue for one product.

    Parameters
    ----------
    sources : int
        Sources of the catalogue, within its magnitudes.
    without_motion : int
        How many of them have no proper motion.
    still_epoch : float or None
        Julian year at which these are.
    used_epoch : float or None
        Julian year that the others were moved to; None when they stayed.
    motion_mas_yr : float or None
        Length of the median motion of the others; None when there are none.
    error_mas_yr : float or None
        Standard error of that median; None when too few motions are known.
    treatment : WithoutMotion or None
        What became of the sources without motion; None when there are none.
    by_rule : bool
        Whether skydb chose the treatment.
    """

    sources: int
    without_motion: int
    still_epoch: float | None
    used_epoch: float | None
    motion_mas_yr: float | None = None
    error_mas_yr: float | None = None
    treatment: WithoutMotion | None = None
    by_rule: bool = True

    @property
    def years(self) -> float | None:
        """Years between the epochs of the still sources and of the moved ones."""
        if self.still_epoch is None or self.used_epoch is None:
            return None
        return self.used_epoch - self.still_epoch

    @property
    def share(self) -> float:
        """Share of the sources without a proper motion."""
        return self.without_motion / self.sources if self.sources else 0.0

    @property
    def displacement_mas(self) -> float | None:
        """Displacement of the field in those years; None when it is unknown."""
        if self.motion_mas_yr is None or self.years is None:
            return None
        return self.motion_mas_yr * abs(self.years)

    @property
    def matters(self) -> bool:
        """Whether sources that stay are noticeably out of place."""
        displacement = self.displacement_mas
        if displacement is None:
            return self.years is not None and abs(self.years) > FAR_YEARS
        return displacement >= MATTERS_MAS

    def as_parameters(self) -> dict[str, Any]:
        """JSON-able, with the years and the displacement."""
        found = {key: value for key, value in asdict(self).items() if key != "treatment"}
        treatment = self.treatment.value if self.treatment else None
        years, displacement = self.years, self.displacement_mas
        return {**found, "treatment": treatment, "years": years, "displacement_mas": displacement}

    def sentence(self, rms_mas: float | None = None) -> str:
        """Describe the treatment with numbers, beside the RMS of the fit where there is one."""
        if self.treatment is None:
            return "Every source of the catalogue has a proper motion."
        text = f"{self.without_motion} of {self.sources} sources have no proper motion and "
        if self.without_motion == self.sources:
            text = f"None of the {self.sources} sources has a proper motion; they "
        text += f"{_DONE[self.treatment]}{self._still}"
        if self.displacement_mas is None or self.years is None:
            return f"{text}: how far the field moved {self._span} is not known."
        text += f": the field moves by {self.motion_mas_yr:.1f} mas a year, "
        text += f"{self.displacement_mas:.1f} mas {self._span}"
        return f"{text}, and the RMS of the fit is {rms_mas:.1f} mas." if rms_mas else f"{text}."

    def doubt(self, rms_mas: float | None) -> str | None:
        """Explain why a fit to these sources may be wrong, or which were left out; else None.

        Parameters
        ----------
        rms_mas : float or None
            RMS of the fit, of the worse axis; None when there is no fit.
        """
        if self.treatment is None or not self.matters:
            return None
        if self.treatment is WithoutMotion.KEEP or self.is_guess:
            return self.sentence(rms_mas)
        is_large = (self.displacement_mas or 0.0) > (rms_mas or 0.0)
        return self.sentence(rms_mas) if is_large and self.share >= MANY else None

    @property
    def is_guess(self) -> bool:
        """Whether sources were moved in bulk because too few others would have been left."""
        return self.treatment is WithoutMotion.BULK and self.by_rule

    @property
    def _still(self) -> str:
        kept = self.treatment is WithoutMotion.KEEP and self.still_epoch is not None
        return f" in {self.still_epoch:.2f}" if kept else ""

    @property
    def _span(self) -> str:
        if self.years is None:
            return "since"
        return f"in the {abs(self.years):.2f} years between {self.still_epoch:.2f} and " + (
            f"{self.used_epoch:.2f}"
        )


def check_motion(record: MotionRecord | None) -> FitCheck:
    """Check by how much sources without a proper motion shift a fit.

    Sources that were kept shift the fit by their share of the displacement, those that were
    moved in bulk by their share of the error of the median motion.
    """
    component = TrustComponent.MOTION
    if record is None:
        return FitCheck(component, None, "how the catalogue was moved is not known")
    displacement = record.displacement_mas
    if record.treatment in (None, WithoutMotion.DROP) or not record.matters:
        return FitCheck(component, None, record.sentence(), displacement)
    if displacement is None:
        return FitCheck(component, UNCONFIRMED_SCORE, record.sentence())
    pull: float | None = record.share * displacement
    if record.treatment is WithoutMotion.BULK:
        error = record.error_mas_yr
        pull = None if error is None else record.share * error * abs(record.years or 0.0)
    if pull is None:
        return FitCheck(component, UNCONFIRMED_SCORE, record.sentence(), displacement)
    reason = f"{record.sentence()} They may pull the fit by {pull:.1f} mas."
    return FitCheck(component, limited(PULL_MAS, pull), reason, displacement)


#: Shift that lowers no trust, in mas; at twice this the score is the floor of trust.
PULL_MAS = 5.0
