"""Positions, angles and regions as people type them."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import Angle
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.values import ChipGeometry
from skydb.errors import UsageError
from skydb.sky.positions import (
    _short,
    parse_angle_deg,
    parse_dec_deg,
    parse_polygons_deg,
    parse_ra_deg,
)

SEPARATORS = st.sampled_from([":", " ", "words"])


def _written(angle, separator, unit):
    if separator == "words":
        return angle.to_string(unit=unit, precision=6)
    return angle.to_string(unit=unit, sep=separator, precision=6)


@given(st.floats(0, 359.9), SEPARATORS)
def test_a_right_ascension_is_read_as_hours_when_it_is_written_so(degrees, separator):
    text = _written(Angle(degrees, "deg"), separator, "hourangle")
    assert parse_ra_deg(text) == pytest.approx(degrees, abs=1e-8)


@given(st.floats(-90, 90), SEPARATORS)
def test_a_declination_is_read_with_its_sign_even_below_one_degree(degrees, separator):
    text = _written(Angle(degrees, "deg"), separator, "deg")
    assert parse_dec_deg(text) == pytest.approx(degrees, abs=1e-8)


@given(st.floats(-360, 360), st.floats(-90, 90))
def test_plain_numbers_are_degrees_to_the_last_digit(ra, dec):
    assert parse_ra_deg(repr(ra)) == ra % 360.0
    assert parse_dec_deg(repr(dec)) == dec


@pytest.mark.parametrize("text", ["", "north", "400", "5:61:00", "5h41", "1:2:3:4", "nan", "-370"])
def test_what_is_no_right_ascension_is_refused(text):
    with pytest.raises(UsageError, match="right ascension"):
        parse_ra_deg(text)


@pytest.mark.parametrize("text", ["", "-90.1", "5h41m0s", "-02:27:60", "inf"])
def test_what_is_no_declination_is_refused(text):
    with pytest.raises(UsageError, match="declination"):
        parse_dec_deg(text)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("30", 30 / 3600),
        ("30arcsec", 30 / 3600),
        ('30"', 30 / 3600),
        ("2 arcmin", 2 / 60),
        ("2'", 2 / 60),
        ("0.5deg", 0.5),
        ("1e-3 deg", 1e-3),
    ],
)
def test_an_angle_without_unit_is_in_arcsec(text, degrees):
    assert parse_angle_deg(text) == pytest.approx(degrees, rel=1e-12)


@pytest.mark.parametrize("text", ["", "-3", "wide", "3 parsec", "181deg", "1d2m"])
def test_what_is_no_angle_is_refused(text):
    with pytest.raises(UsageError):
        parse_angle_deg(text)


@given(
    # Two positions that are written alike close an outline.
    st.lists(
        st.tuples(st.floats(0, 360), st.floats(-90, 90)),
        min_size=3,
        max_size=9,
        unique_by=lambda one: (round(one[0], 9), round(one[1], 9)),
    )
)
def test_a_region_that_skydb_wrote_is_read_again(vertices):
    chip = ChipGeometry(1, (9, 9), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0), tuple(vertices))
    (found,) = parse_polygons_deg(chip.s_region)
    expected = np.round(np.array(vertices), 9)
    assert found == pytest.approx(expected, abs=2e-9)


def test_several_polygons_are_read_with_and_without_union():
    one, two = "1 2 3 4 5 6", "7 8 9 10 11 12"
    for text in (
        f"UNION ICRS (POLYGON {one} POLYGON {two})",
        f"POLYGON ICRS {one} polygon icrs {two}",
    ):
        assert [outline.tolist() for outline in parse_polygons_deg(text)] == [
            [[1, 2], [3, 4], [5, 6]],
            [[7, 8], [9, 10], [11, 12]],
        ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CIRCLE ICRS 1 2 3",
        "POLYGON ICRS 1 2 3 4",
        "POLYGON ICRS 1 2 3 4 5",
        "POLYGON ICRS 1 2 3 99 5 6",
        "POLYGON ICRS one 2 3 4 5 6",
        "POLYGON FK4 1 2 3 4 5 6",
        "POLYGON ICRS 1 2 3 4 5 6)",
    ],
)
def test_what_is_no_polygon_is_refused(text):
    with pytest.raises(UsageError):
        parse_polygons_deg(text)


def test_a_text_of_sixty_characters_is_told_whole_and_a_longer_one_is_cut() -> None:
    for length, told in ((60, "x" * 60), (61, "x" * 57 + "...")):
        assert _short("x" * length) == repr(told)
