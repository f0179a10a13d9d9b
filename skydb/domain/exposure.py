"""Exposures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.base import Base, Key, choice, take
from skydb.domain.values import ExposureFacts, Rootname, julian_epoch
from skydb.domain.visit import Visit
from skydb.domain.vocabulary import KnownFrom
from skydb.errors import StateError

if TYPE_CHECKING:
    from skydb.domain.product import Product

#: Instruments by the first letter of a rootname (HST data handbooks, "HST file names").
_INSTRUMENTS = {"i": "WFC3", "j": "ACS", "n": "NICMOS", "o": "STIS", "u": "WFPC2"}

#: Columns that have the names of the facts.
_GIVEN = (
    *("instrument", "detector", "filters", "exptime_s", "expstart_mjd", "expend_mjd", "date_obs"),
    *("target_name", "ra_targ_deg", "dec_targ_deg", "pa_v3_deg", "aperture", "asn_id"),
    *("postarg1_arcsec", "postarg2_arcsec"),
)

_DAY_S = 86400.0
#: Largest difference of the starts of one exposure in two headers; the shortest exposures of HST
#: follow each other after more.
_SAME_START_S = 60.0


class Exposure(Base):
    """One HST exposure, known by its rootname and never duplicated.

    Parameters
    ----------
    visit : Visit
        The visit it was taken in.
    known : ExposureFacts or Rootname
        Facts from its header, or its name when it is known from a log only.

    Raises
    ------
    ValueError
        When the first letter of a mere rootname stands for no imager of HST.
    """

    __tablename__ = "exposures"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    rootname: Mapped[str] = mapped_column(String(9), unique=True)
    instrument: Mapped[str] = mapped_column(String(8))
    known_from: Mapped[KnownFrom] = mapped_column(choice(KnownFrom))
    detector: Mapped[str | None] = mapped_column(String(12))
    filters: Mapped[str | None] = mapped_column(String(40), index=True)
    exptime_s: Mapped[float | None]
    expstart_mjd: Mapped[float | None] = mapped_column(index=True)
    expend_mjd: Mapped[float | None]
    date_obs: Mapped[str | None] = mapped_column(String(10))
    target_name: Mapped[str | None] = mapped_column(String(64), index=True)
    ra_targ_deg: Mapped[float | None]
    dec_targ_deg: Mapped[float | None]
    pa_v3_deg: Mapped[float | None]
    aperture: Mapped[str | None] = mapped_column(String(24))
    asn_id: Mapped[str | None] = mapped_column(String(12))
    postarg1_arcsec: Mapped[float | None]
    postarg2_arcsec: Mapped[float | None]

    visit: Mapped[Visit] = relationship(lazy="joined", back_populates="exposures")
    products: Mapped[list[Product]] = relationship(back_populates="exposure", order_by="Product.id")

    def __init__(self, visit: Visit, known: ExposureFacts | Rootname) -> None:
        self.visit = visit
        if isinstance(known, ExposureFacts):
            self._describe(known)
            return
        self.rootname = known.text
        self.instrument = instrument_of(known)
        self.known_from = KnownFrom.LOG

    def learn(self, facts: ExposureFacts) -> None:
        """Take the facts of a header that were not known: all of them for one that a log named."""
        self.visit.learn(facts)
        if self.known_from is KnownFrom.LOG:
            self._describe(facts)
        else:
            take(self, self.unknown_of(facts))

    def unknown_of(self, facts: ExposureFacts) -> dict[str, Any]:
        """Columns that a header gives and none before did, such as the target of a redelivery.

        There are none in a header that is hardly of this exposure.
        """
        if self.doubt_about(facts) is not None:
            return {}
        given = self.given_by(facts).items()
        return {name: value for name, value in given if getattr(self, name) is None}

    @staticmethod
    def given_by(facts: ExposureFacts) -> dict[str, Any]:
        """Columns of which a header says something."""
        return {name: value for name in _GIVEN if (value := getattr(facts, name)) is not None}

    def contradicted_by(self, facts: ExposureFacts) -> str | None:
        """Explain why the facts of a header cannot be of this exposure; None when they can.

        No reprocessing changes the detector: a ROOTNAME was copied, or fields were simulated
        under the same names.
        """
        if self.known_from is KnownFrom.LOG:
            return None
        own, other = (f"{one.instrument}/{one.detector}" for one in (self, facts))
        if own.upper() == other.upper():
            return None
        return (
            f"its header says {other}, and {self.rootname} is an exposure of {own} in this "
            "ledger: one of the two has the ROOTNAME of the other"
        )

    def doubt_about(self, facts: ExposureFacts) -> str | None:
        """Explain why the facts of a header are hardly of this exposure; None when they are.

        Reprocessings change the start of an exposure by less than a second.
        """
        if self.expstart_mjd is None or facts.expstart_mjd is None:
            return None
        off_s = abs(facts.expstart_mjd - self.expstart_mjd) * _DAY_S
        if off_s <= _SAME_START_S:
            return None
        return (
            f"its EXPSTART is {off_s:,.0f} s off that of {self.rootname} on record: "
            "one of the two files is of another exposure."
        )

    def contradiction(self, facts: ExposureFacts) -> str | None:
        """Describe how the filter in a header is not that of this exposure; None when it is.

        No reprocessing changes it. A target can be renamed, and the name on record stays.
        """
        return other_filter(self.filters, facts)

    def _describe(self, facts: ExposureFacts) -> None:
        take(self, self.columns_of(facts))

    @staticmethod
    def columns_of(facts: ExposureFacts) -> dict[str, Any]:
        """Columns that a header gives, but for its visit."""
        given = {name: getattr(facts, name) for name in _GIVEN}
        return {"rootname": str(facts.rootname), "known_from": KnownFrom.HEADER, **given}

    @property
    def as_facts(self) -> ExposureFacts:
        """The exposure as a value, for a file that belongs to it but does not describe it.

        Raises
        ------
        StateError
            When only a log names the exposure.
        """
        proposal_id, detector = self.visit.proposal_id, self.detector
        filters, exptime_s = self.filters, self.exptime_s
        if proposal_id is None or detector is None or filters is None or exptime_s is None:
            raise StateError(
                f"{self.rootname} is only named in a log.", advice="Ingest a file of it."
            )
        return ExposureFacts(
            rootname=Rootname(self.rootname),
            proposal_id=proposal_id,
            instrument=self.instrument,
            detector=detector,
            filters=filters,
            exptime_s=exptime_s,
            expstart_mjd=self.expstart_mjd,
            expend_mjd=self.expend_mjd,
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
        return None if self.expstart_mjd is None else julian_epoch(self.expstart_mjd)


def other_filter(known: str | None, facts: ExposureFacts) -> str | None:
    """Describe how the filter in a header is not the known one; None when it is."""
    if known is None or not facts.filters or known.upper() == facts.filters.upper():
        return None
    return (
        f"its filter is {facts.filters}, and earlier files of {facts.rootname} have {known}, "
        "which is used."
    )


def instrument_of(rootname: Rootname) -> str:
    """Instrument that the first letter of a rootname stands for.

    Raises
    ------
    ValueError
        When it stands for no imager of HST.
    """
    instrument = _INSTRUMENTS.get(rootname.text[0])
    if instrument is None:
        raise ValueError(f"{rootname} is not of a known instrument.")
    return instrument
