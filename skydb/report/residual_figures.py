"""The residuals that a fit leaves, as arrows over the field and axis by axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from skydb.errors import UsageError
from skydb.report.binning import Vectors, in_bins, key_length, side_of_bins
from skydb.report.compass import Orientation, draw_compass, draw_scale_bar
from skydb.report.style import LIGHT, Theme, house_style, new_figure, say_empty, title_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Values = NDArray[np.float64]


class MatchedSources(Protocol):
    """The sources that one fit matched, as TweakReg lists them in its match file.

    All arrays have one value per source. ``in`` are positions on the tangent plane
    of the fit, before it; ``residual`` is what the fit leaves there;
    ``in_original`` are FITS pixels (from 1) of the image.
    """

    @property
    def x_in_pix(self) -> Values: ...  # noqa: D102
    @property
    def y_in_pix(self) -> Values: ...  # noqa: D102
    @property
    def x_residual_pix(self) -> Values: ...  # noqa: D102
    @property
    def y_residual_pix(self) -> Values: ...  # noqa: D102
    @property
    def x_in_original_pix(self) -> Values: ...  # noqa: D102
    @property
    def y_in_original_pix(self) -> Values: ...  # noqa: D102
    @property
    def ra_fit_deg(self) -> Values: ...  # noqa: D102
    @property
    def dec_fit_deg(self) -> Values: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ResidualField:
    """Residuals of a fit over its field.

    Parameters
    ----------
    x_pix, y_pix : ndarray
        Positions on the tangent plane of the fit.
    dx_pix, dy_pix : ndarray
        Residuals there.
    pixel_scale_mas : float
        Side of a pixel of that plane.
    orientation : Orientation, optional
        Directions of north and east on it, when there are enough sources.
    """

    x_pix: Values
    y_pix: Values
    dx_pix: Values
    dy_pix: Values
    pixel_scale_mas: float
    orientation: Orientation | None = None

    @property
    def rms_x_pix(self) -> float:
        """Root mean square of ``dx_pix``; NaN without sources."""
        return _rms(self.dx_pix)

    @property
    def rms_y_pix(self) -> float:
        """Root mean square of ``dy_pix``; NaN without sources."""
        return _rms(self.dy_pix)

    @property
    def vectors(self) -> Vectors:
        """The residuals as arrows: of many sources, their means in bins."""
        places = np.column_stack((self.x_pix, self.y_pix))
        steps = np.column_stack((self.dx_pix, self.dy_pix))
        return in_bins(places, steps, side_of_bins(places))

    @property
    def key_pix(self) -> float:
        """Length of the arrow in the scale key: the round number nearest a typical arrow."""
        return key_length(self.vectors.steps)


def _rms(values: Values) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else float("nan")


def residual_field(sources: MatchedSources, pixel_scale_arcsec: float) -> ResidualField:
    """Residuals of the sources that have one.

    Parameters
    ----------
    sources : MatchedSources
        Of one fit.
    pixel_scale_arcsec : float
        Pixel of the fit's tangent plane, which is that of the image.

    Raises
    ------
    UsageError
        When the scale is not positive.
    """
    if not pixel_scale_arcsec > 0:
        raise UsageError(f"A pixel scale of {pixel_scale_arcsec} arcsec is impossible.")
    arrays = [
        np.asarray(values, dtype=float)
        for values in (
            sources.x_in_pix,
            sources.y_in_pix,
            sources.x_residual_pix,
            sources.y_residual_pix,
        )
    ]
    known = np.all([np.isfinite(values) for values in arrays], axis=0)
    x, y, dx, dy = (values[known] for values in arrays)
    sky = (np.asarray(values, dtype=float) for values in (sources.ra_fit_deg, sources.dec_fit_deg))
    ra, dec = (values[known] for values in sky)
    orientation = Orientation.of_places(x, y, ra, dec)
    return ResidualField(x, y, dx, dy, 1000 * pixel_scale_arcsec, orientation)


def draw_residuals(field: ResidualField, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw the residual vectors over the field, and each component along each axis.

    Parameters
    ----------
    field : ResidualField
        From :func:`residual_field`.
    title : str, optional
        Over the figure, such as the name of the product.
    theme : Theme, optional
        Light or dark.
    """
    with house_style(theme):
        figure = new_figure(11.0, 5.2)
        title_figure(figure, title)
        left, right = figure.subfigures(1, 2, width_ratios=[1.0, 1.12], squeeze=False)[0]
        _draw_vectors(left, field, theme)
        _draw_components(right, field, theme)
    return figure


