"""Maps of what the exposures of a ledger cover, with the sources of a catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.domain.values import unit_vectors
from skydb.errors import UsageError
from skydb.report.catalog_figures import Floats, east_of, marker_sizes
from skydb.report.compass import draw_map_signs
from skydb.report.counting import counted
from skydb.report.plane import middle_of, offsets_arcsec, radec_of
from skydb.report.style import LIGHT, Theme, house_style, new_figure, title_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Footprints whose middles are farther apart than this have maps of their own, degrees.
_APART_DEG = 0.5
#: Maps that a figure has room for.
_MOST_MAPS = 6
#: Visits that have a look of their own; of more all look the same.
_VISITS_TOLD = 18
#: Colours of Okabe and Ito (2008) that show on a light and on a dark page.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: With the next line when the colours begin again.
_LINES = ("-", "--", ":")


@dataclass(frozen=True, eq=False)
class Outline:
    """The outline of one chip.

    Parameters
    ----------
    name : str
        Rootname, or file name of a drizzled product.
    visit : str
    corners_arcsec : ndarray, shape (N, 2)
        East and north of the middle of its map.
    """

    name: str
    visit: str
    corners_arcsec: Floats


@dataclass(frozen=True, eq=False)
class FieldMap:
    """A part of the sky with footprints that are near each other.

    Parameters
    ----------
    centre_deg : tuple of float
        ICRS position of the middle.
    outlines : tuple of Outline
        In the order of the rows.
    sources_arcsec : ndarray, shape (N, 2)
        Catalogue sources within the map, east and north of the middle.
    mag : ndarray, shape (N,)
        Their magnitudes; NaN for none.
    """

    centre_deg: tuple[float, float]
    outlines: tuple[Outline, ...]
    sources_arcsec: Floats
    mag: Floats

    @property
    def exposures(self) -> int:
        """Number of exposures or products on the map."""
        return len({one.name for one in self.outlines})

    @property
    def extent_arcsec(self) -> float:
        """The longer side of the box that holds the outlines."""
        corners = np.vstack([one.corners_arcsec for one in self.outlines])
        return float(np.ptp(corners, axis=0).max())


@dataclass(frozen=True, eq=False)
class FootprintMap:
    """Contents of a footprint map.

    Parameters
    ----------
    fields : tuple of FieldMap
        The one with the most exposures first.
    visits : tuple of str
        Labels of all visits, in order.
    catalog : str
        Name of the catalogue, and its epoch; empty without one.
    left_out : int
        Exposures of fields for which there is no room.
    """

    fields: tuple[FieldMap, ...]
    visits: tuple[str, ...]
    catalog: str = ""
    left_out: int = 0


def footprint_map(
    rows: Iterable[Mapping[str, Any]],
    *,
    sources_deg: Floats | None = None,
    mag: Floats | None = None,
    catalog: str = "",
) -> FootprintMap:
    """Arrange footprints for drawing, one map for those that are near each other.

    Parameters
    ----------
    rows : iterable of mapping
        Chips, as the footprint service has them: ``rootname`` (or ``product`` where that is
        None), ``visit``, and ``corners_deg``, a list of arrays of shape (N, 2).
    sources_deg : ndarray, shape (N, 2), optional
        ICRS positions of the sources of a catalogue.
    mag : ndarray, shape (N,), optional
        Their magnitudes.
    catalog : str, optional
        Name of the catalogue for the legend, with its epoch.

    Raises
    ------
    UsageError
        When there is no footprint.
    """
    chips = [
        (str(row["rootname"] or row["product"]), str(row["visit"] or ""), corners)
        for row in rows
        for corners in row["corners_deg"]
    ]
    if not chips:
        raise UsageError("No footprint to draw.", advice="Bring the files in with `skydb ingest`.")
    middles = np.array([middle_of(corners) for _, _, corners in chips])
    parts = sorted(_near_each_other(middles), key=lambda part: (-len(part), part[0]))
    positions = np.empty((0, 2)) if sources_deg is None else np.asarray(sources_deg, float)
    mags = np.full(len(positions), np.nan) if mag is None else np.asarray(mag, float)
    shown = [[chips[place] for place in part] for part in parts[:_MOST_MAPS]]
    hidden = {chips[place][0] for part in parts[_MOST_MAPS:] for place in part}
    return FootprintMap(
        tuple(_field_map(part, positions, mags) for part in shown),
        tuple(sorted({visit for _, visit, _ in chips})),
        catalog if len(positions) else "",
        len(hidden - {name for part in shown for name, _, _ in part}),
    )


def _near_each_other(middles: Floats) -> list[list[int]]:
    """Numbers of footprints whose middles are linked by short steps, as lists."""
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    reach = 2.0 * np.sin(np.radians(_APART_DEG) / 2.0)
    tree = KDTree(middles)
    links = tree.sparse_distance_matrix(tree, reach, output_type="coo_matrix")
    # Zero is no link to a sparse matrix, but two footprints may have the same middle.
    links.data[:] = 1.0
    count, labels = connected_components(links, directed=False)
    return [np.flatnonzero(labels == label).tolist() for label in range(count)]


def _field_map(
    chips: Sequence[tuple[str, str, Floats]], sources_deg: Floats, mag: Floats
) -> FieldMap:
    centre = middle_of(np.vstack([corners for _, _, corners in chips]))
    centre /= np.linalg.norm(centre)
    outlines = tuple(
        Outline(name, visit, offsets_arcsec(corners, centre)) for name, visit, corners in chips
    )
    corners = np.vstack([one.corners_arcsec for one in outlines])
    reach = float(np.abs(corners).max()) * 1.05
    # Only what is on this half of the sky has a place on the plane.
    near = unit_vectors(sources_deg) @ centre > np.cos(np.radians(60.0))
    places = offsets_arcsec(sources_deg[near], centre)
    inside = (np.abs(places) <= reach).all(axis=1)
    return FieldMap(radec_of(centre), outlines, places[inside], mag[near][inside])


def draw_footprints(data: FootprintMap, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw the outlines of all exposures on the sky, a map for each field.

    Parameters
    ----------
    data : FootprintMap
        From :func:`footprint_map`.
    title : str, optional
        Over the figure.
    theme : Theme, optional
        Light or dark.
    """
    across = min(len(data.fields), 2)
    down = -(-len(data.fields) // across)
    side = 7.2 if across == 1 else 5.4
    with house_style(theme):
        legend_rows = -(-len(data.visits) // 6) if len(data.visits) <= _VISITS_TOLD else 1
        figure = new_figure(side * across, (side + 0.2) * down + 0.5 + 0.2 * legend_rows)
        title_figure(figure, title)
        for place, field in enumerate(data.fields, start=1):
            axes = figure.add_subplot(down, across, place)
            _draw_field(axes, field, data, theme)
        _draw_legend(figure, data)
    return figure


def _draw_field(axes: Axes, field: FieldMap, data: FootprintMap, theme: Theme) -> None:
    unit, arcsec = ("arcsec", 1.0) if field.extent_arcsec < 240.0 else ("arcmin", 60.0)
    plural = "" if field.exposures == 1 else "s"
    axes.set_title(f"{field.exposures} exposure{plural}", pad=40)
    axes.set_xlabel(east_of(field.centre_deg, unit))
    axes.set_ylabel(f"north  [{unit}]")
    axes.set_aspect("equal")
    axes.grid()
    for one in field.outlines:
        colour, line = _look(data, one.visit, theme)
        corners = np.vstack((one.corners_arcsec, one.corners_arcsec[:1])) / arcsec
        axes.fill(*corners.T, facecolor=theme.accent, alpha=_depth(field), linewidth=0, zorder=1)
        axes.plot(*corners.T, color=colour, linestyle=line, linewidth=1.0, zorder=2)
    _draw_sources(axes, field, data, arcsec, theme)
    # A square, its middle that of the outlines, with east to the left.
    corners = np.vstack([one.corners_arcsec for one in field.outlines]) / arcsec
    (x, y), half = (corners.min(axis=0) + corners.max(axis=0)) / 2, 0.55 * np.ptp(corners, 0).max()
    axes.set_xlim(x + half, x - half)
    axes.set_ylim(y - half, y + half)
    draw_map_signs(axes, arcsec, field.extent_arcsec / arcsec, colour=theme.ink, halo=theme.page)


def _draw_sources(
    axes: Axes, field: FieldMap, data: FootprintMap, arcsec: float, theme: Theme
) -> None:
    if not data.catalog:
        return
    size = 0.45 * marker_sizes(field.mag)
    x, y = (field.sources_arcsec / arcsec).T
    label = f"{data.catalog}: {len(x)} sources"
    axes.scatter(
        x, y, s=size, color=theme.ink, alpha=0.55, marker="o", linewidths=0, zorder=3, label=label
    )
    axes.annotate(
        label, (0.0, 1.0), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points",
        fontsize=7.5, color=theme.muted,
    )  # fmt: skip


def _depth(field: FieldMap) -> float:
    """Opacity of one footprint, so that the deepest part of the field is not opaque."""
    deepest = max(Counter(one.visit for one in field.outlines).values())
    return float(np.clip(0.3 / deepest, 0.015, 0.12))


def _look(data: FootprintMap, visit: str, theme: Theme) -> tuple[str, Any]:
    """Colour and line of a visit."""
    if len(data.visits) > _VISITS_TOLD:
        return theme.muted, "-"
    number = data.visits.index(visit)
    return _COLOURS[number % len(_COLOURS)], _LINES[number // len(_COLOURS)]


def _draw_legend(figure: Figure, data: FootprintMap) -> None:
    from matplotlib.lines import Line2D

    others = counted(data.left_out, "exposure")
    told = [f"{others} of other fields left out"] if data.left_out else []
    if len(data.visits) > _VISITS_TOLD:
        told.insert(0, f"{len(data.visits)} visits")
        visits: Sequence[str] = ()
    else:
        visits = data.visits
    looks = [_look(data, visit, LIGHT) for visit in visits]
    handles = [Line2D([], [], color=colour, linestyle=line) for colour, line in looks]
    figure.legend(
        handles, [visit or "unknown visit" for visit in visits], loc="outside lower center",
        ncols=6, title="; ".join(told) or None, title_fontsize=8, fontsize=7.5,
    )  # fmt: skip
