"""A rigid group on the sky: what its fit leaves in every exposure, and how these agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skydb.report.binning import FEWEST_OF_BIN, Vectors, in_bins, key_length, side_of_bins
from skydb.report.compass import draw_map_signs
from skydb.report.style import LIGHT, Theme, house_style, new_figure, say_empty, title_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.float64]

#: Colours of Okabe and Ito (2008) that are distinct on a light and on a dark page.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: With the next marker when the colours begin again.
_MARKERS = "os^Dv"
#: Marker, words and attribute of what is said of the agreement of an exposure.
_MEASURES = (
    ("o", "rms of shared stars", "rms_mas"),
    ("D", "standard error of the place", "error_mas"),
)
#: Exposures that have a look of their own on the sky; of more all look the same.
_NAMED = 18
#: Exposures with arrows of their own; for more of them the mean is drawn.
_ARROWS_APART = len(_COLOURS)
#: Exposures that are named, and described, beside their agreement; of more every n-th is.
_ROWS_NAMED = 30


class Stars(Protocol):
    """Stars of one exposure on the sky, with what the fit of the body leaves of each."""

    @property
    def rootname(self) -> str: ...  # noqa: D102
    @property
    def places_arcsec(self) -> Values: ...  # noqa: D102
    @property
    def residuals_mas(self) -> Values: ...  # noqa: D102


@dataclass(frozen=True)
class MemberPicture:
    """One exposure of a rigid group.

    Parameters
    ----------
    rootname : str
    places_arcsec, residuals_mas : ndarray, shape (N, 2)
        East and north.
    pairs : int or None
        Stars that it shares with others, each pair of exposures counted; None when unknown.
    rms_mas : float or None
        Of their differences, along one axis.
    error_mas : float or None
        Standard error of its place, along one axis.
    moved_mas : tuple of float or None
        East and north: how it was moved to agree with the others.
    """

    rootname: str
    places_arcsec: Values
    residuals_mas: Values
    pairs: int | None = None
    rms_mas: float | None = None
    error_mas: float | None = None
    moved_mas: tuple[float, float] | None = None

    @property
    def agreement(self) -> str:
        """Its agreement with the others, in words."""
        if not self.pairs:
            return "shares no star with another exposure"
        step = ""
        if self.moved_mas is not None:
            east, north = self.moved_mas
            # Adding zero makes of -0.0 a 0.0.
            step = f", moved {round(east, 2) + 0.0:+.2f} E {round(north, 2) + 0.0:+.2f} N mas"
        return f"{self.pairs} shared{step}"


@dataclass(frozen=True)
class BodyPicture:
    """A rigid group, its exposures in the order of their names."""

    name: str
    members: tuple[MemberPicture, ...]

    @property
    def count(self) -> int:
        """Measurements of matched stars."""
        return sum(len(one.places_arcsec) for one in self.members)

    @property
    def extent_arcsec(self) -> float:
        """The longer side of the box that holds the measurements."""
        return float(np.ptp(np.vstack([one.places_arcsec for one in self.members]), axis=0).max())

    @property
    def bin_arcsec(self) -> float | None:
        """Side of the bins of the arrows; None when every measurement has one."""
        return side_of_bins(np.vstack([one.places_arcsec for one in self.members]))

    @property
    def is_pooled(self) -> bool:
        """Whether an arrow is the mean of all exposures in a bin, for these are too many."""
        return len(self.members) > _ARROWS_APART and self.bin_arcsec is not None

    def vectors(self) -> list[Vectors]:
        """The residuals of every exposure as arrows; pooled ones of all exposures as one."""
        side = self.bin_arcsec
        if self.is_pooled:
            places = np.vstack([one.places_arcsec for one in self.members])
            steps = np.vstack([one.residuals_mas for one in self.members])
            return [in_bins(places, steps, side)]
        return [in_bins(one.places_arcsec, one.residuals_mas, side) for one in self.members]


def body_picture(
    name: str, rows: Sequence[Mapping[str, Any]], stars: Sequence[Stars] = ()
) -> BodyPicture:
    """Gather what is drawn of a group.

    Parameters
    ----------
    name : str
        The group.
    rows : sequence of mapping
        Its fits, as ``skydb align show --json`` has them; with ``rootname``.
    stars : sequence of Stars
        Matched stars of its exposures; none when it was not fitted to a catalogue.
    """
    seen = {one.rootname: one for one in stars}
    members = []
    for row in sorted(rows, key=lambda row: str(row["rootname"])):
        mine = seen.get(row["rootname"])
        places, left = (
            (mine.places_arcsec, mine.residuals_mas) if mine is not None else np.empty((2, 0, 2))
        )
        known = np.isfinite(places).all(axis=1) & np.isfinite(left).all(axis=1)
        east, north = row["relative_east_mas"], row["relative_north_mas"]
        moved = None if east is None or north is None else (east, north)
        members.append(
            MemberPicture(
                row["rootname"], places[known], left[known], row["relative_pairs"],
                row["relative_rms_mas"], row["error_mas"], moved,
            )
        )  # fmt: skip
    return BodyPicture(name, tuple(members))


def draw_body(body: BodyPicture, *, title: str = "", theme: Theme = LIGHT) -> Figure:
    """Draw the residuals of a group on the sky by exposure, and how its exposures agree.

    Of a group without matches with a catalogue only the agreement is drawn.

    Parameters
    ----------
    body : BodyPicture
        From :func:`body_picture`.
    title : str, optional
        Over the figure.
    theme : Theme, optional
        Light or dark.
    """
    height = 1.5 + 0.26 * min(len(body.members), _ROWS_NAMED)
    with house_style(theme):
        if not body.count:
            figure = new_figure(8.6, max(2.4, height))
            title_figure(figure, title)
            _draw_agreement(figure.add_subplot(), body, theme)
            return figure
        figure = new_figure(12.6, max(5.8, height))
        title_figure(figure, title)
        sky, agreement = figure.subplots(1, 2, width_ratios=[1.0, 1.05])
        _draw_sky(sky, body, theme)
        _draw_agreement(agreement, body, theme)
    return figure


def _look(number: int) -> tuple[str, str]:
    """Colour and marker of an exposure."""
    return _COLOURS[number % len(_COLOURS)], _MARKERS[number // len(_COLOURS) % len(_MARKERS)]


def _draw_sky(axes: Axes, body: BodyPicture, theme: Theme) -> None:
    side = body.bin_arcsec
    binned = (
        "" if side is None else f",\nmeans in bins of {side:g} arcsec ({FEWEST_OF_BIN} or more)"
    )
    parted = "of all exposures" if body.is_pooled else "by exposure"
    axes.set_title(f"Residuals of {body.count} measurements, {parted}{binned}", pad=44)
    axes.set_xlabel("east of the middle [arcsec]")
    axes.set_ylabel("north of the middle [arcsec]")
    axes.set_aspect("equal")
    axes.grid()
    _draw_measurements(axes, body, theme)
    # A square: with limits that follow the shape of the axes, many rows would make them tall.
    low, high = (np.array(edge) for edge in axes.dataLim.get_points())
    (x, y), half = (low + high) / 2, 0.56 * max(float((high - low).max()), 1.0)
    axes.set_xlim(x + half, x - half)
    axes.set_ylim(y - half, y + half)
    width = max(body.extent_arcsec, 1.0)
    draw_map_signs(axes, 1.0, width, colour=theme.ink, halo=theme.page)
    if len(body.members) <= _NAMED:
        _legend_below(axes, columns=3, marker_scale=2.0)


def _legend_below(axes: Axes, *, columns: int, marker_scale: float = 1.0) -> None:
    """A legend under the label of the x axis, however high the axes are."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None
    below = axes.transAxes + ScaledTranslation(0.0, -30.0 / 72.0, figure.dpi_scale_trans)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), bbox_transform=below, ncols=columns,
        fontsize=7.5, markerscale=marker_scale,
    )  # fmt: skip


