import copy

import numpy as np
import pytest

from skydb.domain.values import ChipGeometry
from skydb.errors import UsageError
from skydb.sky.wcs_change import difference, with_linear_terms
from tests.sky.chips import tan_wcs

CENTRE = (85.25, -2.46)


def geometry_of(wcs) -> ChipGeometry:
    return ChipGeometry(
        extver=1,
        naxis_pix=tuple(wcs.pixel_shape),
        crpix_pix=tuple(wcs.wcs.crpix),
        crval_deg=tuple(wcs.wcs.crval),
        cd_deg=tuple(wcs.wcs.cd.ravel()),
    )


def test_linear_terms_of_another_solution_keep_the_distortion() -> None:
    file = tan_wcs(CENTRE, sip=1e-6, crpix=(512, 256))
    other = tan_wcs((85.2501, -2.4601), sip=1e-6, rotation_deg=0.01, crpix=(500, 260))
    made = with_linear_terms(file, geometry_of(other))
    assert difference({1: made}, {1: other}).max_mas < 1e-6
    assert made.pixel_shape == file.pixel_shape


def test_the_wcs_that_gave_the_distortion_is_left_alone() -> None:
    file = tan_wcs(CENTRE, sip=1e-6)
    before = copy.deepcopy(file)
    with_linear_terms(file, geometry_of(tan_wcs((85.26, -2.47))), distorted=False)
    assert difference({1: file}, {1: before}).max_mas == 0.0


def test_a_solution_of_the_pipeline_has_no_distortion() -> None:
    file = tan_wcs(CENTRE, sip=1e-6)
    made = with_linear_terms(file, geometry_of(file), distorted=False)
    assert difference({1: made}, {1: tan_wcs(CENTRE)}).max_mas < 1e-6
    assert difference({1: made}, {1: file}).max_mas > 10.0


def test_a_shift_a_turn_and_a_scale_come_back() -> None:
    before = tan_wcs(CENTRE, scale_arcsec=0.04)
    after = tan_wcs(
        (CENTRE[0] + 1e-5, CENTRE[1] - 2e-5), scale_arcsec=0.04 * 1.00002, rotation_deg=0.003
    )
    found = difference({1: before}, {1: after})
    assert found.east_mas == pytest.approx(36.0 * np.cos(np.radians(CENTRE[1])), abs=0.01)
    assert found.north_mas == pytest.approx(-72.0, abs=0.01)
    assert found.rotation_deg == pytest.approx(0.003, abs=1e-6)
    assert found.scale == pytest.approx(1.00002, abs=1e-8)


def test_a_headerlet_takes_the_size_of_its_images_from_the_other_solution() -> None:
    sized, unsized = tan_wcs(CENTRE), tan_wcs(CENTRE)
    unsized.pixel_shape = None
    assert difference({1: unsized}, {1: sized}).max_mas == 0.0
    assert unsized.pixel_shape is None
    with pytest.raises(UsageError, match="size of the image of chip 1"):
        difference({1: unsized}, {1: unsized})


def test_solutions_of_different_chips_cannot_be_compared() -> None:
    one = tan_wcs(CENTRE)
    with pytest.raises(UsageError, match="different chips"):
        difference({1: one, 2: one}, {1: one})
