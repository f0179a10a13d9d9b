"""Maps as lines and dots, for an SVG that is drawn without a script and without the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, log10, radians, sin, sqrt
from typing import TYPE_CHECKING

from skydb.browse import links
from skydb.browse.pages.shared import plural

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.browse.facts import FieldFact
    from skydb.report.footprint_figures import FieldMap

#: Footprints that one map is drawn with; a browser is slow with more.
MOST = 300
#: Width of a map in its own units.
_SIDE = 640.0
_MARGIN = 28.0
#: Looks of visits: colours, and then the same ones dashed.
_COLOURS = 6
#: Fields that are shown on the whole sky.
_MOST_FIELDS = 4000


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline or dot.

    Parameters
    ----------
    points : str
        Corners as SVG has them; of a dot its middle.
    look : str
        Class of its style.
    title : str
        Its name.
    href : str or None
        The page that it leads to.
    radius : float
        Of a dot; 0 for an outline.
    """

    points: str
    look: str
    title: str
    href: str | None
    radius: float = 0.0

    @property
    def middle(self) -> tuple[str, str]:
        """The middle of a dot."""
        x, _, y = self.points.partition(",")
        return x, y


@dataclass(frozen=True, slots=True)
class SkyMap:
    """A map with its legend.

    Parameters
    ----------
    width, height : float
        Of the drawing.
    shapes : tuple of Shape
    lines : tuple of str
        Polylines of a grid.
    legend : tuple of (str, str, str)
        Look, text and address.
    bar : tuple of (float, str)
        Length and text of the scale bar; a length of 0 for none.
    alt : str
        The map in words.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    lines: tuple[str, ...]
    legend: tuple[tuple[str, str, str], ...]
    bar: tuple[float, str]
    alt: str


def footprint_maps(
    services: Services, rootnames: Sequence[str], here: str = ""
) -> tuple[list[SkyMap], int]:
    """Draw the footprints of exposures, one map for those that are near each other.

    Parameters
    ----------
    services : Services
    rootnames : sequence of str
        No more than :data:`MOST` are drawn.
    here : str
        The exposure that the page is about.

    Returns
    -------
    list of SkyMap
        The largest ones, if they are many.
    int
        Exposures on maps for which there is no room.
    """
    from skydb.report.footprint_figures import footprint_map

    rows = services.footprints.named(rootnames[:MOST])
    if not rows:
        # Exposures that are known from logs only have no outline.
        return [], 0
    visits = sorted({str(row["visit"]) for row in rows})
    looks = {visit: _look(place) for place, visit in enumerate(visits)}
    found = footprint_map(rows)
    return [_drawn(field, looks, here) for field in found.fields], found.left_out


def _look(place: int) -> str:
    dashed = " dashed" if place // _COLOURS % 2 else ""
    return f"c{place % _COLOURS}{dashed}"


def _drawn(field: FieldMap, looks: Mapping[str, str], here: str) -> SkyMap:
    corners = [(-corner[0], -corner[1]) for one in field.outlines for corner in one.corners_arcsec]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    scale = (_SIDE - 2 * _MARGIN) / max(right - left, bottom - top, 1e-6)
    shapes = []
    for one in field.outlines:
        points = " ".join(
            f"{(-x - left) * scale + _MARGIN:.1f},{(-y - top) * scale + _MARGIN:.1f}"
            for x, y in one.corners_arcsec
        )
        look = f"{looks[one.visit]}{' here' if one.name == here else ''}"
        title = f"{one.name}, visit {one.visit}"
        shapes.append(Shape(points, look, title, links.href_of("rootname", one.name, {})))
    shapes.sort(key=lambda shape: "here" in shape.look)
    visits = sorted({one.visit for one in field.outlines})
    ra, dec = field.centre_deg
    length = _round_below(max(right - left, 1e-3) / 3)
    return SkyMap(
        (right - left) * scale + 2 * _MARGIN,
        (bottom - top) * scale + 2 * _MARGIN + 22,
        tuple(shapes),
        (),
        tuple((looks[visit], f"visit {visit}", links.visit(visit)) for visit in visits),
        (length * scale, _angle(length)),
        f"Footprints of {plural(field.exposures, 'exposure')} of {plural(len(visits), 'visit')}"
        f" around RA {ra:.4f}, Dec {dec:+.4f} degrees, north up and east left.",
    )


def _round_below(arcsec: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten of the unit that it is given in."""
    unit = next(one for one in (3600.0, 60.0, 1.0) if arcsec >= one or one == 1.0)
    length = arcsec / unit
    power = 10.0 ** int(log10(length) // 1)
    return unit * max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))


def _angle(arcsec: float) -> str:
    if arcsec >= 3600:
        return f"{arcsec / 3600:g} deg"
    return f"{arcsec / 60:g} arcmin" if arcsec >= 60 else f"{arcsec:g} arcsec"


def whole_sky(fields: Sequence[FieldFact]) -> SkyMap | None:
    """Draw where the fields are on the whole sky, in Hammer's equal-area projection.

    The projection is that of Calabretta & Greisen (2002), A&A 395, 1077, section 5.3.
    """
    placed = [one for one in fields if one.ra_deg is not None and one.dec_deg is not None]
    if not placed:
        return None
    shown = sorted(placed, key=lambda one: -one.exposures)[:_MOST_FIELDS]
    size = 3.0 if len(shown) < 500 else 1.3
    shapes = tuple(
        Shape(
            _place(one.ra_deg or 0.0, one.dec_deg or 0.0),
            "c0",
            f"{one.target or 'no target'}, {plural(one.exposures, 'exposure')}",
            links.field(one.target),
            size * (1.0 + min(1.3, sqrt(one.exposures) / 15.0)),
        )
        for one in shown
    )
    alt = f"The whole sky with {len(shown)} fields, right ascension growing to the left."
    return SkyMap(720.0, 370.0, shapes, tuple(_grid()), (), (0.0, ""), alt)


def _place(ra_deg: float, dec_deg: float) -> str:
    # In the middle is RA 180, so that the edge is at RA 0.
    half, dec = radians((ra_deg % 360.0) - 180.0) / 2.0, radians(dec_deg)
    depth = sqrt(1.0 + cos(dec) * cos(half))
    x, y = 2.0 * cos(dec) * sin(half) / depth, sin(dec) / depth
    return f"{360.0 - x * 175.0:.1f},{185.0 - y * 175.0:.1f}"


def _grid() -> list[str]:
    edge = 359.999
    meridians = [
        " ".join(_place(ra, dec) for dec in range(-90, 91, 6))
        for ra in (0.0, 60.0, 120.0, 180.0, 240.0, 300.0, edge)
    ]
    parallels = [
        " ".join(_place(step * edge / 60, dec) for step in range(61))
        for dec in (-60.0, -30.0, 0.0, 30.0, 60.0)
    ]
    return meridians + parallels
