"""Reference catalogues: the sources that exposures are aligned to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import CatalogImport
from skydb.domain.base import Base, Key, add_beside, choice, utc_now
from skydb.domain.vocabulary import GrowingVocabulary
from skydb.errors import StateError, UsageError


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

    @property
    def cuts(self) -> bool:
        """Whether there is a limit of magnitude."""
        return self.mag_min is not None or self.mag_max is not None

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


class ReferenceCatalog(Base):
    """The sources aligned to, and what is known of how they were obtained.

    Parameters
    ----------
    name : str
        Unique name by which commands refer to it.
    service : CatalogService
        Where it came from.
    sources : int
        Number of rows.
    sha256 : str
        Checksum of the stored table.
    path : str
        Where it is stored, relative to the data root.
    epoch : float
        Julian year that the positions are for.
    has_proper_motions : bool
        Whether the table carries proper motions, so that it can be moved to
        the epoch of a visit.
    proper_motion_applied : bool or None
        Whether the service really moved the positions to ``epoch``; None when
        that is unknown, as for a file.
    truncated : bool or None
        Whether the service cut the answer short; None when that is unknown.
    use : CatalogUse
        Which of its sources an alignment is given; ``sources`` counts those within its
        magnitudes.
    motion : MotionFacts, optional
        How they move.
    """

    __tablename__ = "reference_catalogs"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"))
    name: Mapped[str] = mapped_column(String(64), unique=True)
    service: Mapped[CatalogService] = mapped_column(choice(CatalogService))
    query: Mapped[dict[str, Any]]
    sources: Mapped[int]
    epoch: Mapped[float]
    epoch_asked: Mapped[float | None]
    has_proper_motions: Mapped[bool]
    proper_motion_applied: Mapped[bool | None]
    truncated: Mapped[bool | None]
    without_motion: Mapped[WithoutMotion | None] = mapped_column(choice(WithoutMotion))
    mag_min: Mapped[float | None]
    mag_max: Mapped[float | None]
    sources_without_motion: Mapped[int | None]
    still_epoch: Mapped[float | None]
    motion_ra_mas_yr: Mapped[float | None]
    motion_dec_mas_yr: Mapped[float | None]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    path: Mapped[str] = mapped_column(Text)
    obtained_at: Mapped[datetime]
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("reference_catalogs.id"))

    activity: Mapped[CatalogImport] = relationship()
    superseded_by: Mapped[ReferenceCatalog | None] = relationship(remote_side=[id])

    def __init__(
        self,
        name: str,
        service: CatalogService,
        *,
        activity: CatalogImport,
        sources: int,
        sha256: str,
        path: str,
        epoch: float,
        has_proper_motions: bool,
        epoch_asked: float | None = None,
        proper_motion_applied: bool | None = None,
        truncated: bool | None = None,
        use: CatalogUse | None = None,
        motion: MotionFacts | None = None,
        query: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.service = service
        self.activity = activity
        self.sources = sources
        self.sha256 = sha256
        self.path = path
        self.epoch = epoch
        self.epoch_asked = epoch_asked
        self.has_proper_motions = has_proper_motions
        self.proper_motion_applied = proper_motion_applied
        self.truncated = truncated
        self._keep(use or CatalogUse(), motion)
        self.query = query or {}
        self.obtained_at = utc_now()
        add_beside(activity, self)

    def _keep(self, use: CatalogUse, motion: MotionFacts | None) -> None:
        self.without_motion, self.mag_min, self.mag_max = (
            use.without_motion,
            use.mag_min,
            use.mag_max,
        )
        if motion is not None:
            self.sources_without_motion = motion.without_motion
            self.still_epoch = motion.still_epoch
            self.motion_ra_mas_yr = motion.ra_mas_yr
            self.motion_dec_mas_yr = motion.dec_mas_yr

    @property
    def use(self) -> CatalogUse:
        """Selection of its sources for an alignment."""
        return CatalogUse(self.without_motion, self.mag_min, self.mag_max)

    def is_same_content(self, sha256: str, epoch: float, use: CatalogUse) -> bool:
        """Whether another reading has the same sources for the same epoch and use."""
        return self.sha256 == sha256 and self.epoch == epoch and self.use == use

    def supersede(self, earlier: ReferenceCatalog) -> None:
        """Replace another catalogue; alignments to that one become due again.

        Raises
        ------
        StateError
            When it is the same one, or stands behind the other already.
        """
        if earlier is self or self.superseded_by is not None:
            raise StateError(
                f"Catalogue {self.name} cannot replace {earlier.name}.",
                advice="See `skydb refcat list`.",
            )
        earlier.superseded_by = self
