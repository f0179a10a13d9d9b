"""Exposures."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key
from skydb.domain.values import ExposureFacts, Rootname, plate_scale_arcsec
from skydb.domain.visit import Visit


class Exposure(Base):
    """One HST exposure, known by its rootname and never duplicated.

    Parameters
    ----------
    visit : Visit
        The visit it was taken in.
    facts : ExposureFacts
        What its header says.
    """

    __tablename__ = "exposures"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    rootname: Mapped[str] = mapped_column(String(9), unique=True)
    instrument: Mapped[str] = mapped_column(String(8))
    detector: Mapped[str] = mapped_column(String(12))
    filters: Mapped[str] = mapped_column(String(40))
    exptime_s: Mapped[float]
    expstart_mjd: Mapped[float | None] = mapped_column(index=True)
    date_obs: Mapped[str | None] = mapped_column(String(10))
    target_name: Mapped[str | None] = mapped_column(String(64))
    ra_targ_deg: Mapped[float | None]
    dec_targ_deg: Mapped[float | None]
    pa_v3_deg: Mapped[float | None]
    aperture: Mapped[str | None] = mapped_column(String(24))
    asn_id: Mapped[str | None] = mapped_column(String(12))
    postarg1_arcsec: Mapped[float | None]
    postarg2_arcsec: Mapped[float | None]

    visit: Mapped[Visit] = relationship(lazy="joined")

    def __init__(self, visit: Visit, facts: ExposureFacts) -> None:
        self.visit = visit
        self.rootname = str(facts.rootname)
        self.instrument = facts.instrument
        self.detector = facts.detector
        self.filters = facts.filters
        self.exptime_s = facts.exptime_s
        self.expstart_mjd = facts.expstart_mjd
        self.date_obs = facts.date_obs
        self.target_name = facts.target_name
        self.ra_targ_deg = facts.ra_targ_deg
        self.dec_targ_deg = facts.dec_targ_deg
        self.pa_v3_deg = facts.pa_v3_deg
        self.aperture = facts.aperture
        self.asn_id = facts.asn_id
        self.postarg1_arcsec = facts.postarg1_arcsec
        self.postarg2_arcsec = facts.postarg2_arcsec

    @property
    def as_facts(self) -> ExposureFacts:
        """The exposure as a value, for a file that belongs to it but does not describe it."""
        return ExposureFacts(
            rootname=Rootname(self.rootname),
            proposal_id=self.visit.proposal_id,
            instrument=self.instrument,
            detector=self.detector,
            filters=self.filters,
            exptime_s=self.exptime_s,
            expstart_mjd=self.expstart_mjd,
            date_obs=self.date_obs,
            target_name=self.target_name,
            ra_targ_deg=self.ra_targ_deg,
            dec_targ_deg=self.dec_targ_deg,
            pa_v3_deg=self.pa_v3_deg,
            aperture=self.aperture,
            asn_id=self.asn_id,
            postarg1_arcsec=self.postarg1_arcsec,
            postarg2_arcsec=self.postarg2_arcsec,
        )

    @property
    def epoch_year(self) -> float | None:
        """Julian epoch of the start of the exposure."""
        if self.expstart_mjd is None:
            return None
        return 2000.0 + (self.expstart_mjd - 51544.5) / 365.25

    @property
    def plate_scale_arcsec(self) -> float | None:
        """Nominal plate scale of the detector in arcsec per pixel."""
        return plate_scale_arcsec(self.instrument, self.detector)
