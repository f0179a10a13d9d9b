"""Requests and refusals of one pass, without drizzlepac."""

import json
import math

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.crmasks import MaskReading
from skydb.drizzle.onepass import OnePass, why_not
from skydb.drizzle.presets import TUTORIAL_OPTIONS
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import ToolSilentFailureError, UsageError

NAMES = ("ibxl50aaq_flt.fits", "ibxl50abq_flt.fits")
SKIES = {SkyMethod.MATCH: {(NAMES[0], 1): 0.0, (NAMES[1], 1): None}}
OUTPUTS = {SkyMethod.MATCH: "field_match"}
MASKS_OF_MATCH = "field_match_crmasks.fits"


class RecordingRunner(DrizzlepacRunner):
    """Remembers the request and makes empty files of the names it is told."""

    def __init__(self, makes=("field_match_drz_sci.fits", "field_match_drz_wht.fits"), masks=None):
        super().__init__()
        self.makes = (*makes, *([MASKS_OF_MATCH] if masks else []))
        self.masks = {} if masks is None else {"masks": masks, "mask_file": MASKS_OF_MATCH}
        self.request = {}

    def run(self, task, request, scratch):
        assert task == "onepass"
        self.request = json.loads(json.dumps(request))
        for name in self.makes:
            (scratch / request["directory"] / name).touch()
        made = dict(zip(("science", "weight"), RecordingRunner().makes, strict=True))
        return {
            "mosaics": {"match": {**made, "context": None, **self.masks}},
            "versions": {"drizzlepac": "3.11.0"},
            "left_out": [NAMES[1]],
        }


@pytest.fixture
def exposures(tmp_path):
    paths = [tmp_path / name for name in NAMES]
    for path in paths:
        path.touch()
    return paths


def drizzle(exposures, scratch, skies=SKIES, outputs=OUTPUTS, runner=None, **options):
    one_pass = OnePass(runner or RecordingRunner())
    settings = AstroDrizzleSettings(sky_bits="0", final_bits="16", **options)
    return one_pass.drizzle(exposures, skies, settings, scratch, outputs)


def test_what_holds_without_a_wish_can_be_followed():
    assert why_not(AstroDrizzleSettings()) is None
    assert why_not(AstroDrizzleSettings(extra=TUTORIAL_OPTIONS)) is None


@pytest.mark.parametrize(
    "extra",
    [
        {"final_wht_type": "ERR"},
        {"final_kernel": "lanczos3", "final_fillval": 0, "final_units": "counts"},
        {"static": False, "driz_sep_bits": "64", "combine_type": "minmed", "driz_cr_grow": 2},
        {"final_outnx": 500, "final_outny": 400, "final_ra": 85.2, "final_dec": -2.4},
    ],
)
def test_what_leaves_the_weights_alone_can_be_followed(extra):
    assert why_not(AstroDrizzleSettings(extra=extra)) is None


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"final_wht_type": "IVM"}, "weights of final_wht_type=IVM depend on the sky"),
        ({"blot": True}, "blot=True: steps of the rejection of cosmic rays are done together"),
        ({"median": True}, "driz_separate=True: steps of the rejection"),
        ({"driz_separate": True}, "driz_separate=True: steps of the rejection"),
        ({"updatewcs": True}, "would change the WCS"),
        ({"wcskey": "A"}, "would change the WCS"),
        ({"mdriztab": True}, "reference file"),
        ({"skysub": False, "skyuser": "MYSKY"}, "the skies are given"),
    ],
)
def test_what_one_pass_cannot_follow_has_its_reason(extra, reason):
    assert reason in (why_not(AstroDrizzleSettings(extra=extra)) or "")


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"combine_type": "median", "combine_nhigh": 1, "median_newmasks": True},
        {"driz_sep_kernel": "square", "driz_sep_bits": 16, "driz_sep_pixfrac": 0.8},
        {"blot_interp": "linear", "driz_cr_snr": "5.0 4.0", "driz_cr_grow": 3},
    ],
)
def test_cosmic_rays_can_be_rejected(extra):
    assert why_not(AstroDrizzleSettings(reject_cosmic_rays=True, extra=extra)) is None
    assert why_not(AstroDrizzleSettings(extra={"driz_cr": True, **extra})) is None


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"combine_type": "sum"}, "combine_type=sum: drizzlepac combines no images so"),
        ({"combine_hthresh": 5.0}, "combine_hthresh=5.0: the limit would depend on the unit"),
        ({"combine_bufsize": 2.0}, "all rows alike"),
        ({"median_newmasks": False}, "bad pixels are left out"),
        ({"driz_sep_rot": 0.0}, "driz_sep_rot=0.0: the separate drizzles have the grid"),
        ({"driz_sep_fillval": 0.0}, "driz_sep_fillval=0.0: pixels without weight"),
        ({"driz_sep_compress": True}, "loses nothing"),
        ({"blot_addsky": False}, "with its own sky"),
        ({"driz_cr_corr": True}, "no corrected exposures"),
        ({"coeffs": False}, "with their distortion"),
    ],
)
def test_a_rejection_that_one_pass_cannot_follow_has_its_reason(extra, reason):
    assert reason in (
        why_not(AstroDrizzleSettings(reject_cosmic_rays=True, extra=extra)) or "followed"
    )
    assert why_not(AstroDrizzleSettings(extra=extra)) is None


