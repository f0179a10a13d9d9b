"""The house style of every figure: one palette, one typeface, light and dark.

Colours of the sky methods are those of Okabe and Ito (2008), distinct in every
common form of colour blindness, and each method has a marker of its own, so that
colour is never the only difference.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.domain.vocabulary import SkyMethod

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Dots per inch of a figure on a page.
DPI = 144
#: Formats of a picture that is written to a file, by the suffix of its name.
PICTURE_KINDS = ("png", "pdf", "svg")
#: Colour of pixels that hold nothing, neutral so that it reads as no data.
NO_DATA = "#8c8c8c"
#: From deep ink to warm paper, hue kept blue between so that no value is neutral grey.
SCIENCE_RAMP = ("#070b1a", "#17294d", "#34588a", "#6b96c4", "#b4d0e2", "#fff8e7")
#: The same for weights, in green.
WEIGHT_RAMP = ("#06140f", "#12382b", "#2b6a51", "#64a784", "#b4d8b8", "#fdf9e2")

# Enough for a smooth ramp; with twice as many a noisy sky doubles the size of a PNG.
_SHADES = 128

#: Markers of the sky methods.
METHOD_MARKERS: Mapping[SkyMethod, str] = {
    SkyMethod.LOCALMIN: "o",
    SkyMethod.MATCH: "D",
    SkyMethod.GLOBALMIN_MATCH: "s",
    SkyMethod.GLOBALMIN: "^",
    SkyMethod.USER: "P",
    SkyMethod.NONE: "x",
}

_UNITS_PRINTED = {
    "electron/s": "e$^-$ s$^{-1}$",
    "electron": "e$^-$",
    "count/s": "count s$^{-1}$",
    "count": "count",
    "cps": "count s$^{-1}$",
    "electrons/s": "e$^-$ s$^{-1}$",
    "electrons": "e$^-$",
}

# matplotlib's parameters belong to the process, so one figure is styled at a time.
_STYLING = RLock()


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a figure on one kind of page.

    Parameters
    ----------
    name : str
        ``light`` or ``dark``.
    page, ink, muted, faint, band : str
        Background, text, secondary text, grid lines, and the tint that separates
        neighbouring groups.
    accent, second, warm : str
        Colours of data that belong to no sky method.
    methods : mapping of SkyMethod to str
        Colours of the sky methods.
    cycle : tuple of str
        Colours of single sources.
    """

    name: str
    page: str
    ink: str
    muted: str
    faint: str
    band: str
    accent: str
    second: str
    warm: str
    methods: Mapping[SkyMethod, str]
    cycle: tuple[str, ...]


LIGHT = Theme(
    name="light",
    page="#ffffff",
    ink="#1f2430",
    muted="#5c6473",
    faint="#dfe3ea",
    band="#f3f5f8",
    accent="#0072b2",
    second="#009e73",
    warm="#d55e00",
    methods={
        SkyMethod.LOCALMIN: "#0072b2",
        SkyMethod.MATCH: "#d55e00",
        SkyMethod.GLOBALMIN_MATCH: "#009e73",
        SkyMethod.GLOBALMIN: "#b5539c",
        SkyMethod.USER: "#6b6b6b",
        SkyMethod.NONE: "#a0a0a0",
    },
    cycle=("#e69f00", "#56b4e9", "#00c08b", "#f0e442", "#ff7f4f", "#e58ac2"),
)

DARK = Theme(
    name="dark",
    page="#171a21",
    ink="#e6e9ef",
    muted="#9aa3b2",
    faint="#303642",
    band="#1e222b",
    accent="#56b4e9",
    second="#2cc295",
    warm="#f08a4b",
    methods={
        SkyMethod.LOCALMIN: "#56b4e9",
        SkyMethod.MATCH: "#f08a4b",
        SkyMethod.GLOBALMIN_MATCH: "#2cc295",
        SkyMethod.GLOBALMIN: "#e08cc4",
        SkyMethod.USER: "#b0b0b0",
        SkyMethod.NONE: "#808080",
    },
    cycle=LIGHT.cycle,
)


