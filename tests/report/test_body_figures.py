from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skydb.report.body_figures import BodyPicture, body_picture, draw_body
from skydb.report.style import DARK, png_bytes

from . import gallery
from .pictures import decoded, share_of

FIRST, SECOND = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Stars:
    rootname: str
    places_arcsec: NDArray[np.float64]
    residuals_mas: NDArray[np.float64]


def _row(rootname: str, **other: Any) -> dict[str, Any]:
    known = {
        "relative_pairs": 40, "relative_rms_mas": 0.8, "relative_east_mas": 12.5,
        "relative_north_mas": -0.001, "error_mas": 0.2,
    }  # fmt: skip
    return {"rootname": rootname, **known, **other}


def _body(stars: int, exposures: int = 2, **other: Any) -> BodyPicture:
    names = [f"ibxl50c{letter}q" for letter in "abcdefghijklmnopqrstuvwxyz"[:exposures]]
    rng = np.random.default_rng(stars)
    seen = [Stars(n, rng.uniform(-60, 60, (stars, 2)), rng.normal(0, 2, (stars, 2))) for n in names]
    return body_picture("bxl50", [_row(name, **other) for name in names[::-1]], seen)


def _all_within(figure: Figure) -> bool:
    """Test that nothing is cut off by the edge of the figure."""
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return min(box.x0, box.y0) >= -0.01 and box.x1 <= width + 0.01 and box.y1 <= height + 0.01


def test_every_exposure_has_a_colour_and_is_named() -> None:
    figure = draw_body(_body(20), title="Group bxl50", theme=DARK)
    pixels = decoded(png_bytes(figure))
    sky, agreement = figure.axes
    legend = sky.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["ibxl50caq: 20", "ibxl50cbq: 20"]
    assert [text.get_text() for text in agreement.get_yticklabels()] == ["ibxl50caq", "ibxl50cbq"]
    assert share_of(pixels, FIRST) > 1e-4
    assert share_of(pixels, SECOND) > 1e-4
    assert sky.xaxis_inverted()


def test_more_than_a_hundred_and_fifty_measurements_are_means_in_bins_that_are_stated() -> None:
    many = _body(100)
    assert _body(75).bin_arcsec is None
    assert many.bin_arcsec == 25.0
    title = draw_body(many).axes[0].get_title(loc="left")
    assert title == (
        "Residuals of 200 measurements, by exposure,\nmeans in bins of 25 arcsec (3 or more)"
    )


def test_agreement_is_told_in_words_and_units() -> None:
    (one, _) = _body(3).members
    assert one.agreement == "40 shared, moved +12.50 E +0.00 N mas"
    (lonely, _) = _body(3, relative_pairs=0).members
    assert lonely.agreement == "shares no star with another exposure"


@pytest.mark.parametrize(("stars", "exposures"), [(0, 3), (3, 2), (30, 8)])
def test_bodies_of_any_size_can_be_drawn_and_no_label_is_cut(stars: int, exposures: int) -> None:
    figure = draw_body(_body(stars, exposures), title="Group bxl50")
    figure.draw_without_rendering()
    assert _all_within(figure)
    assert len(figure.axes) == (2 if stars else 1)


def test_exposures_that_share_no_star_are_said_to() -> None:
    nothing = {"relative_pairs": 0, "relative_rms_mas": None, "error_mas": None}
    figure = draw_body(_body(2, **nothing))
    assert "no two exposures share a star" in [text.get_text() for text in figure.axes[1].texts]


def test_measurements_without_a_place_are_left_out() -> None:
    places = np.array([[1.0, 2.0], [np.nan, 2.0]])
    body = body_picture("v", [_row("ibxl50caq")], [Stars("ibxl50caq", places, np.zeros((2, 2)))])
    assert body.count == 1


def test_arrows_of_many_exposures_are_their_mean_and_of_few_their_own() -> None:
    few, many = _body(100, exposures=3), _body(30, exposures=9)
    assert (few.is_pooled, len(few.vectors())) == (False, 3)
    assert (many.is_pooled, len(many.vectors())) == (True, 1)
    everything = np.vstack([one.residuals_mas for one in many.members])
    assert abs(many.vectors()[0].steps).max() < abs(everything).max()


def test_a_hundred_exposures_are_a_picture_that_fits_a_screen() -> None:
    figure = draw_body(gallery.group(100))
    assert figure.get_figheight() < 10
    labels = [text for text in figure.axes[1].get_yticklabels() if text.get_text()]
    assert len(labels) == 25
    assert "every 4th exposure is named" in figure.axes[1].get_xlabel()
    figure.draw_without_rendering()
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))
