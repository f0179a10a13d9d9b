from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError
from skydb.report.sky_display import SkyDisplay, Wanted, directions, draw_sky_display, sky_display
from skydb.report.style import figure_bytes, png_bytes
from skydb.report.windows import Window
from skydb.services.lookup import MosaicEvidence

from .conftest import MosaicMaker, tangent_wcs
from .pictures import decoded

METHODS = (SkyMethod.LOCALMIN, SkyMethod.MATCH, SkyMethod.GLOBALMIN, SkyMethod.GLOBALMIN_MATCH)
STAR = Window(83.6, 22.0, 4.0 / 3600)


@pytest.fixture
def mosaics(make_mosaic: MosaicMaker) -> list[MosaicEvidence]:
    """Four mosaics that differ in their level alone."""
    return [
        MosaicEvidence(number, method, *make_mosaic(method.column, level=float(number)))
        for number, method in enumerate(METHODS, 1)
    ]


def _medians(display: SkyDisplay) -> list[float]:
    return [float(np.nanmedian(panel.image.data)) for panel in display.panels]


def test_several_mosaics_are_shown_less_their_levels_unless_limits_are_given(
    mosaics: list[MosaicEvidence],
) -> None:
    assert _medians(sky_display(mosaics, Wanted())) == pytest.approx([0.0] * 4, abs=1e-6)
    for wanted in (Wanted(keep_level=True), Wanted(low=0.5, high=6.0)):
        assert _medians(sky_display(mosaics, wanted)) == pytest.approx([1.1, 2.1, 3.1, 4.1], 0.02)
    assert _medians(sky_display(mosaics[:1], Wanted())) == pytest.approx([1.1], 0.02)


def test_limits_are_those_asked_for_and_must_be_a_range(mosaics: list[MosaicEvidence]) -> None:
    scale = sky_display(mosaics, Wanted(low=-1.0, high=2.0)).scale
    assert (scale.low, scale.high) == (-1.0, 2.0)
    with pytest.raises(UsageError, match="not below"):
        sky_display(mosaics, Wanted(low=2.0, high=2.0))


def test_a_window_shows_its_middle_in_the_middle(mosaics: list[MosaicEvidence]) -> None:
    (panel,) = sky_display(mosaics[:1], Wanted(window=STAR)).panels
    ny, nx = panel.image.data.shape
    assert abs(nx - 4 / 0.1283) < 1.5
    brightest = np.unravel_index(np.nanargmax(panel.image.data), (ny, nx))
    assert np.abs(np.array(brightest) - ny / 2).max() <= 1
    found = panel.image.wcs.world_to_pixel(SkyCoord(83.6, 22.0, unit="deg"))
    assert np.abs(np.array(found) - np.array(brightest)[::-1]).max() <= 1


def test_a_window_beside_the_mosaics_is_refused(mosaics: list[MosaicEvidence]) -> None:
    for place in (Window(83.7, 22.0, 0.001), Window(263.6, -22.0, 0.001)):
        with pytest.raises(UsageError, match="do not cover"):
            sky_display(mosaics, Wanted(window=place))


def test_mosaics_without_a_value_are_not_taken_for_a_wrong_window(make_mosaic: MosaicMaker) -> None:
    empty = MosaicEvidence(1, SkyMethod.MATCH, *make_mosaic("empty"))
    with fits.open(empty.science, mode="update") as hdus:
        next(hdu for hdu in hdus if hdu.data is not None).data[:] = np.nan
    with pytest.raises(UsageError, match="No pixel of the mosaics has a value"):
        sky_display([empty], Wanted())


def test_mosaics_of_two_units_do_not_share_a_scale(make_mosaic: MosaicMaker) -> None:
    both = [
        MosaicEvidence(1, SkyMethod.MATCH, *make_mosaic("a")),
        MosaicEvidence(2, SkyMethod.MATCH, *make_mosaic("b", unit="ELECTRONS")),
    ]
    with pytest.raises(UsageError, match="electron/s"):
        sky_display(both, Wanted())


@pytest.mark.parametrize(("number", "across"), [(1, 1), (3, 3), (4, 2)])
def test_there_is_a_panel_for_each_with_names_compass_and_length(
    mosaics: list[MosaicEvidence], number: int, across: int
) -> None:
    figure = draw_sky_display(sky_display(mosaics[:number], Wanted()))
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == number
    assert len({round(axes.get_subplotspec().colspan.start) for axes in panels}) == across
    for axes in panels:
        assert {"N", "E"} <= {text.get_text() for text in axes.texts}
        (bar,) = (one for one in axes.artists if hasattr(one, "size_bar"))
        assert bar.txt_label.get_text() == "2 arcsec"
        assert axes.coords[0].get_axislabel() == "RA (ICRS)"
    pixels = decoded(png_bytes(figure))
    assert pixels.std() > 10


@pytest.mark.parametrize("turn_deg", [0.0, 90.0, 257.0])
def test_the_compass_follows_the_sky(turn_deg: float) -> None:
    wcs = tangent_wcs(100, 80)
    turn = np.radians(turn_deg)
    wcs.wcs.pc = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    north, east = directions(wcs, (80, 100))
    expected = np.array([np.sin(turn), np.cos(turn)])
    assert north == pytest.approx(expected, abs=1e-3)
    assert east == pytest.approx([-expected[1], expected[0]], abs=1e-3)


@pytest.mark.parametrize(("kind", "begins"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_a_picture_can_be_one_to_print(
    mosaics: list[MosaicEvidence], kind: str, begins: bytes
) -> None:
    display = sky_display(mosaics[:1], Wanted(window=STAR))
    assert figure_bytes(draw_sky_display(display), kind).startswith(begins)
