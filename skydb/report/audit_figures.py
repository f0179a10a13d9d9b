"""The picture of an audit: where residuals lie on the sky, pair by pair, method by method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors
from skydb.domain.vocabulary import SkyMethod
from skydb.report.compass import draw_map_signs
from skydb.report.output import write_atomic
from skydb.report.plane import offsets_arcsec
from skydb.report.style import (
    LIGHT,
    METHOD_MARKERS,
    Theme,
    house_style,
    new_figure,
    png_bytes,
    say_empty,
    title_figure,
    unit_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

    from skydb.services.skies import Audit

#: Cosine of the largest distance from the middle of a map: 60 degrees.
_FLAT = 0.5
#: Exposures of which each still gets its name.
_NAMED = 40


@dataclass(frozen=True, slots=True)
class Link:
    """Two exposures by their numbers, and what is left between them; NaN when unknown."""

    first: int
    second: int
    after: float


@dataclass(frozen=True, slots=True)
class Score:
    """Rms of one run, or, without a method, of what was observed."""

    label: str
    method: SkyMethod | None
    rms: float
    is_audited: bool


@dataclass(frozen=True, eq=False)
class AuditPicture:
    """Contents of the audit figure.

    Parameters
    ----------
    names : tuple of str
        Rootnames, island by island.
    islands : tuple of int
        Number of the island of each, from 1.
    outlines : tuple of (int, ndarray)
        Number of the exposure and its chip's vertices (N, 2), arcsec east and north of
        the middle of the field.
    links : tuple of Link
        Pairs of exposures.
    scores : tuple of Score
        What was observed, then all runs, the best first.
    unit : str
        Of residuals and rms.
    """

    names: tuple[str, ...]
    islands: tuple[int, ...]
    outlines: tuple[tuple[int, NDArray[np.float64]], ...]
    links: tuple[Link, ...]
    scores: tuple[Score, ...]
    unit: str

    @property
    def limit(self) -> float:
        """Largest residual without sign: the end of the colour scale."""
        known = [abs(link.after) for link in self.links if np.isfinite(link.after)]
        return max(known, default=0.0) or 1.0

    def matrix(self) -> NDArray[np.float64]:
        """Residual of row above column, (names, names); NaN where two share no sky."""
        grid = np.full((len(self.names), len(self.names)), np.nan)
        for link in self.links:
            grid[link.first, link.second] = link.after
            grid[link.second, link.first] = -link.after
        return grid

    def middles(self) -> NDArray[np.float64]:
        """Middle of each exposure, (names, 2) in arcsec; NaN without an outline."""
        found = np.full((len(self.names), 2), np.nan)
        for number in range(len(self.names)):
            mine = [vertices for owner, vertices in self.outlines if owner == number]
            if mine:
                found[number] = np.vstack(mine).mean(axis=0)
        return found


def audit_picture(audit: Audit) -> AuditPicture:
    """Arrange an audit for drawing."""
    names = tuple(name for island in audit.islands for name in island)
    place = {name: number for number, name in enumerate(names)}
    flat = _flat(list(audit.outlines.values()))
    outlines = zip((place[root] for root, _ in audit.outlines), flat, strict=bool(flat))
    return AuditPicture(
        names=names,
        islands=tuple(n for n, group in enumerate(audit.islands, start=1) for _ in group),
        outlines=tuple(outlines),
        links=tuple(
            Link(place[r.exposure_a], place[r.exposure_b], np.nan if r.after is None else r.after)
            for r in audit.residuals
        ),
        scores=_scores(audit),
        unit=audit.run.unit,
    )


def write_audit_picture(audit: Audit, out: Path) -> Path:
    """Draw an audit into ``audit_run<RUN>.png`` of a directory, made when it is missing.

    Raises
    ------
    DiskError
        When the file cannot be written.
    """
    title = f"Run {audit.run.run} ({audit.run.method}): what is left where exposures overlap"
    figure = draw_audit(audit_picture(audit), title=title)
    return write_atomic(out / f"audit_run{audit.run.run}.png", png_bytes(figure))


def draw_audit(data: AuditPicture, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw the network on the sky, the matrix of pairs, and the ranking of runs.

    Parameters
    ----------
    data : AuditPicture
        From :func:`audit_picture`.
    title : str, optional
        Over the figure; empty for none.
    theme : Theme, optional
        Light or dark.
    """
    with house_style(theme):
        figure = new_figure(13.0, 4.9)
        title_figure(figure, title)
        sky, pairs, ranking = figure.subplots(1, 3, width_ratios=(1.25, 1.25, 0.8))
        scale, colours = _normalized(data.limit), _diverging(theme)
        _draw_network(sky, data, scale, colours, theme)
        _draw_matrix(pairs, data, scale, colours, theme)
        _draw_ranking(ranking, data, theme)
    return figure


