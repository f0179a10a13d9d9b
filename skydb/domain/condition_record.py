"""Columns of the quality of an exposure by one file version."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.condition import Condition

_PARTS = tuple(part.name for part in fields(Condition))


def condition_columns(found: Condition) -> dict[str, Any]:
    """Columns of a quality."""
    return {name: getattr(found, name) for name in _PARTS}


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
        return Condition(**{name: getattr(self, name) for name in _PARTS})

    @condition.setter
    def condition(self, found: Condition) -> None:
        for name, value in condition_columns(found).items():
            setattr(self, name, value)
