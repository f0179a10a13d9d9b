"""One chip's part of an alignment solution."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Base, take
from skydb.domain.values import ChipGeometry

#: Radius that is larger than that of any chip of HST.
WIDE_DEG = 0.05

_MATRIX = ("cd1_1_deg", "cd1_2_deg", "cd2_1_deg", "cd2_2_deg")
_IS_WIDE = f"radius_deg > {WIDE_DEG}"


class ChipSolution(Base):
    """Linear WCS and sky footprint of one chip in one solution.

    The unit vector and radius of a cap around the footprint make positional
    searches a matter of plain SQL; the polygon makes them exact.
    """

    __tablename__ = "chip_solutions"
    __table_args__ = (
        Index(None, "z", "radius_deg"),
        Index(None, "radius_deg", sqlite_where=text(_IS_WIDE), postgresql_where=text(_IS_WIDE)),
    )

    solution_id: Mapped[int] = mapped_column(
        ForeignKey("alignment_solutions.id", ondelete="CASCADE"), primary_key=True
    )
    extver: Mapped[int] = mapped_column(primary_key=True)
    ccdchip: Mapped[int | None]
    naxis1_pix: Mapped[int]
    naxis2_pix: Mapped[int]
    crpix1_pix: Mapped[float]
    crpix2_pix: Mapped[float]
    crval1_deg: Mapped[float]
    crval2_deg: Mapped[float]
    cd1_1_deg: Mapped[float]
    cd1_2_deg: Mapped[float]
    cd2_1_deg: Mapped[float]
    cd2_2_deg: Mapped[float]
    orientat_deg: Mapped[float]
    s_region: Mapped[str | None] = mapped_column(Text)
    x: Mapped[float | None]
    y: Mapped[float | None]
    z: Mapped[float | None]
    radius_deg: Mapped[float | None]

    def __init__(self, chip: ChipGeometry) -> None:
        take(self, self.columns_of(chip))

    @staticmethod
    def columns_of(chip: ChipGeometry) -> dict[str, Any]:
        """Columns of a chip, but for its solution."""
        place: dict[str, Any] = {"s_region": None, "x": None, "y": None, "z": None}
        place["radius_deg"] = None
        if chip.polygon_deg:
            centre, place["radius_deg"] = chip.bounding_cap()
            place["x"], place["y"], place["z"] = centre.tolist()
            place["s_region"] = chip.s_region
        return {
            "extver": chip.extver,
            "ccdchip": chip.ccdchip,
            "naxis1_pix": chip.naxis_pix[0],
            "naxis2_pix": chip.naxis_pix[1],
            "crpix1_pix": chip.crpix_pix[0],
            "crpix2_pix": chip.crpix_pix[1],
            "crval1_deg": chip.crval_deg[0],
            "crval2_deg": chip.crval_deg[1],
            **dict(zip(_MATRIX, chip.cd_deg, strict=True)),
            "orientat_deg": chip.orientat_deg,
            **place,
        }

    @property
    def geometry(self) -> ChipGeometry:
        """The linear WCS as a value, to be written to a header exactly as it was reviewed."""
        return ChipGeometry(
            extver=self.extver,
            naxis_pix=(self.naxis1_pix, self.naxis2_pix),
            crpix_pix=(self.crpix1_pix, self.crpix2_pix),
            crval_deg=(self.crval1_deg, self.crval2_deg),
            cd_deg=(self.cd1_1_deg, self.cd1_2_deg, self.cd2_1_deg, self.cd2_2_deg),
            ccdchip=self.ccdchip,
        )
