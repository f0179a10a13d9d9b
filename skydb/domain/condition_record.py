"""Columns of the quality of an exposure by one file version."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.condition import Condition


class ConditionRecord:
    """The cards of :class:`~skydb.domain.condition.Condition`; NULL where there is no card."""

    quality: Mapped[str | None] = mapped_column(Text)
    expflag: Mapped[str | None] = mapped_column(String(32))
    fgslock: Mapped[str | None] = mapped_column(String(32))
    guideact: Mapped[str | None] = mapped_column(String(32))
    mtflag: Mapped[str | None] = mapped_column(String(8))
    scan_typ: Mapped[str | None] = mapped_column(String(8))
    ngoodpix: Mapped[int | None] = mapped_column(BigInteger)
    exptime_s: Mapped[float | None]
    gain: Mapped[float | None]
    bunit: Mapped[str | None] = mapped_column(String(32))
    orientat_deg: Mapped[float | None]

    @property
    def condition(self) -> Condition:
        """Quality of the exposure, from the header of this file version."""
        return Condition(**{part.name: getattr(self, part.name) for part in fields(Condition)})

    @condition.setter
    def condition(self, found: Condition) -> None:
        for part in fields(Condition):
            setattr(self, part.name, getattr(found, part.name))
