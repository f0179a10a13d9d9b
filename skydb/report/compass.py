"""Directions of north and east on a picture, and bars that say how long an angle is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from skydb.domain.values import unit_vectors

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from matplotlib.axes import Axes
    from matplotlib.transforms import Affine2DBase

Values = NDArray[np.float64]

#: Fewest positions that give the orientation of a plane.
_ENOUGH = 3
#: Length of the arms of a compass, and the room for their letters, in points.
_ARM, _LETTER = 17.0, 6.0
_ARCSEC = 3600.0


@dataclass(frozen=True)
class Orientation:
    """Orientation of a plane of pixels on the sky.

    Parameters
    ----------
    north, east : ndarray, shape (2,)
        Unit vectors (x, y) on the plane.
    arcsec_per_pix : float
        Side of a pixel.
    """

    north: Values
    east: Values
    arcsec_per_pix: float

    @classmethod
    def of_matrix(cls, sky_of_pix: Values) -> Orientation | None:
        """The orientation of a linear WCS.

        Parameters
        ----------
        sky_of_pix : ndarray, shape (2, 2)
            Degrees east and north (rows) for a pixel along x and y (columns).

        Returns
        -------
        Orientation or None
            None when the matrix cannot be inverted.
        """
        determinant = float(np.linalg.det(sky_of_pix))
        if not np.isfinite(determinant) or determinant == 0.0:
            return None
        east, north = (column / np.hypot(*column) for column in np.linalg.inv(sky_of_pix).T)
        return cls(north, east, _ARCSEC * float(np.sqrt(abs(determinant))))

    @classmethod
    def of_wcs(cls, wcs: WCS | None) -> Orientation | None:
        """Find the orientation of a celestial WCS; None without one."""
        return None if wcs is None else cls.of_matrix(np.asarray(wcs.pixel_scale_matrix, float))

    @classmethod
    def of_places(
        cls, x_pix: Values, y_pix: Values, ra_deg: Values, dec_deg: Values
    ) -> Orientation | None:
        """Find the orientation of a plane of which some positions are known on the sky.

        Returns
        -------
        Orientation or None
            None when there are fewer than three places, or they lie on a line.
        """
        places = np.column_stack((x_pix, y_pix, ra_deg, dec_deg)).astype(float)
        places = places[np.isfinite(places).all(axis=1)]
        if len(places) < _ENOUGH:
            return None
        xy = places[:, :2] - places[:, :2].mean(axis=0)
        if np.linalg.svd(xy, compute_uv=False)[-1] < 1.0:
            return None
        sky = np.degrees(_east_north(places[:, 2:]))
        solved, *_ = np.linalg.lstsq(xy, sky - sky.mean(axis=0), rcond=None)
        return cls.of_matrix(np.asarray(solved.T))


#: A map on which north is up and east to the left, in arcsec.
EAST_LEFT = Orientation(np.array((0.0, 1.0)), np.array((-1.0, 0.0)), 1.0)


def _east_north(radec_deg: Values) -> Values:
    """Offsets in radians from the first of some places that are close together."""
    ra, dec = np.radians(radec_deg[0])
    east = (-np.sin(ra), np.cos(ra), 0.0)
    north = (-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec))
    return np.asarray(unit_vectors(radec_deg) @ np.array((east, north)).T)


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5, 10 ... that is not longer; 1 when there is no length."""
    if not (np.isfinite(longest) and longest > 0):
        return 1.0
    decade = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= longest * 1.001))


def draw_compass(
    axes: Axes, orientation: Orientation, *, at: tuple[float, float], colour: str, halo: str
) -> None:
    """Draw arrows to the north and the east, with their letters.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes on which x grows to the right and y upwards, in equal steps.
    orientation : Orientation
        How they lie on the sky.
    at : tuple of float
        Middle of the compass as fractions of the axes; it may be outside.
    colour, halo : str
        Of the arrows, and of what keeps them apart from the image.
    """
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Affine2D, ScaledTranslation

    apart = [withStroke(linewidth=2.2, foreground=halo)]
    figure = axes.get_figure(root=True)
    assert figure is not None
    points = Affine2D().scale(1.0 / 72.0) + figure.dpi_scale_trans
    here = points + ScaledTranslation(*at, cast("Affine2DBase", axes.transAxes))
    # The foot is put so that the middle of both arms is at the given place.
    foot = -0.5 * _ARM * (orientation.north + orientation.east)
    for letter, arm in (("N", orientation.north), ("E", orientation.east)):
        arrow = FancyArrowPatch(
            tuple(foot), tuple(foot + _ARM * arm), transform=here, arrowstyle="-|>",
            mutation_scale=7, shrinkA=0, shrinkB=0, linewidth=1.1, color=colour, clip_on=False,
            path_effects=apart, zorder=5,
        )  # fmt: skip
        axes.add_artist(arrow)
        x, y = foot + (_ARM + _LETTER) * arm
        axes.text(
            x, y, letter, transform=here, ha="center", va="center",
            fontsize=7.5, fontweight="bold", color=colour, path_effects=apart, zorder=5,
        )  # fmt: skip


def draw_scale_bar(
    axes: Axes, arcsec_per_unit: float, width_units: float, *, colour: str, halo: str, above: bool
) -> None:
    """Draw a bar of a round number of arcseconds, of arcminutes where it is long.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    arcsec_per_unit : float
        Length of a unit of the axes.
    width_units : float
        Width of what is shown; the bar is a fifth of it at most.
    colour, halo : str
        Of the bar, and of what keeps it apart from the image.
    above : bool
        Whether it is over the axes; else in their lower right corner.
    """
    from matplotlib.patheffects import withStroke
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    longest = 0.22 * width_units * arcsec_per_unit
    unit, arcsec = ("arcmin", 60.0) if longest >= 60.0 else ("arcsec", 1.0)
    length = round_length(longest / arcsec)
    bar = AnchoredSizeBar(
        axes.transData, length * arcsec / arcsec_per_unit, f"{length:g} {unit}", "lower right",
        pad=0.2, borderpad=0.3, sep=2, frameon=False, color=colour, label_top=True,
        bbox_to_anchor=(0.87, 1.0) if above else (1.0, 0.0), bbox_transform=axes.transAxes,
    )  # fmt: skip
    for artist in (*bar.size_bar.get_children(), bar.txt_label.get_children()[0]):
        artist.set_path_effects([withStroke(linewidth=2.2, foreground=halo)])
    bar.txt_label.get_children()[0].set_fontsize(7.5)
    axes.add_artist(bar)


def draw_map_signs(
    axes: Axes, arcsec_per_unit: float, width_units: float, *, colour: str, halo: str
) -> None:
    """Draw the compass and the scale bar of a map with east to the left, above it.

    Parameters
    ----------
    axes, arcsec_per_unit, width_units, colour, halo
        As of :func:`draw_scale_bar`.
    """
    draw_scale_bar(axes, arcsec_per_unit, width_units, colour=colour, halo=halo, above=True)
    draw_compass(axes, EAST_LEFT, at=(0.955, 1.06), colour=colour, halo=halo)
