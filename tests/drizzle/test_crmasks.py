"""Cosmic rays rejected by the real AstroDrizzle, for all methods of each detector."""

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle, ProductJob, SkyJob
from skydb.drizzle.crmasks import MaskReading, mask_readings, read_masks
from skydb.drizzle.onepass import FEWEST_PIXELS, OnePass
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import UnreadableFileError
from skydb.simulate.field import simulate_field
from skydb.simulate.masks import score_masks, together
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.drizzle.onepass_equal import (
    MAY_DIFFER,
    different_cards,
    require_equal_contexts,
    require_equal_pixels,
    require_equal_weights,
)
from tests.drizzle.onepass_fields import skies_of

METHODS = (SkyMethod.LOCALMIN, SkyMethod.MATCH, SkyMethod.GLOBALMIN_MATCH)

#: Of each detector other options, so that one pass and AstroDrizzle are compared with all.
OPTIONS: dict[SimDetector, dict[str, object]] = {
    SimDetector.IR: {"context": True, "final_kernel": "turbo", "final_pixfrac": 0.8},
    SimDetector.UVIS: {"combine_type": "median", "combine_nhigh": 1, "final_wht_type": "ERR"},
    SimDetector.WFC: {"final_outnx": 100, "final_outny": 120, "blot_interp": "linear"},
}


def reading(**more):
    usual = {"filename": "x_flt.fits", "extver": 1, "masked": 50, "lost": 40, "usable": 1000}
    return MaskReading(**{**usual, "exptime_s": 500.0, **more})


def test_cosmic_rays_account_for_so_many_pixels_and_no_more():
    assert reading().share_lost == 0.04
    assert not reading(lost=39).is_too_much
    assert reading(lost=41).is_too_much
    assert not reading(lost=41, exptime_s=1000.0).is_too_much


def test_a_chip_without_usable_pixels_loses_none():
    assert reading(lost=0, usable=0).share_lost == 0.0
    assert not reading(lost=0, usable=0).is_too_much


def test_readings_are_what_the_subprocess_told():
    told = {"filename": "x_flt.fits", "extver": 2, "masked": 3, "lost": 1, "usable": 9}
    assert mask_readings([{**told, "exptime_s": 60.0}]) == (
        MaskReading("x_flt.fits", 2, 3, 1, 9, 60.0),
    )
    assert mask_readings([]) == ()


def test_masks_that_are_gone_are_named(tmp_path):
    with pytest.raises(UnreadableFileError, match="crmasks"):
        read_masks(tmp_path / "crmasks.fits")


@pytest.fixture(scope="module", params=list(SimDetector), ids=str)
def struck(request, tmp_path_factory, runner):
    """(directory, truth, outcomes by method with rejection, and one without)."""
    home = tmp_path_factory.mktemp(f"rejected_{request.param}")
    plan = FieldPlan(
        *(request.param, (1, 1), 4, 128, 3),
        **{"products": False, "stars": 0, "nebula": 0.0, "cosmic_rays": True, "sky_drift": 0.0},
        pointing_error_arcsec=(0.0, 0.0),
        # Ramp fits leave so few that a small chip needs long exposures to have some.
        exptime_s=2800.0 if request.param is SimDetector.IR else None,
    )
    truth = simulate_field(home / "field", plan)
    inputs = tuple(home / "field" / one.path for one in truth.exposures)
    rejecting = AstroDrizzleSettings(reject_cosmic_rays=True, extra=OPTIONS[request.param])
    jobs = [SkyJob(ProductJob(inputs, one.column, rejecting), one) for one in METHODS]
    jobs.append(SkyJob(ProductJob(inputs, "mosaic", AstroDrizzleSettings()), METHODS[0]))
    outcomes = AstroDrizzle(runner).drizzle_all(jobs, home / "scratch")
    return home / "field", truth, outcomes[:-1], outcomes[-1]


