"""Dates in the names of reference files."""

from __future__ import annotations

import pytest

from skydb.files.refdates import delivery_date


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("w3m18525i_idc.fits", "2012-03-22"),
        ("qbu1641sj_idc.fits", "2006-11-30"),
        ("2731450pi_idc.fits", "2018-07-03"),
        ("4bb1536oj_idc.fits", "2020-11-11"),
        ("04c1207mj_idc.fits", "2016-04-12"),
        ("W3M18525I_IDC.FITS", "2012-03-22"),
        ("w3m18525i", "2012-03-22"),
        ("a1v00000i_idc.fits", "1990-01-31"),
        ("9cv23595i_idc.fits", "2025-12-31"),
    ],
)
def test_the_first_three_characters_are_year_month_and_day(name: str, day: str) -> None:
    assert delivery_date(name) == day


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "custom_idc.fits",
        "hst_acs_wfc_idctab_0012.fits",
        "w2v18525i_idc.fits",
        "wdm18525i_idc.fits",
        "w3w18525i_idc.fits",
        "w3m1852i_idc.fits",
        "w3m98525i_idc.fits",
    ],
)
def test_a_name_that_follows_no_rule_has_no_date(name: str | None) -> None:
    assert delivery_date(name) is None


@pytest.mark.parametrize(
    ("used_on", "day"),
    [
        ("2026-01-30", "1990-01-31"),
        ("2026-01-31T12:00:00", "2026-01-31"),
        ("2031-05-05", "2026-01-31"),
        (None, "1990-01-31"),
    ],
)
def test_years_begin_again_after_36_of_them(used_on: str | None, day: str) -> None:
    assert delivery_date("a1v00000i_idc.fits", used_on) == day
