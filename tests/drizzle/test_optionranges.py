"""Numbers that mean nothing are refused before drizzlepac makes something of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.drizzle.optionranges import Range, outside
from skydb.drizzle.options import typed_options
from skydb.drizzle.optionspec import OptionKind, Tool, specification, specification_of
from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
from skydb.errors import UsageError

NUMBERS = {OptionKind.INTEGER, OptionKind.FLOAT, OptionKind.NUMBERS}


@pytest.mark.parametrize(
    ("tool", "name", "value", "allowed"),
    [
        (Tool.ASTRODRIZZLE, "final_scale", -1, "a number or None above 0"),
        (Tool.ASTRODRIZZLE, "driz_sep_scale", "0", "a number or None above 0"),
        (Tool.ASTRODRIZZLE, "final_pixfrac", "-0.5", "a number from 0 to 1"),
        (Tool.ASTRODRIZZLE, "driz_sep_pixfrac", 3, "a number from 0 to 1"),
        (Tool.ASTRODRIZZLE, "skyclip", -1, "an integer from 0 on"),
        (Tool.ASTRODRIZZLE, "skylsigma", 0, "a number above 0"),
        (Tool.ASTRODRIZZLE, "combine_maskpt", 30, "a number from 0 to 1"),
        (Tool.ASTRODRIZZLE, "driz_cr_snr", "3.5 -3.0", "2 numbers above 0, such as '3.5 3.0'"),
        (Tool.ASTRODRIZZLE, "stepsize", 1000, "an integer from 1 to 100"),
        (Tool.TWEAKREG, "nbright", 0, "an integer or None above 0"),
        (Tool.TWEAKREG, "ratio", 2, "a number above 0 to 1"),
        (Tool.TWEAKREG, "nclip", -1, "an integer from 0 on"),
    ],
)
def test_a_number_outside_its_range_is_refused_with_the_range(
    tool: Tool, name: str, value: object, allowed: str
) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be") as refused:
        typed_options(tool, {name: value})
    assert refused.value.advice == f"It is {allowed}."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("final_wt_scl", text) for text in ("foo", "EXPTIME", "-1", "0", "nan", "1,2", "None")),
        *(("driz_sep_wt_scl", text) for text in ("exp", "-2.5")),
        *(("exptime", text) for text in ("0", "-100", "EXPTIME", "inf")),
        *(("gain", text) for text in ("1.5,-1.5", "0")),
        ("rdnoise", "-3"),
    ],
)
def test_a_text_that_is_no_number_in_its_range_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be '{text}'"):
        typed_options(Tool.ASTRODRIZZLE, {name: text})


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("final_wt_scl", "expsq", "expsq"),
        ("final_wt_scl", 2.5, "2.5"),
        ("driz_sep_wt_scl", "'exptime'", "exptime"),
        ("exptime", 100, "100"),
        ("exptime", "None", ""),
        ("gain", "1.5,1.6,1.5,1.6", "1.5,1.6,1.5,1.6"),
        ("rdnoise", "0", "0"),
    ],
)
def test_a_text_that_is_a_number_or_one_of_its_words_is_taken(
    name: str, value: object, kept: str
) -> None:
    assert typed_options(Tool.ASTRODRIZZLE, {name: value}) == {name: kept}


@pytest.mark.parametrize("flags", ["-1", -4, "~-4", "64,-32"])
def test_flags_below_zero_are_refused(flags: object) -> None:
    with pytest.raises(UsageError, match="final_bits cannot be") as refused:
        typed_options(Tool.ASTRODRIZZLE, {"final_bits": flags})
    assert "DQ flags, such as 64,32" in refused.value.advice


@pytest.mark.parametrize("prefix", ["final_", "driz_sep_"])
@pytest.mark.parametrize(("ra", "dec"), [(83.0, 90.5), (83.0, -91), (361, 2.0), (-400, 2.0)])
def test_a_position_that_is_not_on_the_sky_is_refused(prefix: str, ra: float, dec: float) -> None:
    options = {f"{prefix}ra": ra, f"{prefix}dec": dec}
    with pytest.raises(UsageError, match=f"{prefix}(ra|dec) cannot be"):
        AstroDrizzleSettings(extra=options)


def test_defaults_of_drizzlepac_are_within_their_ranges() -> None:
    for tool in Tool:
        specs = {**specification(tool)}
        if tool is Tool.TWEAKREG:
            specs |= specification_of("imagefindpars")
        numbers = {name: one.default for name, one in specs.items() if one.kind in NUMBERS}
        typed_options(tool, {name: text for name, text in numbers.items() if text})


@pytest.mark.parametrize(
    ("tool", "low", "high"),
    [
        (Tool.ASTRODRIZZLE, "skylower", "skyupper"),
        (Tool.TWEAKREG, "minflux", "maxflux"),
        (Tool.TWEAKREG, "peakmin", "peakmax"),
        (Tool.TWEAKREG, "sharplo", "sharphi"),
    ],
)
def test_limits_with_nothing_between_them_are_refused(tool: Tool, low: str, high: str) -> None:
    typed_options(tool, {low: 1.0, high: 2.0})
    typed_options(tool, {low: 1.0, high: None})
    for least, most in ((2.0, 1.0), (1.0, 1.0)):
        with pytest.raises(UsageError, match=f"{low} {least:g} is not below {high} {most:g}"):
            typed_options(tool, {high: most, low: least})


@pytest.mark.parametrize("field", ["final_scale_arcsec", "final_pixfrac"])
def test_settings_have_the_ranges_of_their_options(field: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be -0\.1"):
        AstroDrizzleSettings(**{field: -0.1})
    with pytest.raises(UsageError, match="cannot be -1"):
        TweakRegSettings(searchrad_arcsec=-1.0)


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.01, 10), st.booleans())
def test_a_range_has_what_is_between_its_ends(
    number: float, least: float, width: float, has_least: bool
) -> None:
    limits = Range(least, least + width, has_least)
    assert (number in limits) == (least < number <= least + width or has_least * (number == least))
    assert (least in limits) is has_least and least + width in limits
    assert (number in Range(least, None, has_least)) == (number > least or number in limits)


def test_options_without_a_range_take_any_number() -> None:
    assert outside("final_rot", [-1e6]) == "" and outside("skyupper", [-3.0]) == ""
    assert outside("final_scale", [0.06]) == ""