@pytest.mark.slow
def test_masks_hold_the_hits_and_little_else(struck):
    directory, truth, rejected, _ = struck
    for outcome in rejected:
        masks = read_masks(outcome.mask_file)
        counts = {(one.filename.split("_")[0], one.extver): one.masked for one in outcome.masks}
        assert counts == {key: int(mask.sum()) for key, mask in masks.items()}
        score = together(score_masks(truth, directory, masks).values())
        assert score.hit > 5
        assert score.completeness > 0.85
        assert score.false_alarm_rate < 0.01
        assert not any(one.is_too_much for one in outcome.masks)


@pytest.mark.slow
def test_mosaics_are_free_of_what_is_in_them_otherwise(struck):
    _, _, rejected, kept = struck
    for outcome in rejected:
        assert share_of_hits(outcome) < 0.3 * share_of_hits(kept)


@pytest.mark.slow
def test_skies_are_those_of_a_run_without_rejection(struck):
    _, _, (localmin, *_), kept = struck
    assert localmin.skies == kept.skies
    assert kept.masks == ()
    assert kept.mask_file is None


@pytest.mark.slow
def test_matched_skies_are_the_truth_within_their_noise(struck):
    directory, truth, rejected, _ = struck
    with fits.open(directory / truth.exposures[0].path) as hdus:
        sigma = 1.25 * np.median(hdus["ERR", 1].data) / np.sqrt(hdus["SCI", 1].data.size)
    for outcome in rejected:
        errors = np.array(
            [sky.mdrizsky - truth.exposure(sky.filename[:9]).sky for sky in outcome.skies]
        )
        assert np.std(errors) < 2 * sigma
        if outcome.effective_method is not SkyMethod.MATCH:
            # A level, not a difference: hits that no clipping sees lift it in all exposures.
            assert abs(errors.mean()) < 0.01 * truth.exposures[0].sky


@pytest.fixture(scope="module")
def passed(struck, runner, tmp_path_factory):
    """What AstroDrizzle made with rejection, and one pass with the same skies."""
    directory, truth, rejected, _ = struck
    inputs = [directory / one.path for one in truth.exposures]
    settings = AstroDrizzleSettings(reject_cosmic_rays=True, extra=OPTIONS[truth.detector])
    skies = dict(zip(METHODS, map(skies_of, rejected), strict=True))
    outputs = {method: method.column for method in METHODS}
    scratch = tmp_path_factory.mktemp("passed")
    # By the faster kernel for two of the three detectors, which are as small here.
    fewest = FEWEST_PIXELS if truth.detector is SimDetector.IR else 0
    tool = OnePass(runner, fewest)
    ours = tool.drizzle(inputs, skies, settings, scratch, outputs, jobs=2)
    return list(zip(rejected, ours.values(), strict=True))


@pytest.mark.slow
def test_one_pass_masks_the_pixels_that_astrodrizzle_masks(passed):
    for reference, ours in passed:
        theirs, masks = read_masks(reference.mask_file), read_masks(ours.mask_file)
        assert list(masks) == list(theirs)
        for chip, mask in masks.items():
            np.testing.assert_array_equal(mask, theirs[chip])
        assert ours.masks == reference.masks
    assert len({tuple(one.masked for one in ours.masks) for _, ours in passed}) > 1


@pytest.mark.slow
def test_one_pass_makes_the_mosaics_that_astrodrizzle_makes(passed):
    for reference, ours in passed:
        require_equal_pixels(reference, ours)
        require_equal_weights(reference, ours)
        require_equal_contexts(reference, ours)
        assert different_cards(reference.science, ours.science) <= MAY_DIFFER


def share_of_hits(outcome):
    """Part of the well covered pixels of an empty mosaic that stands out by 6 sigma."""
    science, weight = fits.getdata(outcome.science), fits.getdata(outcome.weight)
    covered = weight > 0.6 * np.percentile(weight[weight > 0], 90)
    values = science[covered]
    level = np.median(values)
    return np.mean(values - level > 6 * 1.4826 * np.median(np.abs(values - level)))
