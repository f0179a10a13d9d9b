"""One pass gives the files that AstroDrizzle gives, pixel by pixel and card by card."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from tests.drizzle.onepass_equal import (
    MAY_DIFFER,
    different_cards,
    require_equal_contexts,
    require_equal_pixels,
    require_equal_weights,
)
from tests.drizzle.onepass_fields import compare

pytestmark = pytest.mark.slow

CASES = [
    ("tutorial", SkyMethod.LOCALMIN),
    ("tutorial", SkyMethod.MATCH),
    ("errors", SkyMethod.GLOBALMIN),
    ("window", SkyMethod.LOCALMIN),
    ("optical", SkyMethod.GLOBALMIN_MATCH),
    ("wide", SkyMethod.MATCH),
    ("filled", SkyMethod.GLOBALMIN),
    ("tutorial-square", SkyMethod.LOCALMIN),
    ("tutorial-square", SkyMethod.MATCH),
    ("filled-square", SkyMethod.GLOBALMIN),
    ("filled-square", SkyMethod.GLOBALMIN_MATCH),
    ("optical-square", SkyMethod.GLOBALMIN_MATCH),
    ("wide-square", SkyMethod.MATCH),
    ("errors-square", SkyMethod.GLOBALMIN),
]
#: The errors are drizzled by the kernel ``turbo``.
BY_SQUARE = [case for case in CASES if "-square" in case[0] and "errors" not in case[0]]


@pytest.fixture(scope="session")
def compared(tmp_path_factory, runner):
    return compare(tmp_path_factory.mktemp("onepass"), runner)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1].column}")
def pair(request, compared):
    """The mosaic of AstroDrizzle, and that of one pass."""
    name, method = request.param
    comparison = compared[name]
    return comparison.reference[method], comparison.ours[method]


def test_pixels_differ_by_no_more_than_single_precision(pair):
    require_equal_pixels(*pair)


@pytest.mark.parametrize("kind", ["science", "weight"])
@pytest.mark.parametrize("case", BY_SQUARE, ids=lambda case: f"{case[0]}-{case[1].column}")
def test_mosaics_of_the_faster_kernel_are_astrodrizzles_to_the_last_digit(compared, case, kind):
    name, method = case
    mosaics = compared[name].reference[method], compared[name].ours[method]
    theirs, pixels = (fits.getdata(getattr(mosaic, kind)) for mosaic in mosaics)
    np.testing.assert_array_equal(pixels, theirs)


def test_weights_are_equal(pair):
    require_equal_weights(*pair)


def test_the_fields_have_pixels_of_every_kind(compared):
    science = fits.getdata(compared["tutorial"].ours[SkyMethod.MATCH].science)
    weight = fits.getdata(compared["tutorial"].ours[SkyMethod.MATCH].weight)
    assert np.isnan(science).any()
    assert (np.isfinite(science) & (weight == 0)).any()
    window = compared["window"].ours[SkyMethod.LOCALMIN]
    filled = fits.getdata(window.weight) == 0
    assert 0 < filled.sum() < filled.size
    assert np.isfinite(fits.getdata(window.science)).all()
    assert fits.getheader(window.science)["MDRIZSKY"] > 0


def test_a_context_image_is_made_when_astrodrizzle_makes_one(pair):
    require_equal_contexts(*pair)


def test_files_have_the_names_that_astrodrizzle_gives_them(pair):
    for kind in ("science", "weight"):
        assert getattr(pair[1], kind).name == getattr(pair[0], kind).name


@pytest.mark.parametrize("kind", ["science", "weight"])
def test_headers_are_equal_but_for_the_log_and_lines_of_history(request, pair, kind):
    reference, ours = (getattr(mosaic, kind) for mosaic in pair)
    assert different_cards(reference, ours) <= MAY_DIFFER
    is_by_square = any(f"{name}-{method.column}" in request.node.name for name, method in BY_SQUARE)
    by_square = ["numba, square kernel,"] if is_by_square else []
    assert new_history(reference, ours) == ["skydb, one pass for all skies,", *by_square]


def test_the_table_has_every_header_and_the_skies_of_its_method(pair):
    reference, ours = (fits.getdata(mosaic.science, "HDRTAB") for mosaic in pair)
    assert ours.dtype == reference.dtype
    for name in reference.names:
        np.testing.assert_array_equal(ours[name], reference[name], err_msg=name)


def test_an_exposure_without_a_sky_has_none_in_the_table(compared):
    table = fits.getdata(compared["tutorial"].ours[SkyMethod.MATCH].science, "HDRTAB")
    skies = dict(zip(table["ROOTNAME"], table["MDRIZSKY"], strict=True))
    assert np.isnan(skies["ibxl54aaq"])
    assert sum(np.isfinite(list(skies.values()))) == 4


def test_inputs_are_only_read(compared):
    assert all(comparison.unchanged for comparison in compared.values())


def test_what_can_change_a_mosaic_is_named(compared):
    ours = compared["errors"].ours[SkyMethod.GLOBALMIN]
    assert ours.versions == compared["errors"].reference[SkyMethod.GLOBALMIN].versions
    assert ours.log.is_file()
    assert ours.left_out == ()


def new_history(reference: Path, ours: Path) -> list[str]:
    """Find new lines of HISTORY, without versions."""
    theirs = list(fits.getheader(reference)["HISTORY"])
    return [
        line.partition("Version")[0].strip()
        for line in fits.getheader(ours)["HISTORY"]
        if line not in theirs
    ]