def _draw_vectors(part: SubFigure, field: ResidualField, theme: Theme) -> None:
    axes = part.add_subplot()
    axes.set_title(_vectors_title(field), pad=44)
    axes.set_xlabel("x on the tangent plane [pix]")
    axes.set_ylabel("y on the tangent plane [pix]")
    axes.set_aspect("equal", adjustable="datalim")
    if not field.x_pix.size:
        say_empty(axes, theme, "no matched source")
        return
    axes.grid()
    size = 7 if field.vectors.bin_size is None else 3
    axes.scatter(field.x_pix, field.y_pix, s=size, color=theme.muted, linewidths=0, zorder=2)
    _draw_arrows(axes, field, theme)
    axes.margins(0.06)
    width = max(np.ptp(field.x_pix), np.ptp(field.y_pix)) or 1.0
    inks = {"colour": theme.ink, "halo": theme.page}
    draw_scale_bar(axes, field.pixel_scale_mas / 1000.0, float(width), above=True, **inks)
    if field.orientation is not None:
        draw_compass(axes, field.orientation, at=(0.955, 1.06), **inks)


def _vectors_title(field: ResidualField) -> str:
    side, count = field.vectors.bin_size, field.x_pix.size
    if side is None:
        return f"Residual vectors of {count} source{'' if count == 1 else 's'}"
    arcsec = side * field.pixel_scale_mas / 1000.0
    return f"Residuals of {count} sources, means in bins of {side:g} pix ({arcsec:.3g} arcsec)"


def _draw_arrows(axes: Axes, field: ResidualField, theme: Theme) -> None:
    extent = max(np.ptp(field.x_pix), np.ptp(field.y_pix)) or 1.0
    vectors, key = field.vectors, field.key_pix
    magnification = 0.09 * extent / key
    arrows = axes.quiver(
        *vectors.places.T, *vectors.steps.T, angles="xy", scale_units="xy",
        scale=1 / magnification, color=theme.accent, width=0.0038, zorder=3,
    )  # fmt: skip
    # Room for the heads, which matplotlib does not count as data.
    axes.update_datalim(vectors.places + magnification * vectors.steps)
    label = f"{key:g} pix = {key * field.pixel_scale_mas:.3g} mas"
    axes.quiverkey(
        arrows, 0.06, 1.045, key, label, labelpos="E", labelcolor=theme.ink, color=theme.warm
    )


def _draw_components(part: SubFigure, field: ResidualField, theme: Theme) -> None:
    panels = part.subplots(2, 2, sharex="col", sharey=True)
    largest = np.max(np.abs([field.dx_pix, field.dy_pix]), initial=0.0)
    components = (
        ("x", field.dx_pix, field.rms_x_pix, theme.accent),
        ("y", field.dy_pix, field.rms_y_pix, theme.warm),
    )
    for row, (name, residual, rms, colour) in zip(panels, components, strict=True):
        for axes, along, position in zip(row, "xy", (field.x_pix, field.y_pix), strict=True):
            axes.set_title(f"d{name} against {along}\n{_rms_text(rms, field)}", fontsize=8.5)
            if not residual.size:
                say_empty(axes, theme, "no matched source")
                continue
            axes.axhline(0.0, color=theme.muted, linewidth=0.8)
            axes.grid()
            axes.scatter(position, residual, s=16, color=colour, alpha=0.75, linewidths=0)
            axes.set_ylim(-1.15 * largest or -1, 1.15 * largest or 1)
    for axes, along in zip(panels[-1], "xy", strict=True):
        axes.set_xlabel(f"{along} [pix]")
    for row, name in zip(panels, "xy", strict=True):
        row[0].set_ylabel(f"d{name} [pix]")


def _rms_text(rms_pix: float, field: ResidualField) -> str:
    if not np.isfinite(rms_pix):
        return "no source"
    return f"rms {rms_pix:.4f} pix = {rms_pix * field.pixel_scale_mas:.2f} mas"
