import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings, default_conv_width_pix
from skydb.errors import UsageError


def test_parameters_go_through_json_unchanged():
    for settings in (TweakRegSettings(), AstroDrizzleSettings(), AstroDrizzleSettings.pipeline()):
        parameters = settings.as_parameters()
        assert json.loads(json.dumps(parameters)) == parameters


def test_fits_are_those_of_the_tutorial_and_mosaics_have_north_up():
    fit = TweakRegSettings().as_parameters()
    assert fit["imagefindcfg"] == {"threshold": 5.0, "conv_width": None, "peakmin": 1.0}
    assert (fit["minobj"], fit["searchrad"], fit["fitgeometry"]) == (5, 1.0, None)
    drizzle = AstroDrizzleSettings().as_parameters()
    assert (drizzle["final_rot"], drizzle["final_wcs"]) == (0.0, True)
    assert not {"final_bits", "sky_bits"} & drizzle.keys()
    assert not any(drizzle[step] for step in ("driz_separate", "median", "blot", "driz_cr"))
    assert not drizzle["preserve"]
    assert not drizzle["context"]


def test_equal_settings_have_equal_parameters_and_others_do_not():
    assert TweakRegSettings() == TweakRegSettings()
    assert TweakRegSettings(minobj=6).as_parameters() != TweakRegSettings().as_parameters()


def test_more_parameters_are_passed_on_and_source_finding_is_merged():
    extra = {"separation": 2.0, "imagefindcfg": {"fluxmin": 5}}
    parameters = TweakRegSettings(extra=extra).as_parameters()
    assert parameters["separation"] == 2.0
    assert parameters["imagefindcfg"] == {
        "threshold": 5.0,
        "conv_width": None,
        "peakmin": 1.0,
        "fluxmin": 5,
    }
    assert AstroDrizzleSettings(extra={"final_kernel": "lanczos3"}).as_parameters()[
        "final_kernel"
    ] == ("lanczos3")


@pytest.mark.parametrize(
    ("settings", "extra"),
    [
        (TweakRegSettings, {"updatehdr": False}),
        (TweakRegSettings, {"outshifts": "mine.txt"}),
        (AstroDrizzleSettings, {"skymethod": "match"}),
        (AstroDrizzleSettings, {"output": "mine"}),
    ],
)
def test_what_skydb_sets_itself_cannot_be_passed_on(settings, extra):
    with pytest.raises(UsageError, match=next(iter(extra))):
        settings(extra=extra)


def test_wrong_values_are_refused():
    with pytest.raises(UsageError, match="fitgeometry cannot be 'affine'"):
        TweakRegSettings(fitgeometry="affine")
    with pytest.raises(UsageError, match="mapping"):
        TweakRegSettings(extra={"imagefindcfg": 3}).as_parameters()


@pytest.mark.parametrize(
    "said",
    [
        {"searchrad_arcsec": -1.0},
        {"searchrad_arcsec": 0},
        {"tolerance_pix": -2},
        {"minobj": 0},
        {"threshold": 0},
        {"nclip": -1},
        {"extra": {"imagefindcfg": {"conv_width": 0}}},
    ],
)
def test_numbers_that_can_find_nothing_are_refused(said):
    with pytest.raises(UsageError, match="cannot be"):
        TweakRegSettings(**said)


def test_the_kernel_is_wider_in_the_infrared():
    assert default_conv_width_pix("WFC3", "IR") == 4.5
    assert default_conv_width_pix("NICMOS", "") == 4.5
    assert default_conv_width_pix("WFC3", "UVIS") == default_conv_width_pix("ACS", "WFC") == 3.5


_NUMBERS = st.floats(0.1, 100.0)
_EXTRA = st.fixed_dictionaries(
    {},
    optional={
        "skystat": st.sampled_from(["median", "mode", "mean"]),
        "median": st.booleans(),
        "final_kernel": st.sampled_from(["square", "gaussian"]),
        "final_fillval": st.none() | _NUMBERS | st.just("nan"),
    },
)


@given(
    st.builds(
        AstroDrizzleSettings,
        skysub=st.booleans(),
        final_bits=st.sampled_from(["16", "64,32", "0"]),
        final_rot_deg=st.none() | _NUMBERS,
        final_scale_arcsec=st.none() | _NUMBERS,
        extra=_EXTRA,
    )
)
def test_settings_of_a_mosaic_are_recalled_from_what_was_recorded(settings):
    recorded = json.loads(json.dumps(settings.as_parameters()))
    assert AstroDrizzleSettings.recalled(recorded).as_parameters() == recorded


@given(
    st.builds(
        TweakRegSettings,
        threshold=_NUMBERS,
        conv_width_pix=st.none() | _NUMBERS,
        peakmin=st.none() | _NUMBERS,
        minobj=st.integers(1, 50),
        fitgeometry=st.sampled_from(["shift", "rscale", "general"]),
        expand_refcat=st.booleans(),
        extra=st.dictionaries(st.sampled_from(["imagefindcfg"]), st.just({"fluxmin": 3.0})),
    )
)
def test_settings_of_a_fit_are_recalled_from_what_was_recorded(settings):
    recorded = json.loads(json.dumps(settings.as_parameters()))
    assert TweakRegSettings.recalled(recorded).as_parameters() == recorded


REJECTION = ("driz_separate", "median", "blot", "driz_cr")


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        (AstroDrizzleSettings(reject_cosmic_rays=True), 4),
        (AstroDrizzleSettings(extra={"driz_cr": True}), 4),
        (AstroDrizzleSettings(extra={"driz_cr": "yes"}), 4),
        (AstroDrizzleSettings(extra={"blot": True}), 3),
        (AstroDrizzleSettings(extra={"driz_separate": True}), 1),
        (AstroDrizzleSettings(extra={"driz_cr": False}), 0),
    ],
)
def test_a_step_of_the_rejection_takes_those_before_it_along(settings, on):
    parameters = replace(settings, final_bits="16").as_parameters()
    steps = [parameters[step] in (True, "yes") for step in REJECTION]
    assert steps == [True] * on + [False] * (4 - on)
    assert parameters.get("driz_sep_bits") == ("16" if on else None)


@pytest.mark.parametrize("gap", REJECTION[:3])
def test_a_step_that_another_one_needs_cannot_be_off(gap):
    with pytest.raises(UsageError, match=f"with {gap}=False"):
        AstroDrizzleSettings(extra={"driz_cr": True, gap: False})
    with pytest.raises(UsageError, match=f"with {gap}=False"):
        AstroDrizzleSettings(reject_cosmic_rays=True, extra={gap: False})


@pytest.mark.parametrize(
    "settings",
    [
        AstroDrizzleSettings(reject_cosmic_rays=True),
        AstroDrizzleSettings(reject_cosmic_rays=True, extra={"driz_sep_bits": "336"}),
        AstroDrizzleSettings(extra={"blot": True}),
    ],
)
def test_a_rejection_is_recalled(settings):
    parameters = settings.as_parameters()
    assert AstroDrizzleSettings.recalled(parameters).as_parameters() == parameters
