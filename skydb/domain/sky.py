"""Sky runs: one skymethod on one set of exposures, and the method that ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity, Environment, Stamp
from skydb.domain.base import Base, Key, choice, sparse_index
from skydb.domain.exposure import Exposure
from skydb.domain.repetition import Repeatable
from skydb.domain.retention import Retained
from skydb.domain.values import SkyLevel
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import (
    ActivityKind,
    Engine,
    FindingKind,
    ReplayVerdict,
    Retention,
    SkyMethod,
    SkyUnit,
)
from skydb.errors import StateError

#: Parameter of a run that was allowed to have several zeros: how many it has.
ISLANDS = "islands"
#: Parameter of a run whose skies were given: where they come from.
SKY_SOURCE = "sky_source"


class SkyRunGroup(Base):
    """Runs that differ in nothing but their method, and so can be compared.

    Parameters
    ----------
    fingerprint : str
        SHA-256 of the inputs and the parameters without the method.
    label : str
        For people: target, filter and number of exposures.
    """

    __tablename__ = "sky_run_groups"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(120))

    runs: Mapped[list[SkyRun]] = relationship(back_populates="group", order_by="SkyRun.id")

    def __init__(self, fingerprint: str, label: str) -> None:
        self.fingerprint = fingerprint
        self.label = label


class SkyRun(Repeatable, Retained, Activity):
    """One run of one skymethod on one set of exposures.

    Parameters
    ----------
    group : SkyRunGroup
        The runs it can be compared with.
    method : SkyMethod or None
        The method that was asked for; None when what an old run left does not say.
    engine : Engine
        What computes it.
    recipe_hash : str
        SHA-256 of method, parameters and input checksums; the same recipe in the
        same environment is the same run.
    """

    __tablename__ = "sky_runs"
    __table_args__ = (
        Index(None, "group_id", "effective_method"),
        sparse_index("replay_of_id"),
        Index(
            None, "downgraded", sqlite_where=text("downgraded"), postgresql_where=text("downgraded")
        ),
    )

    id: Mapped[int] = mapped_column(ForeignKey("activities.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("sky_run_groups.id"))
    engine: Mapped[Engine] = mapped_column(choice(Engine))
    requested_method: Mapped[SkyMethod | None] = mapped_column(choice(SkyMethod, "requested"))
    effective_method: Mapped[SkyMethod | None] = mapped_column(choice(SkyMethod, "effective"))
    downgraded: Mapped[bool | None]
    recipe_hash: Mapped[str] = mapped_column(String(64), index=True)
    retention: Mapped[Retention] = mapped_column(choice(Retention))
    replay_of_id: Mapped[int | None] = mapped_column(ForeignKey("sky_runs.id"))
    replay_verdict: Mapped[ReplayVerdict | None] = mapped_column(choice(ReplayVerdict))
    masks_path: Mapped[str | None] = mapped_column(Text)
    """Masks of cosmic rays of all chips, relative to the data root."""

    group: Mapped[SkyRunGroup] = relationship(back_populates="runs")
    values: Mapped[list[SkyValue]] = relationship(
        back_populates="run", cascade="all, delete-orphan"
    )
    mosaic: Mapped[Mosaic | None] = relationship(back_populates="run", cascade="all, delete-orphan")
    replay_of: Mapped[SkyRun | None] = relationship(remote_side=[id], foreign_keys=[replay_of_id])

    __mapper_args__ = {
        "polymorphic_identity": ActivityKind.SKY_RUN,
        "inherit_condition": id == Activity.id,
    }

    def __init__(
        self,
        group: SkyRunGroup,
        method: SkyMethod | None,
        parameters: Mapping[str, Any],
        stamp: Stamp,
        *,
        recipe_hash: str,
        engine: Engine = Engine.ASTRODRIZZLE,
    ) -> None:
        super().__init__(parameters, stamp)
        self.group = group
        self.requested_method = method
        self.engine = engine
        self.recipe_hash = recipe_hash
        self.retention = Retention.NORMAL
        self.tool_version = self._tool_of(stamp)

    def moved_to(self, environment: Environment) -> None:
        """Record that another environment than that of the beginning does the work."""
        self.environment = environment
        self.tool_version = self._tool_of(Stamp(self.agent, self.skydb_version, environment))

    @property
    def method(self) -> SkyMethod:
        """The method that ran, if it is known.

        Raises
        ------
        StateError
            When what an old run left does not say.
        """
        known = self.effective_method or self.requested_method
        if known is None:
            raise StateError(f"The sky method of run {self.id} is unknown.")
        return known

    @property
    def is_per_chip(self) -> bool:
        """Whether every chip has a sky of its own, instead of one for its exposure."""
        settings = self.parameters.get(self.engine.value)
        return isinstance(settings, Mapping) and settings.get("per_chip") is True

    @property
    def has_skies_of_before(self) -> bool:
        """Whether its skies had been subtracted from its exposures: their user says so."""
        source = self.parameters.get(SKY_SOURCE)
        is_given = (self.effective_method or self.requested_method) is SkyMethod.USER
        return is_given and isinstance(source, Mapping) and source.get("subtracted") is False

    def note_islands(self, islands: int) -> None:
        """Keep the number of groups without a common zero, of a run that allows them.

        One that does not allow them has a finding.
        """
        self.parameters = {**self.parameters, ISLANDS: islands}

    def finish(
        self,
        levels: Iterable[SkyLevel],
        inputs: Mapping[str, ProductVersion],
        effective_method: SkyMethod,
        why_downgraded: str = "",
    ) -> None:
        """Record the skies of the run and the method that really ran.

        Parameters
        ----------
        levels : iterable of SkyLevel
            MDRIZSKY of every chip of every input.
        inputs : mapping of str to ProductVersion
            Rootname to the version that was used.
        effective_method : SkyMethod
            The method that really ran, which may not be the one asked for.
        why_downgraded : str
            What is known of the cause when the two differ.

        Raises
        ------
        StateError
            When the run is not running, or an input has no value.
        """
        values = [self._value(level, inputs) for level in levels]
        missing = set(inputs) - {value.exposure.rootname for value in values}
        if missing:
            raise StateError(f"Run {self.id} has no sky value for {', '.join(sorted(missing))}.")
        self.succeed()
        self.effective_method = effective_method
        self.downgraded = effective_method is not self.requested_method
        self.values = values
        if self.downgraded:
            self._notice_downgrade(effective_method, why_downgraded)
        for value in values:
            if value.unit is None and value.mdrizsky is not None:
                self.notice(
                    FindingKind.UNIT_UNKNOWN,
                    value.exposure.rootname,
                    "BUNIT does not give the unit of MDRIZSKY.",
                )

    def keep_mosaic(self, mosaic: Mosaic) -> None:
        """Attach the images that the run made."""
        self.mosaic = mosaic

    @property
    def pixel_files(self) -> tuple[str, ...]:
        """Stored paths of all that a purge deletes: the mosaic, and masks of cosmic rays.

        Science and weight may be one file, which is named once.
        """
        mosaic = (self.mosaic.science_path, self.mosaic.weight_path) if self.mosaic else ()
        files = (*mosaic, self.masks_path) if self.masks_path else mosaic
        return tuple(dict.fromkeys(files))

    def _tool_of(self, stamp: Stamp) -> str | None:
        own = f"skydb {stamp.skydb_version}"
        return own if self.engine is Engine.SKYDB else stamp.tool_version

    def repeat(self, original: SkyRun) -> None:
        """Note which run this one repeats."""
        self.replay_of = original

    def _value(self, level: SkyLevel, inputs: Mapping[str, ProductVersion]) -> SkyValue:
        version = inputs.get(level.rootname)
        if version is None:
            raise StateError(f"Run {self.id}: {level.rootname} is not one of its inputs.")
        return SkyValue(version, level)

    def _notice_downgrade(self, effective: SkyMethod, why: str) -> None:
        message = said_of_downgrade(self.requested_method, effective)
        self.notice(FindingKind.DOWNGRADED, f"run {self.id}", f"{message} {why}".strip())


def said_of_downgrade(requested: SkyMethod | None, effective: SkyMethod | None) -> str:
    """Sentence of the finding on a run of another method than was asked for."""
    return f"{requested} was asked for, {effective} ran."


class SkyValue(Base):
    """MDRIZSKY of one chip in one run.

    NULL is "no value": the exposure overlaps nothing that it could be matched to. A value
    without a version is known from a log only.
    Whether it is a level or an offset from one image follows from the method that
    really ran (:attr:`.SkyMethod.is_relative`).
    """

    __tablename__ = "sky_values"
    # With the run: a later value of an exposure is found without a look at the earlier ones.
    __table_args__ = (Index(None, "exposure_id", "run_id"),)

    run_id: Mapped[int] = mapped_column(
        ForeignKey("sky_runs.id", ondelete="CASCADE"), primary_key=True
    )
    exposure_id: Mapped[int] = mapped_column(ForeignKey("exposures.id"), primary_key=True)
    extver: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("product_versions.id"), index=True)
    mdrizsky: Mapped[float | None]
    mdrizsky_sigma: Mapped[float | None]
    """Standard deviation against the zero of the value; NULL where it was not measured."""
    unit: Mapped[SkyUnit | None] = mapped_column(choice(SkyUnit))
    log_line: Mapped[int | None]
    """Line of the run's log that the value was read from, counted from 1."""
    cr_masked_pix: Mapped[int | None]
    """Pixels that driz_cr masked; NULL when cosmic rays were not rejected."""

    run: Mapped[SkyRun] = relationship(back_populates="values")
    exposure: Mapped[Exposure] = relationship()
    version: Mapped[ProductVersion | None] = relationship()

    def __init__(self, measured: ProductVersion | Exposure, level: SkyLevel) -> None:
        if isinstance(measured, Exposure):
            self.exposure = measured
        else:
            self.version = measured
            self.exposure = measured.require_exposure()
        self.extver = level.extver
        self.mdrizsky = level.mdrizsky
        self.mdrizsky_sigma = level.sigma
        self.unit = level.unit
        self.cr_masked_pix = level.cr_masked_pix

    @staticmethod
    def logged(level: SkyLevel, line: int | None) -> dict[str, Any]:
        """Columns of a value from a log, except run and exposure."""
        return {
            "extver": level.extver,
            "mdrizsky": level.mdrizsky,
            "mdrizsky_sigma": level.sigma,
            "unit": level.unit,
            "log_line": line,
            "cr_masked_pix": level.cr_masked_pix,
        }


