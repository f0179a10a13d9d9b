"""Figures of the page of a field: residuals, skies, mosaics; a sentence where none can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from skydb.errors import FileRejectedError, NotFoundError, UsageError
from skydb.report import pages
from skydb.report.alignment_figures import draw_sources
from skydb.report.blink import blink_sequence, frame_pngs, gif_bytes
from skydb.report.body_figures import draw_body
from skydb.report.html import BlinkBlock, FigureBlock, TextBlock
from skydb.report.mosaic_figures import draw_mosaics
from skydb.report.sky_figures import draw_sky_comparison, sky_comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skydb.api.composition import Services
    from skydb.report.style import Theme
    from skydb.services.lookup import FitEvidence, MosaicEvidence

Row = Mapping[str, Any]
_Drawn: TypeAlias = FigureBlock | BlinkBlock

#: As many fits have figures on the page; the others have their rows.
_FITS_DRAWN = 3


def fit_figures(
    services: Services, run: int, products: Collection[str] | None = None
) -> tuple[FigureBlock, ...]:
    """Residuals of some fits of a run, an exposure or two images, and some of its groups."""
    fits = [
        fit for fit in services.evidence.fits(run) if products is None or fit.product in products
    ]
    bodies = pages.body_pictures(services, run, fits)
    groups = [
        FigureBlock.drawn(
            f"Group {body.name}",
            f"Residuals by exposure, and how these agree{_left_out(run, len(bodies))}.",
            f"Residuals of {len(body.members)} exposures that were fitted as one body.",
            # Colours that distinguish exposures are not rounded.
            themed(draw_body, body),
        )
        for body in bodies[:_FITS_DRAWN]
    ]
    single = [fit for fit in fits if fit.group is None]
    residuals = [
        FigureBlock.drawn(
            fit.product,
            f"Residuals of the matched sources{_left_out(run, len(single))}.",
            f"Arrows and scatter of the residuals of {len(fit.matches)} sources.",
            themed(pages.residuals_figure, fit),
            compact=True,
        )
        for fit in single[:_FITS_DRAWN]
    ]
    return (*groups, *residuals, *_sources(fits))


def _sources(fits: Sequence[FitEvidence]) -> list[FigureBlock]:
    """Two images that share sources, or else an exposure, with what was matched on them."""
    pairs = [
        FigureBlock.drawn(
            f"{one.product} and {two.product}",
            "The same source has the same number, colour and shape in both.",
            "Two overlapping images with the sources that both matched.",
            themed(draw_sources, pages.pair_shown(one, two)),
            compact=True,
        )
        for one, two in pages.pairs_sharing_sources(fits)[:1]
    ]
    alone = [] if pairs else [fit for fit in fits if fit.is_exposure][:1]
    return pairs + [
        FigureBlock.drawn(
            f"Sources of {fit.product}",
            "Matched sources on the pixels of the exposure.",
            f"An exposure with its {len(fit.matches)} matched sources.",
            themed(draw_sources, pages.sources_shown(fit)),
            compact=True,
        )
        for fit in alone
    ]


def _left_out(run: int, fits: int) -> str:
    """Name the command for figures that do not fit on a page of many fits."""
    if fits <= _FITS_DRAWN:
        return ""
    return f"; {_FITS_DRAWN} of {fits} fits are drawn, all by: `skydb align plot {run} --out DIR`"


def or_why_not(draw: Callable[[], tuple[_Drawn, ...]]) -> tuple[_Drawn | TextBlock, ...]:
    """Figures; a sentence in their place when there is nothing to draw, or its file is gone."""
    try:
        return draw()
    except (NotFoundError, UsageError, FileRejectedError) as error:
        return (TextBlock(f"Not drawn. {error}"),)


def sky_plot(rows: Sequence[Row], observed: Mapping[str, float | None]) -> FigureBlock:
    """MDRIZSKY of every exposure by method, as a figure.

    Parameters
    ----------
    rows : sequence of mapping
        Values of chips.
    observed : mapping of str to float or None
        Start of each exposure by rootname, MJD.
    """
    data = sky_comparison(rows, observed)
    return FigureBlock.drawn(
        "All methods",
        "Levels above, relative values below, with their errors where these are known;"
        " visits are shaded in turn.",
        f"MDRIZSKY of {len(data.chips)} chips of {len(data.visits)} visits by method.",
        themed(draw_sky_comparison, data),
    )


def mosaic_figures(mosaics: Sequence[MosaicEvidence]) -> tuple[FigureBlock | BlinkBlock, ...]:
    """Mosaics of all methods beside each other, and in turn."""
    if not mosaics:
        return ()
    sequence = blink_sequence(
        {one.method.value: one.science for one in mosaics},
        weights={one.method.value: one.weight for one in mosaics},
        remove_pedestal=True,
    )
    still = FigureBlock.drawn(
        "Science and weight",
        "All methods on one scale, the median of each subtracted; the weight, which no method"
        " changes, once.",
        f"Science mosaics of {len(mosaics)} sky methods, and their weight.",
        themed(draw_mosaics, pages.mosaics_shown(mosaics)),
        compact=True,
    )
    blink = BlinkBlock(
        "The methods in turn",
        " ".join(sequence.notes),
        gif_bytes(sequence),
        list(frame_pngs(sequence)),
        "The mosaics of all methods, one after the other.",
    )
    return still, blink


def themed(draw: Callable[..., Figure], shown: object) -> Callable[[Theme], Figure]:
    """A function that draws the same, read and computed once, for any theme."""
    return lambda theme: draw(shown, theme=theme)
