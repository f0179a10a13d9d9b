"""The sources of a reference catalogue on the sky, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.report.compass import draw_map_signs
from skydb.report.style import LIGHT, Theme, house_style, new_figure, say_empty, title_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

#: Areas of the smallest and the largest marker, in square points.
_SMALLEST, _LARGEST = 5.0, 46.0
#: Motions are drawn with this share of the width of the field for the longest usual one.
_ARROW = 0.06


@dataclass(frozen=True, eq=False)
class CatalogPicture:
    """Contents of the catalogue figure.

    Parameters
    ----------
    centre_deg : tuple of float
        ICRS position of the middle of the plane.
    places_arcsec : ndarray, shape (N, 2)
        Offsets of the sources, east and north.
    mag : ndarray, shape (N,)
        Magnitudes; NaN for none.
    pm_mas_yr : ndarray, shape (N, 2)
        Proper motions in RA with cos Dec and in Dec; NaN for none.
    is_dropped : ndarray of bool, shape (N,)
        Sources that an alignment leaves out.
    outlines_arcsec : sequence of ndarray, shape (M, 2)
        Outlines of products, in the same offsets.
    title : str
        Over the figure.
    """

    centre_deg: tuple[float, float]
    places_arcsec: Floats
    mag: Floats
    pm_mas_yr: Floats
    is_dropped: NDArray[np.bool_]
    outlines_arcsec: Sequence[Floats]
    title: str

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Whether each source has a proper motion."""
        return np.asarray(np.isfinite(self.pm_mas_yr).all(axis=1), dtype=bool)


def draw_catalog(picture: CatalogPicture, *, theme: Theme = LIGHT) -> Figure:
    """Draw the sources on the sky with their motions, the motions alone, and the magnitudes.

    Parameters
    ----------
    picture : CatalogPicture
        What to draw.
    theme : Theme, optional
        Light or dark.
    """
    with house_style(theme):
        figure = new_figure(11.0, 6.0)
        title_figure(figure, picture.title)
        left, right = figure.subfigures(1, 2, width_ratios=[1.65, 1.0], squeeze=False)[0]
        _draw_sky(left.add_subplot(), picture, theme)
        above, below = right.subplots(2, 1, height_ratios=[1.35, 1.0])
        _draw_motions(above, picture, theme)
        _draw_magnitudes(below, picture, theme)
    return figure


def _draw_sky(axes: Axes, picture: CatalogPicture, theme: Theme) -> None:
    unit, arcsec = _unit_of(picture)
    places = picture.places_arcsec / arcsec
    axes.set_title(f"{len(places)} sources", pad=40)
    axes.set_xlabel(east_of(picture.centre_deg, unit))
    axes.set_ylabel(f"north  [{unit}]")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid()
    for outline in picture.outlines_arcsec:
        axes.fill(
            *(outline / arcsec).T,
            facecolor=theme.band,
            edgecolor=theme.muted,
            linewidth=0.8,
            zorder=1,
        )
    sizes = marker_sizes(picture.mag)
    moves, dropped = picture.moves, picture.is_dropped
    groups = (
        ("with a proper motion", moves & ~dropped, theme.accent, "o"),
        ("without one", ~moves & ~dropped, theme.warm, "s"),
        ("without one, dropped", dropped, theme.warm, "x"),
    )
    for label, these, colour, marker in groups:
        if these.any():
            edge = 0.9 if marker == "x" else 0.0
            x, y = places[these].T
            axes.scatter(x, y, s=sizes[these], color=colour, marker=marker, alpha=0.85,
                         linewidths=edge, label=f"{label}: {these.sum()}", zorder=3)  # fmt: skip
    _draw_arrows(axes, places[moves], picture.pm_mas_yr[moves], theme)
    axes.margins(0.05)
    axes.invert_xaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, markerscale=1.2)
    width = float(
        np.ptp(np.vstack((picture.places_arcsec, *picture.outlines_arcsec)), axis=0).max()
    )
    draw_map_signs(axes, arcsec, width / arcsec, colour=theme.ink, halo=theme.page)


