"""The overlap ledger: sky levels of chips, and of the sky that two exposures share.

Every row is a measurement by skydb on one file version (a product version)
with one recipe of the statistic, so that it is made once and serves every later audit.
Levels are in the unit of the image; ``brightness_per_unit`` makes them comparable
between exposure times and pixel sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity
from skydb.domain.base import Base, choice
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import ActivityKind, SkyUnit

#: A chip of an exposure: rootname and EXTVER.
ChipKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Level:
    """Sky level of a set of pixels.

    Parameters
    ----------
    value : float
        Clipped statistic, in the unit of the image.
    sigma : float
        Its standard deviation, from the noise of the pixels.
    pixels : int
        How many were left after masking and clipping.
    noise : float
        Standard deviation of a pixel about the scene, in the same unit.
    slope : float
        How much the level rises with the square of that, where the scene makes the
        distribution of the pixels skew: in the inverse of the unit.
    """

    value: float
    sigma: float
    pixels: int
    noise: float = 0.0
    slope: float = 0.0


@dataclass(frozen=True, slots=True)
class MeasuredChip:
    """One whole chip.

    Parameters
    ----------
    rootname, extver
        The chip.
    level : Level or None
        None when no pixel is good.
    unit : SkyUnit or None
        Unit of the level; None when BUNIT does not say.
    brightness_per_unit : float
        What a level is multiplied with to become a surface brightness, per second and
        per square arcsecond.
    mean : Level or None
        Mean of the same pixels, where it was measured: stars raise it above a median.
    """

    rootname: str
    extver: int
    level: Level | None
    unit: SkyUnit | None
    brightness_per_unit: float
    mean: Level | None = None

    @property
    def key(self) -> ChipKey:
        """Rootname and EXTVER."""
        return (self.rootname, self.extver)


@dataclass(frozen=True, slots=True)
class MeasuredOverlap:
    """The common sky of two chips of different exposures.

    Parameters
    ----------
    first, second : ChipKey
        The chips, in the order of their rootnames.
    area_arcsec2 : float
        Common area of their footprints.
    first_level, second_level : Level or None
        Level of each in the common sky; None when it has no good pixel there.
    """

    first: ChipKey
    second: ChipKey
    area_arcsec2: float
    first_level: Level | None
    second_level: Level | None


class OverlapMeasurement(Activity):
    """Chips and their overlaps were measured."""

    __mapper_args__ = {"polymorphic_identity": ActivityKind.OVERLAP}


class ChipLevel(Base):
    """Clipped level of one whole chip of one version.

    Parameters
    ----------
    version : ProductVersion
        The file version that was measured.
    activity : Activity
        What measured it.
    recipe : str
        SHA-256 of the statistic's parameters.
    measured : MeasuredChip
        What was found.
    """

    __tablename__ = "chip_levels"

    version_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), primary_key=True)
    extver: Mapped[int] = mapped_column(primary_key=True)
    recipe: Mapped[str] = mapped_column(String(64), primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"), index=True)
    level: Mapped[float | None]
    level_sigma: Mapped[float | None]
    pixels: Mapped[int]
    unit: Mapped[SkyUnit | None] = mapped_column(choice(SkyUnit))
    brightness_per_unit: Mapped[float]
    mean: Mapped[float | None]
    mean_sigma: Mapped[float | None]

    version: Mapped[ProductVersion] = relationship()
    activity: Mapped[Activity] = relationship()

    def __init__(
        self, version: ProductVersion, activity: Activity, recipe: str, measured: MeasuredChip
    ) -> None:
        self.version = version
        self.activity = activity
        self.recipe = recipe
        self.extver = measured.extver
        self.level, self.level_sigma, self.pixels = _columns(measured.level)
        self.unit = measured.unit
        self.brightness_per_unit = measured.brightness_per_unit
        self.mean, self.mean_sigma, _ = _columns(measured.mean)

    @property
    def measured(self) -> MeasuredChip:
        """The measurement as a value."""
        return MeasuredChip(
            self.version.require_exposure().rootname,
            self.extver,
            _level(self.level, self.level_sigma, self.pixels),
            self.unit,
            self.brightness_per_unit,
            _level(self.mean, self.mean_sigma, self.pixels),
        )


class SkyOverlap(Base):
    """Measurement of the common sky of one pair of chips of two exposures.

    Parameters
    ----------
    versions : tuple of ProductVersion
        The file versions that were measured, in the order of their rootnames.
    activity : Activity
        What measured them.
    recipe : str
        SHA-256 of the statistic's parameters.
    measured : MeasuredOverlap
        What was found.
    """

    __tablename__ = "sky_overlaps"
    __table_args__ = (Index(None, "version_b_id"),)

    version_a_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), primary_key=True)
    extver_a: Mapped[int] = mapped_column(primary_key=True)
    version_b_id: Mapped[int] = mapped_column(ForeignKey("product_versions.id"), primary_key=True)
    extver_b: Mapped[int] = mapped_column(primary_key=True)
    recipe: Mapped[str] = mapped_column(String(64), primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activities.id"), index=True)
    area_arcsec2: Mapped[float]
    pixels_a: Mapped[int]
    pixels_b: Mapped[int]
    level_a: Mapped[float | None]
    level_b: Mapped[float | None]
    level_a_sigma: Mapped[float | None]
    level_b_sigma: Mapped[float | None]
    noise_a: Mapped[float | None]
    noise_b: Mapped[float | None]
    slope_a: Mapped[float | None]
    slope_b: Mapped[float | None]

    version_a: Mapped[ProductVersion] = relationship(foreign_keys=[version_a_id])
    version_b: Mapped[ProductVersion] = relationship(foreign_keys=[version_b_id])
    activity: Mapped[Activity] = relationship()

    def __init__(
        self,
        versions: tuple[ProductVersion, ProductVersion],
        activity: Activity,
        recipe: str,
        measured: MeasuredOverlap,
    ) -> None:
        self.version_a, self.version_b = versions
        self.activity = activity
        self.recipe = recipe
        self.extver_a, self.extver_b = measured.first[1], measured.second[1]
        self.area_arcsec2 = measured.area_arcsec2
        self.level_a, self.level_a_sigma, self.pixels_a = _columns(measured.first_level)
        self.level_b, self.level_b_sigma, self.pixels_b = _columns(measured.second_level)
        self.noise_a, self.slope_a = _shape(measured.first_level)
        self.noise_b, self.slope_b = _shape(measured.second_level)

    @property
    def measured(self) -> MeasuredOverlap:
        """The measurement as a value."""
        return MeasuredOverlap(
            (self.version_a.require_exposure().rootname, self.extver_a),
            (self.version_b.require_exposure().rootname, self.extver_b),
            self.area_arcsec2,
            _level(self.level_a, self.level_a_sigma, self.pixels_a, self.noise_a, self.slope_a),
            _level(self.level_b, self.level_b_sigma, self.pixels_b, self.noise_b, self.slope_b),
        )


def _columns(level: Level | None) -> tuple[float | None, float | None, int]:
    return (None, None, 0) if level is None else (level.value, level.sigma, level.pixels)


def _shape(level: Level | None) -> tuple[float | None, float | None]:
    return (None, None) if level is None else (level.noise, level.slope)


def _level(
    value: float | None,
    sigma: float | None,
    pixels: int,
    noise: float | None = None,
    slope: float | None = None,
) -> Level | None:
    if value is None or sigma is None:
        return None
    return Level(value, sigma, pixels, noise or 0.0, slope or 0.0)