def _scores(audit: Audit) -> tuple[Score, ...]:
    observed = [] if audit.rms_before is None else [("observed", None, audit.rms_before, False)]
    runs = [
        (f"{one.method}  ({one.run})", one.method, one.rms, one.run == audit.run.run)
        for one in audit.ranking
        if one.rms is not None
    ]
    return tuple(Score(*score) for score in [*observed, *runs])


def _flat(outlines: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Vertices as arcsec east and north of their common middle, safe at RA 0 and the poles.

    Nothing when they lie so far apart that one plane cannot show them.
    """
    vectors = [unit_vectors(one) for one in outlines]
    middle = np.vstack(vectors).mean(axis=0) if vectors else np.zeros(3)
    length = np.linalg.norm(middle)
    if not length or min((v @ middle).min() for v in vectors) < _FLAT * length:
        return []
    return [offsets_arcsec(one, middle) for one in outlines]


def _normalized(limit: float) -> Normalize:
    from matplotlib.colors import Normalize

    return Normalize(-limit, limit)


def _diverging(theme: Theme) -> Colormap:
    """Cold for below, warm for above, faint for nothing left; the page for no overlap."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = (theme.accent, theme.faint, theme.warm)
    made = LinearSegmentedColormap.from_list("residual", ends)
    return made.with_extremes(bad=theme.page)


def _draw_network(
    axes: Axes, data: AuditPicture, scale: Normalize, colours: Colormap, theme: Theme
) -> None:
    axes.set_title("On the sky", pad=30 if data.outlines else 8)
    if not data.outlines:
        say_empty(axes, theme, "no footprints, or too far apart for one map")
        return
    for owner, vertices in data.outlines:
        closed = np.vstack((vertices, vertices[:1]))
        axes.plot(*closed.T, color=_island_colour(data.islands[owner], theme), linewidth=0.5)
    middles = data.middles()
    for link in sorted(data.links, key=lambda one: abs(one.after)):
        ends = middles[[link.first, link.second]]
        axes.plot(*ends.T, color=colours(scale(link.after)), linewidth=1.8, zorder=3)
    tints = [_island_colour(island, theme) for island in data.islands]
    axes.scatter(
        middles[:, 0], middles[:, 1], s=18, c=tints, zorder=4, edgecolors=theme.page, linewidths=0.6
    )
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_xaxis()
    axes.set_xlabel("east  [arcsec]")
    axes.set_ylabel("north  [arcsec]")
    width = float(np.ptp(np.vstack([vertices for _, vertices in data.outlines]), axis=0).max())
    draw_map_signs(axes, 1.0, width, colour=theme.ink, halo=theme.page)


def _island_colour(island: int, theme: Theme) -> str:
    """Muted for the largest group, colours for the others, which have no zero in common."""
    tints = (theme.muted, theme.methods[SkyMethod.GLOBALMIN], theme.second, theme.cycle[0])
    return tints[(island - 1) % len(tints)]


def _draw_matrix(
    axes: Axes, data: AuditPicture, scale: Normalize, colours: Colormap, theme: Theme
) -> None:
    axes.set_title("Residual, row minus column")
    if not data.links:
        say_empty(axes, theme, "no two exposures overlap")
        return
    image = axes.imshow(data.matrix(), norm=scale, cmap=colours, origin="upper")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label(f"residual  [{unit_text(data.unit)}]")
    for edge in np.flatnonzero(np.diff(data.islands)):
        axes.axhline(edge + 0.5, color=theme.ink, linewidth=0.8)
        axes.axvline(edge + 0.5, color=theme.ink, linewidth=0.8)
    if len(data.names) > _NAMED:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{len(data.names)} exposures, island by island")
        return
    places = range(len(data.names))
    axes.set_xticks(places, data.names, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, data.names)
    axes.tick_params(length=0, labelsize=7.5 if len(data.names) <= 20 else 5.5)


def _draw_ranking(axes: Axes, data: AuditPicture, theme: Theme) -> None:
    axes.set_title("RMS of all pairs")
    known = [score for score in data.scores if score.rms > 0]
    if not known:
        say_empty(axes, theme, "no residuals")
        return
    places = np.arange(len(known))
    # A dot has no length, so that a logarithmic scale needs no arbitrary floor.
    axes.hlines(places, 0, 1, color=theme.faint, transform=axes.get_yaxis_transform(), zorder=1)
    for place, score in zip(places, known, strict=True):
        axes.plot(score.rms, place, **_dot(score, theme))
        axes.annotate(
            f"{score.rms:.3g}",
            (score.rms, place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            color=theme.muted,
        )
    axes.set_xscale("log")
    axes.margins(x=0.25)
    axes.set_yticks(places, [score.label for score in known])
    axes.set_ylim(len(known) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"RMS  [{unit_text(data.unit)}]")


def _dot(score: Score, theme: Theme) -> dict[str, Any]:
    colour = theme.muted if score.method is None else theme.methods[score.method]
    return {
        "marker": "x" if score.method is None else METHOD_MARKERS[score.method],
        "color": colour,
        "markersize": 9 if score.is_audited else 6,
        "markerfacecolor": colour if score.is_audited else "none",
        "zorder": 3,
    }