def test_every_reason_is_given():
    reasons = why_not(AstroDrizzleSettings(build=True, skysub=False)) or ""
    assert "build=True" in reasons
    assert "skysub=False" in reasons


def test_exposures_are_linked_and_never_copied(exposures, tmp_path):
    runner = RecordingRunner()
    drizzle(exposures, tmp_path / "scratch", runner=runner)
    directory = tmp_path / "scratch" / runner.request["directory"]
    assert [(directory / name).resolve() for name in NAMES] == [p.resolve() for p in exposures]
    assert all((directory / name).is_symlink() for name in NAMES)


def test_a_sky_that_is_missing_is_told_as_such(exposures, tmp_path):
    runner = RecordingRunner()
    drizzle(exposures, tmp_path / "scratch", runner=runner)
    assert runner.request["skies"] == {"match": [[NAMES[0], 1, 0.0], [NAMES[1], 1, None]]}
    assert runner.request["outputs"] == {"match": "field_match"}
    assert runner.request["exposures"] == list(NAMES)
    assert runner.request["jobs"] >= 1


def test_what_was_made_and_what_was_left_out_is_reported(exposures, tmp_path):
    mosaic = drizzle(exposures, tmp_path / "scratch")[SkyMethod.MATCH]
    assert mosaic.science.name == "field_match_drz_sci.fits"
    assert mosaic.weight.is_file()
    assert mosaic.context is None
    assert mosaic.left_out == (NAMES[1],)
    assert mosaic.versions == {"drizzlepac": "3.11.0"}
    assert mosaic.log == tmp_path / "scratch" / "onepass.log"


def test_masks_are_reported_with_what_they_leave_out(exposures, tmp_path):
    one = {"filename": NAMES[0], "extver": 1, "masked": 5, "lost": 3, "usable": 9}
    runner = RecordingRunner(masks=[{**one, "exptime_s": 60.0}])
    mosaic = drizzle(exposures, tmp_path, runner=runner)[SkyMethod.MATCH]
    assert mosaic.masks == (MaskReading(NAMES[0], 1, 5, 3, 9, 60.0),)
    assert mosaic.mask_file is not None and mosaic.mask_file.is_file()
    without = drizzle(exposures, tmp_path / "again")[SkyMethod.MATCH]
    assert (without.masks, without.mask_file) == ((), None)


def test_masks_that_were_not_made_are_a_silent_failure(exposures, tmp_path):
    runner = RecordingRunner(RecordingRunner().makes, masks=[])
    with pytest.raises(ToolSilentFailureError, match="made no field_match_crmasks"):
        drizzle(exposures, tmp_path, runner=runner)


def test_a_mosaic_that_was_not_made_is_a_silent_failure(exposures, tmp_path):
    with pytest.raises(ToolSilentFailureError, match="made no field_match_drz_wht"):
        drizzle(exposures, tmp_path, runner=RecordingRunner(["field_match_drz_sci.fits"]))


@pytest.mark.parametrize(
    ("skies", "outputs", "reason"),
    [
        ({}, OUTPUTS, "needs its skies and the name"),
        (SKIES, {SkyMethod.LOCALMIN: "a"}, "needs its skies and the name"),
        ({SkyMethod.MATCH: {(NAMES[0], 1): 0.1}}, OUTPUTS, f"no sky is given for {NAMES[1]}"),
        (
            {SkyMethod.MATCH: {**SKIES[SkyMethod.MATCH], ("x.fits", 1): 1.0}},
            OUTPUTS,
            "are not inputs",
        ),
        (
            {SkyMethod.MATCH: {(NAMES[0], 1): math.nan, (NAMES[1], 1): 1.0}},
            OUTPUTS,
            "chip 1 is nan",
        ),
        (
            dict.fromkeys((SkyMethod.MATCH, SkyMethod.LOCALMIN), SKIES[SkyMethod.MATCH]),
            dict.fromkeys((SkyMethod.MATCH, SkyMethod.LOCALMIN), "one"),
            "Two mosaics would have one name",
        ),
    ],
)
def test_skies_and_names_that_do_not_fit_are_refused(exposures, tmp_path, skies, outputs, reason):
    with pytest.raises(UsageError, match=reason):
        drizzle(exposures, tmp_path, skies, outputs)


def test_what_makes_no_sense_is_refused(exposures, tmp_path):
    with pytest.raises(UsageError, match="no exposure"):
        drizzle([], tmp_path, {SkyMethod.MATCH: {}})
    with pytest.raises(UsageError, match=f"Several inputs are called {NAMES[0]}"):
        drizzle([*exposures, exposures[0]], tmp_path)
    with pytest.raises(UsageError, match="One pass cannot make these mosaics: build=True"):
        drizzle(exposures, tmp_path, build=True)