def east_of(centre_deg: tuple[float, float], unit: str) -> str:
    """Label of the axis of a map that runs to the east."""
    ra, dec = centre_deg
    return f"east of RA {ra:.4f}, Dec {dec:+.4f} deg  [{unit}]"


def _draw_arrows(axes: Axes, places: Floats, motions: Floats, theme: Theme) -> None:
    """Motions as arrows, with a key; none where nothing moves."""
    lengths = np.hypot(*motions.T)
    usual = float(np.percentile(lengths, 90)) if len(lengths) else 0.0
    extent = float(np.ptp(places, axis=0).max()) if len(places) else 0.0
    if usual <= 0 or extent <= 0:
        return
    key = float(f"{usual:.1g}")
    scale = key / (_ARROW * extent)
    arrows = axes.quiver(
        *places.T, *motions.T, angles="xy", scale_units="xy", scale=scale,
        color=theme.accent, width=0.0022, alpha=0.55, zorder=2,
    )  # fmt: skip
    axes.quiverkey(
        arrows, 0.05, 1.04, key, f"{key:g} mas/yr", labelpos="E", labelcolor=theme.ink,
        color=theme.accent,
    )  # fmt: skip


def _draw_motions(axes: Axes, picture: CatalogPicture, theme: Theme) -> None:
    motions = picture.pm_mas_yr[picture.moves]
    axes.set_title("Proper motions")
    if not len(motions):
        say_empty(axes, theme, "no source has a proper motion")
        return
    axes.set_xlabel("in RA, with cos Dec [mas/yr]")
    axes.set_ylabel("in Dec [mas/yr]")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid()
    axes.axhline(0.0, color=theme.muted, linewidth=0.8)
    axes.axvline(0.0, color=theme.muted, linewidth=0.8)
    axes.scatter(motions[:, 0], motions[:, 1], s=9, color=theme.accent, alpha=0.6, linewidths=0)
    middle = np.median(motions, axis=0)
    label = f"median {np.hypot(*middle):.1f} mas/yr"
    axes.plot(*middle[:, np.newaxis], "+", color=theme.warm, markersize=11, mew=1.8, label=label)
    axes.legend(loc="best", markerscale=0.6)


def _draw_magnitudes(axes: Axes, picture: CatalogPicture, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    known = np.isfinite(picture.mag)
    axes.set_title("Magnitudes")
    if not known.any():
        say_empty(axes, theme, "no source has a magnitude")
        return
    low, high = np.floor(picture.mag[known].min()), np.ceil(picture.mag[known].max())
    edges = np.arange(low, max(high, low + 1) + 0.25, 0.5)
    parts = [picture.mag[known & picture.moves], picture.mag[known & ~picture.moves]]
    axes.hist(parts, bins=list(edges), stacked=True, color=[theme.accent, theme.warm], rwidth=0.9)
    axes.set_xlabel("magnitude  [mag]")
    axes.set_ylabel("sources")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _unit_of(picture: CatalogPicture) -> tuple[str, float]:
    """Arcseconds for what is small, arcminutes for what is large."""
    offsets = np.vstack((picture.places_arcsec, *picture.outlines_arcsec))
    is_small = float(np.ptp(offsets, axis=0).max()) < 240.0
    return ("arcsec", 1.0) if is_small else ("arcmin", 60.0)


def marker_sizes(mag: Floats) -> Floats:
    """Areas of markers: the brighter, the larger."""
    sizes = np.full(len(mag), (_SMALLEST + _LARGEST) / 4)
    known = np.isfinite(mag)
    if known.any():
        low, high = mag[known].min(), mag[known].max()
        part = (high - mag[known]) / (high - low) if high > low else 0.5
        sizes[known] = _SMALLEST + (_LARGEST - _SMALLEST) * part**2
    return sizes


def numbers_of(rows: Sequence[dict[str, Any]], *names: str) -> Floats:
    """Some columns of rows, shape (N, columns); NaN where a row has no value."""
    found = [[np.nan if row[name] is None else row[name] for name in names] for row in rows]
    return np.array(found, dtype=float).reshape(len(rows), len(names))
