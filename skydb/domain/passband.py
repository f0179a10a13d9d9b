"""Wavelengths that a filter transmits."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Base


class Passband(Base):
    """Limits of one filter of one detector; a filter that is not known has no row.

    The rows come with a migration, which names the handbook that each was taken from.

    Parameters
    ----------
    instrument, detector, filter_name : str
        As an exposure has them; one filter alone.
    em_min_m, em_max_m : float
        Vacuum wavelengths in metres.
    source : str
        Where the numbers are written, and what they are.
    """

    __tablename__ = "passbands"

    instrument: Mapped[str] = mapped_column(String(8), primary_key=True)
    detector: Mapped[str] = mapped_column(String(12), primary_key=True)
    filter_name: Mapped[str] = mapped_column(String(40), primary_key=True)
    em_min_m: Mapped[float]
    em_max_m: Mapped[float]
    source: Mapped[str] = mapped_column(Text)

    def __init__(
        self,
        instrument: str,
        detector: str,
        filter_name: str,
        limits_m: tuple[float, float],
        source: str,
    ) -> None:
        self.instrument = instrument
        self.detector = detector
        self.filter_name = filter_name
        self.em_min_m, self.em_max_m = limits_m
        self.source = source
