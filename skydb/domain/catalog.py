"""Reference catalogues: the sources that exposures are aligned to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import CatalogImport
from skydb.domain.base import Base, Key, add_beside, choice, utc_now
from skydb.domain.cataloguse import CatalogService as CatalogService
from skydb.domain.cataloguse import CatalogUse as CatalogUse
from skydb.domain.cataloguse import MotionFacts as MotionFacts
from skydb.domain.cataloguse import WithoutMotion as WithoutMotion
from skydb.errors import StateError


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


#: Name, in the query of a catalogue from a file, of the circle around its sources.
AROUND = "around"
#: How far beyond its outermost source a catalogue may still be of use: half a chip of ACS.
_BEYOND_DEG = 0.05


def asked_cone(query: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """RA, Dec and radius in degrees of the circle that a catalogue was asked for, if any."""
    return _cone(query.get("cone"))


def reach_of(query: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """RA, Dec and radius in degrees of a circle outside which a catalogue has no source.

    The circle that was asked for, else one around the sources of a file with a margin;
    None where neither is on record.
    """
    around = _cone(query.get(AROUND))
    if around is not None:
        around = (*around[:2], around[2] + _BEYOND_DEG)
    return asked_cone(query) or around


def _cone(cone: object) -> tuple[float, float, float] | None:
    if not isinstance(cone, Mapping):
        return None
    return float(cone["ra_deg"]), float(cone["dec_deg"]), float(cone["radius_deg"])