def unit_text(unit: str | None) -> str:
    """A unit as a figure prints it; an unknown one is said to be unknown."""
    if not unit:
        return "unit unknown"
    return _UNITS_PRINTED.get(unit.strip().lower(), unit.replace("$", r"\$"))


def font_path(*, bold: bool = False) -> Path:
    """The house typeface, DejaVu Sans, as matplotlib ships it."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


def colormap(ramp: tuple[str, ...]) -> Colormap:
    """A colour map over the ramp, with no-data in neutral grey."""
    from matplotlib.colors import LinearSegmentedColormap

    made = LinearSegmentedColormap.from_list("skydb", ramp, N=_SHADES)
    return made.with_extremes(bad=NO_DATA)


@contextmanager
def house_style(theme: Theme) -> Iterator[None]:
    """Draw in the house style; matplotlib's own settings come back afterwards."""
    import matplotlib

    with _STYLING, matplotlib.rc_context(_parameters(theme)):
        yield


def _parameters(theme: Theme) -> dict[Any, Any]:
    return {
        "font.family": ["DejaVu Sans"],
        "mathtext.fontset": "dejavusans",
        "text.usetex": False,
        "text.color": theme.ink,
        "font.size": 8.5,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 8.5,
        "axes.labelcolor": theme.muted,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.page,
        "axes.linewidth": 0.7,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "axes.unicode_minus": True,
        "axes.formatter.useoffset": False,
        "grid.color": theme.faint,
        "grid.linewidth": 0.6,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.facecolor": theme.page,
        "figure.dpi": DPI,
        "savefig.facecolor": "auto",
        "image.interpolation": "nearest",
        "image.origin": "lower",
        "path.simplify": True,
    }


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that no global state knows of; sizes in inches."""
    from skydb.report.picture import Picture

    return Picture(width_in, height_in, DPI)


def title_figure(figure: Figure, title: str) -> None:
    """Write a title over the whole figure, flush left; an empty one takes no room."""
    if title:
        figure.suptitle(
            title.replace("$", r"\$"), x=0.01, ha="left", fontsize=11, fontweight="bold"
        )


def say_empty(axes: Axes, theme: Theme, message: str) -> None:
    """Say in words that a panel has nothing to show, instead of an empty scale."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, message, transform=axes.transAxes, ha="center", va="center", color=theme.muted
    )


def png_bytes(figure: Figure, *, compact: bool = False) -> bytes:
    """The figure as PNG; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From one of the drawing functions.
    compact : bool, optional
        Store colours as one of 256 that the house style uses: a third of the size
        where a noisy image fills the figure, and no visible difference.
    """
    stream = io.BytesIO()
    # matplotlib would write its version into the file, which would change the
    # checksum of a picture that is the same.
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return _paletted(stream) if compact else stream.getvalue()


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as one of :data:`PICTURE_KINDS`; without dates, so that it comes again."""
    if kind == "png":
        return png_bytes(figure)
    stream = io.BytesIO()
    dates = {"CreationDate": None} if kind == "pdf" else {"Date": None}
    figure.savefig(stream, format=kind, metadata=dates)
    return stream.getvalue()


def _paletted(png: io.BytesIO) -> bytes:
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(_house_palette())
    stream = io.BytesIO()
    with Image.open(png) as drawn:
        indexed = drawn.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    indexed.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _house_palette() -> bytes:
    """At most 256 colours: both ramps, greys, the themes, and the cycle as it is smoothed."""
    from matplotlib.colors import to_rgb

    science, weight = (
        np.asarray(colormap(ramp)(np.linspace(0, 1, shades)))[:, :3]
        for ramp, shades in ((SCIENCE_RAMP, _SHADES), (WEIGHT_RAMP, _SHADES // 2))
    )
    greys = np.repeat(np.linspace(0, 1, 24)[:, None], 3, axis=1)
    inks = [to_rgb(c) for t in (LIGHT, DARK) for c in (t.page, t.ink, t.muted, NO_DATA)]
    marks = np.array([to_rgb(colour) for colour in LIGHT.cycle])
    blends = [share * marks + (1 - share) * science[_SHADES // 3] for share in (1, 0.7, 0.4)]
    colours = np.vstack((science, weight, greys, inks, *blends))
    return bytes(np.rint(255 * colours).astype(np.uint8))
