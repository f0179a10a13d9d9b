"""Sources of a catalogue, and which of them an alignment uses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from skydb.domain.growing import GrowingVocabulary
from skydb.errors import UsageError


class CatalogService(GrowingVocabulary):
    """Source of a catalogue."""

    FILE = "file"
    GAIA = "gaia"
    GSSS = "gsss"


class WithoutMotion(GrowingVocabulary):
    """Treatment of sources without a proper motion when the others are moved."""

    KEEP = "keep"
    """They stay where they were."""
    DROP = "drop"
    """They are left out."""
    BULK = "bulk"
    """They are moved by the median motion of the others."""


@dataclass(frozen=True, slots=True)
class CatalogUse:
    """Selection of the sources of a catalogue that an alignment uses.

    Parameters
    ----------
    without_motion : WithoutMotion or None
        What becomes of sources without a proper motion; None leaves it to the rule of
        ``docs/catalogues.md``, which looks at how far the field moves.
    mag_min, mag_max : float or None
        Brightest and faintest magnitude, both included. With either, a source without a
        magnitude is left out.

    Raises
    ------
    UsageError
        When no magnitude is between the two, or one is not a number.
    """

    without_motion: WithoutMotion | None = None
    mag_min: float | None = None
    mag_max: float | None = None

    def __post_init__(self) -> None:
        for limit in (self.mag_min, self.mag_max):
            if limit is not None and limit != limit:
                raise UsageError(f"{limit} is not a magnitude.")
        if self.mag_min is not None and self.mag_max is not None and self.mag_min > self.mag_max:
            raise UsageError(
                f"No magnitude is between {self.mag_min:g} and {self.mag_max:g}.",
                advice="--mag-min is the brightest, --mag-max the faintest.",
            )

    @classmethod
    def of(
        cls,
        without_motion: str | None = None,
        mag_min: float | None = None,
        mag_max: float | None = None,
    ) -> Self:
        """Make the use from options.

        Raises
        ------
        UsageError
            When there is no such treatment of sources without motion, or no such magnitude.
        """
        try:
            word = None if without_motion is None else WithoutMotion(without_motion)
        except ValueError as error:
            raise UsageError(
                f"Invalid choice {without_motion!r} for sources without motion.",
                advice=f"Choose one of {', '.join(WithoutMotion)}.",
            ) from error
        return cls(word, mag_min, mag_max)

    def as_parameters(self) -> dict[str, Any]:
        """JSON-able, without what was left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class MotionFacts:
    """Proper motions of the sources of a catalogue.

    Parameters
    ----------
    without_motion : int
        Sources without a proper motion.
    still_epoch : float
        Julian year at which those are.
    ra_mas_yr, dec_mas_yr : float or None
        Median motion of the others at the middle of the field, that in RA with cos Dec;
        None when there are no others.
    """

    without_motion: int
    still_epoch: float
    ra_mas_yr: float | None = None
    dec_mas_yr: float | None = None