def _draw_measurements(axes: Axes, body: BodyPicture, theme: Theme) -> None:
    size = 10 if body.bin_arcsec is None else 4
    is_told_apart = len(body.members) <= _NAMED
    for number, one in enumerate(body.members):
        colour, marker = _look(number) if is_told_apart else (theme.muted, ".")
        axes.scatter(
            one.places_arcsec[:, 0], one.places_arcsec[:, 1], s=size, color=colour, marker=marker,
            alpha=0.6, linewidths=0, label=f"{one.rootname}: {len(one.places_arcsec)}",
        )  # fmt: skip
    _draw_arrows(axes, body, theme)


def _draw_arrows(axes: Axes, body: BodyPicture, theme: Theme) -> None:
    vectors = body.vectors()
    key = key_length(np.vstack([one.steps for one in vectors]))
    magnification = 0.09 * (body.extent_arcsec or 1.0) / key
    arrows = None
    for number, drawn in enumerate(vectors):
        if len(drawn.places):
            arrows = axes.quiver(
                *drawn.places.T, *drawn.steps.T, angles="xy", scale_units="xy",
                scale=1 / magnification, width=0.0034, zorder=3,
                color=theme.ink if body.is_pooled else _look(number)[0],
            )  # fmt: skip
            axes.update_datalim(drawn.places + magnification * drawn.steps)
    if arrows is not None:
        axes.quiverkey(
            arrows, 0.06, 1.045, key, f"{key:g} mas", labelpos="E", labelcolor=theme.ink,
            color=theme.ink,
        )  # fmt: skip


def _draw_agreement(axes: Axes, body: BodyPicture, theme: Theme) -> None:
    axes.set_title("Agreement of the exposures, along one axis")
    if not any(one.pairs for one in body.members):
        say_empty(axes, theme, "no two exposures share a star")
        return
    is_long = len(body.members) > _ROWS_NAMED
    rows = np.arange(len(body.members))
    colours = [theme.accent if is_long else _look(int(row))[0] for row in rows]
    for marker, label, name in _MEASURES:
        known = [(int(row), value) for row, one in zip(rows, body.members, strict=True)
                 if (value := getattr(one, name)) is not None]  # fmt: skip
        if known:
            edges = [colours[row] for row, _ in known]
            axes.scatter(
                [value for _, value in known], [row for row, _ in known], marker=marker,
                s=9 if is_long else 26, facecolors=edges if marker == "o" else "none",
                edgecolors=edges, label=label, zorder=3,
            )  # fmt: skip
    step = -(-len(rows) // _ROWS_NAMED)
    axes.set_yticks(rows[::step], [one.rootname for one in body.members[::step]])
    axes.set_ylim(len(body.members) - 0.4, -0.6)
    axes.set_xlim(
        0.0, 1.12 * max(max(one.rms_mas or 0, one.error_mas or 0) for one in body.members)
    )
    axes.grid(axis="x")
    axes.set_xlabel("[mas]" if not is_long else f"[mas]; every {_ordinal(step)} exposure is named")
    if not is_long:
        _describe_rows(axes, body, theme)
    _legend_below(axes, columns=2)


def _describe_rows(axes: Axes, body: BodyPicture, theme: Theme) -> None:
    for row, one in enumerate(body.members):
        axes.annotate(
            one.agreement, (1.0, float(row)), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=7.0, color=theme.muted,
        )  # fmt: skip


def _ordinal(number: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(number, f"{number}th")
