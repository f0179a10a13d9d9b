"""Quality and name of a fit: columns and their checks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from skydb.domain.base import Document, choice
from skydb.domain.values import MATCHES_WANTED as MATCHES_WANTED
from skydb.domain.values import FitParameters, FitQuality, Realised, WcsName
from skydb.domain.vocabulary import WcsKind

#: Fewest matches from which a geometry is chosen, where none is named: three a parameter. With
#: fewer a rotation is fitted only where a shift leaves one that is far beyond its error.
MATCHES_TO_CHOOSE: dict[str, int] = {"rshift": 9, "rscale": 12}

_WANTED_OTHERWISE = 12


def quality_columns(quality: FitQuality) -> dict[str, Any]:
    """Columns of matches and RMS."""
    return {
        "nmatches": quality.nmatches,
        "rms_ra_mas": quality.rms_ra_mas,
        "rms_dec_mas": quality.rms_dec_mas,
        "fit_geometry": quality.fit_geometry,
    }


def name_columns(name: WcsName) -> dict[str, Any]:
    """Columns of a WCSNAME."""
    return {
        "wcs_name": name.text,
        "wcs_kind": name.kind,
        "distortion": name.distortion,
        "fit_scope": name.scope,
        "fit_catalog": name.catalog,
    }


class FitRecord:
    """Columns of a fit, shared by whatever was fitted; NULL is "no value".

    The RMS on the sky is in mas whatever unit its keyword had; the parameters are
    those of the shift file, in pixels of the reference frame.
    """

    nmatches: Mapped[int | None]
    rms_ra_mas: Mapped[float | None]
    rms_dec_mas: Mapped[float | None]
    fit_geometry: Mapped[str | None] = mapped_column(String(16))
    dx_pix: Mapped[float | None]
    dy_pix: Mapped[float | None]
    rotation_deg: Mapped[float | None]
    scale: Mapped[float | None]
    x_rms_pix: Mapped[float | None]
    y_rms_pix: Mapped[float | None]
    trust: Mapped[float | None]

    def measure(self, fit: FitParameters) -> None:
        """Set the parameters of the fit and its trust.

        ``trust`` is the number of matches over the number that the geometry wants,
        at most 1.
        """
        self.dx_pix = fit.dx_pix
        self.dy_pix = fit.dy_pix
        self.rotation_deg = fit.rotation_deg
        self.scale = fit.scale
        self.x_rms_pix = fit.x_rms_pix
        self.y_rms_pix = fit.y_rms_pix
        self.trust = min(1.0, (self.nmatches or 0) / self.matches_wanted)

    @property
    def matches_wanted(self) -> int:
        """Matches that a fit of this geometry wants."""
        return MATCHES_WANTED.get(self.fit_geometry or "", _WANTED_OTHERWISE)

    @property
    def is_weak(self) -> bool:
        """Whether there are fewer matches than the fitted geometry wants."""
        return self.nmatches is not None and self.nmatches < self.matches_wanted


class WcsLabel:
    """Columns of the name of a solution: verbatim, and also parsed."""

    wcs_name: Mapped[str] = mapped_column(String(80))
    wcs_kind: Mapped[WcsKind] = mapped_column(choice(WcsKind))
    wcs_type: Mapped[str | None] = mapped_column(String(120))
    hdr_name: Mapped[str | None] = mapped_column(String(120))
    distortion: Mapped[str | None] = mapped_column(String(40))
    fit_scope: Mapped[str | None] = mapped_column(String(16))
    fit_catalog: Mapped[str | None] = mapped_column(String(40))

    def _name(self, name: WcsName) -> None:
        for column, value in name_columns(name).items():
            setattr(self, column, value)


class ShiftRecord:
    """Columns of the measured shift of an exposure, beside the predicted one."""

    predicted_shift_mas: Mapped[float | None]
    realised_shift_mas: Mapped[float | None]
    residual_mas: Mapped[float | None]

    def keep_shift(self, realised: Realised) -> None:
        """Record the measured shift."""
        self.predicted_shift_mas = realised.predicted_mas
        self.realised_shift_mas = realised.realised_mas
        self.residual_mas = realised.residual_mas


class ReadFrom:
    """Column of the lines of a log from which the numbers of a fit were read."""

    read_from: Mapped[dict[str, str] | None] = mapped_column(Document)
    """File and line by the name of the number."""