class Mosaic(Base):
    """The science and weight images that a run made.

    Parameters
    ----------
    science_path, weight_path : str
        Relative to the data root.
    science_sha256, weight_sha256 : str
        Checksums.
    naxis_pix : tuple of int
        (NAXIS1, NAXIS2).
    size_bytes : int
        Of both files together.
    """

    __tablename__ = "mosaics"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("sky_runs.id", ondelete="CASCADE"), primary_key=True
    )
    science_path: Mapped[str] = mapped_column(Text)
    weight_path: Mapped[str] = mapped_column(Text)
    science_sha256: Mapped[str] = mapped_column(String(64))
    weight_sha256: Mapped[str] = mapped_column(String(64))
    naxis1_pix: Mapped[int]
    naxis2_pix: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    purged_at: Mapped[datetime | None]

    run: Mapped[SkyRun] = relationship(back_populates="mosaic")

    def __init__(
        self,
        science_path: str,
        weight_path: str,
        *,
        science_sha256: str,
        weight_sha256: str,
        naxis_pix: tuple[int, int],
        size_bytes: int,
    ) -> None:
        self.science_path = science_path
        self.weight_path = weight_path
        self.science_sha256 = science_sha256
        self.weight_sha256 = weight_sha256
        self.naxis1_pix, self.naxis2_pix = naxis_pix
        self.size_bytes = size_bytes
