"""Every figure beside the picture that it made before; anew by ``--mpl-generate-path``.

The data of each figure is tested by value where the figure is; here it is how it looks. The
typeface comes with matplotlib, so that machines differ by the rounding of its edges only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from skydb.domain.grouping import TimeAxis
from skydb.report.alignment_figures import draw_sources
from skydb.report.audit_figures import draw_audit
from skydb.report.blink import frame_pngs
from skydb.report.body_figures import draw_body
from skydb.report.catalog_figures import draw_catalog
from skydb.report.footprint_figures import draw_footprints
from skydb.report.mosaic_figures import draw_mosaics
from skydb.report.residual_figures import draw_residuals
from skydb.report.sky_display import draw_sky_display
from skydb.report.sky_figures import draw_sky_comparison, sky_comparison
from skydb.report.style import DARK, new_figure
from skydb.report.timeline_figures import (
    alignment_timeline,
    draw_timeline,
    sky_timeline,
)

from . import gallery
from .pictures import decoded

#: Root mean square of the difference, of 255: rounded edges of letters make 1 to 2; a series
#: or a label that is missing makes more than this.
TOLERANCE = 4.0
FIGURES: dict[str, Callable[[], Figure]] = {
    **{
        f"{name}_{count}": partial(make, count)
        for count in (18, 100)
        for name, make in {
            "sky": lambda count: draw_sky_comparison(sky_comparison(gallery.skies(count))),
            "timeline_sky": lambda count: draw_timeline(
                sky_timeline(gallery.timeline(count)), title="Sky over time"
            ),
            "timeline_alignment": lambda count: draw_timeline(
                alignment_timeline(gallery.fits(count)), title="Alignment over time"
            ),
            "group": lambda count: draw_body(gallery.group(count), title="Group bxl50"),
            "audit": lambda count: draw_audit(gallery.audited(count), title="Run 1"),
            "footprints": lambda count: draw_footprints(
                gallery.footprints(count), title="Footprints"
            ),
        }.items()
    },
    "timeline_processed": lambda: draw_timeline(
        sky_timeline(gallery.timeline(6), TimeAxis.PROCESSED)
    ),
    "footprints_of_fields_dark": lambda: draw_footprints(
        gallery.footprints(6, fields=3), theme=DARK
    ),
    "group_few": lambda: draw_body(gallery.group(3), theme=DARK),
    "residuals_few": lambda: draw_residuals(gallery.residuals(30), title="ibxl50010_drz.fits"),
    "residuals_many": lambda: draw_residuals(gallery.residuals(492), theme=DARK),
    "sources_one": lambda: draw_sources(gallery.marked(25, paired=False), title="Sources"),
    "sources_pair": lambda: draw_sources(gallery.marked(40, paired=True)),
    "catalog": lambda: draw_catalog(gallery.catalog(200)),
    "mosaics": lambda: draw_mosaics(gallery.mosaics(), title="Mosaics"),
    "sky_display": lambda: draw_sky_display(gallery.shown_skies()),
    "blink": lambda: _frames(),
}


def _frames() -> Figure:
    """The frames of a blink, which is no figure, below each other."""
    pngs = [decoded(png) for _, png in frame_pngs(gallery.blink())]
    pixels = np.vstack(pngs)
    figure = new_figure(pixels.shape[1] / 144, pixels.shape[0] / 144)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(np.asarray(Image.fromarray(pixels)), origin="upper", aspect="auto")
    return figure


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline", tolerance=TOLERANCE, savefig_kwargs={"dpi": 50}, style="default",
    backend="agg", deterministic=True,
)  # fmt: skip
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_whole_and_looks_as_before(name: str) -> Figure:
    before = dict(matplotlib.rcParams)
    figure = FIGURES[name]()
    assert (dict(matplotlib.rcParams), pyplot.get_fignums()) == (before, [])
    figure.draw_without_rendering()
    box: Any = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    slack = 0.03
    assert min(box.x0, box.y0) >= -slack
    assert box.x1 <= width + slack
    assert box.y1 <= height + slack
    # It is laid out already, which is half of the work.
    figure.set_layout_engine("none")
    return figure
