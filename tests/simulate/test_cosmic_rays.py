"""Cosmic rays and saturation of simulated chips, against the handbooks and against charge."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skydb.simulate.cosmic_rays import Hits, bleed
from skydb.simulate.detectors import detector
from skydb.simulate.field import simulate_field
from skydb.simulate.hits import read_hits
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.redelivery import Redelivery, redeliver_field
from skydb.simulate.truth import FieldTruth

CCDS = [SimDetector.UVIS, SimDetector.WFC]
FULL_WELL_E = {SimDetector.UVIS: 70_000.0, SimDetector.WFC: 84_700.0}
SHAPE = (400, 400)


def plan_of(name, **more):
    usual = {"tiles": (1, 1), "size": 128, "seed": 4, "products": False}
    return FieldPlan(name, **{**usual, **more})


@pytest.fixture(scope="module")
def struck(tmp_path_factory):
    """Make the field of a detector with cosmic rays, once."""
    made = {}

    def make(name):
        if name not in made:
            directory = tmp_path_factory.mktemp(f"struck_{name}")
            plan = plan_of(name, cosmic_rays=True)
            made[name] = (directory, simulate_field(directory, plan))
        return made[name]

    return make


def planes(path, name):
    with fits.open(path, memmap=False) as hdus:
        return {hdu.ver: hdu.data for hdu in hdus if hdu.name == name}


@pytest.mark.parametrize("name", CCDS, ids=str)
def test_a_ccd_is_hit_as_the_handbook_says(name):
    radiation = detector(name).radiation
    tracks = radiation.strike(SHAPE, 1000.0, np.random.default_rng(1))
    charges = np.array([track.charge_e for track in tracks])
    hit = radiation.deposit(tracks, SHAPE) > 25.0
    assert 900 < np.median(charges) < 1100
    assert np.mean(charges < 500) < 0.1
    assert 0.015 < hit.mean() < 0.03
    sizes = [(radiation.deposit([track], SHAPE) > 40.0).sum() for track in tracks[:200]]
    assert np.bincount(sizes).argmax() in (4, 5)


def test_the_infrared_detector_is_hit_eleven_times_a_second():
    camera = detector(SimDetector.IR)
    pixels = camera.chips[0].naxis[0] * camera.chips[0].naxis[1]
    assert camera.radiation.events_per_pixel_s * pixels == pytest.approx(11.0, abs=1.5)


def test_ramp_fits_leave_a_few_hits():
    radiation = detector(SimDetector.IR).radiation
    noise = np.full(SHAPE, 30.0)
    hits = Hits.of(radiation, noise, 699.0, np.random.default_rng(2), ramp=True)
    assert hits.removed.mean() > 0.01
    assert 0 < (hits.charge > 5 * noise).mean() < 0.02 * hits.removed.mean()
    assert {0, 1, 2} <= set(np.unique(hits.mask)) <= {0, 1, 2, 3}


@pytest.mark.parametrize("name", list(SimDetector), ids=str)
def test_the_truth_tells_of_the_hits(struck, name):
    directory, truth = struck(name)
    assert FieldTruth.load(directory) == truth
    for exposure in truth.exposures:
        assert exposure.crmask == f"truth/{exposure.rootname}_crmask.fits"
        hits = read_hits(directory / exposure.crmask)
        science = planes(directory / exposure.path, "SCI")
        assert {n: one.mask.shape for n, one in hits.items()} == {
            n: data.shape for n, data in science.items()
        }
        assert all((one.charge[(one.mask & 1) > 0] > 0).all() for one in hits.values())


@pytest.mark.parametrize("name", CCDS, ids=str)
def test_hits_of_a_ccd_are_bright_and_not_flagged(struck, name):
    directory, truth = struck(name)
    exposure = truth.exposures[0]
    hits, flags = read_hits(directory / exposure.crmask), planes(directory / exposure.path, "DQ")
    science = planes(directory / exposure.path, "SCI")
    for extver, one in hits.items():
        bright = (one.charge > 300) & (flags[extver] == 0)
        assert bright.sum() > 3
        assert (flags[extver][one.mask > 0] & 8192 == 0).all()
        assert (science[extver][bright] > exposure.sky + 200).all()


def test_hits_of_the_ramps_are_flagged_and_gone(struck):
    directory, truth = struck(SimDetector.IR)
    exposure = truth.exposures[0]
    (one,) = read_hits(directory / exposure.crmask).values()
    (flags,) = planes(directory / exposure.path, "DQ").values()
    removed = (one.mask & 2) > 0
    np.testing.assert_array_equal(removed, (flags & 8192) > 0)
    assert removed.mean() > 0.01
    assert np.median(one.charge[removed]) == 0


@pytest.mark.parametrize("name", CCDS, ids=str)
def test_bright_stars_fill_their_pixels_and_bleed_along_columns(struck, name):
    directory, truth = struck(name)
    path = directory / truth.exposures[0].path
    flags, science = planes(path, "DQ"), planes(path, "SCI")
    full = {n: (data & 256) > 0 for n, data in flags.items()}
    assert all(mask.any() for mask in full.values())
    for extver, mask in full.items():
        usable = (flags[extver] & 4) == 0
        assert science[extver].max() < FULL_WELL_E[name] + 50
        assert (science[extver][mask & usable] > FULL_WELL_E[name] - 50).all()
        _, columns = np.nonzero(mask)
        assert max(np.bincount(columns)) > 6


def test_all_else_is_as_without_cosmic_rays(tmp_path):
    plain = plan_of(SimDetector.UVIS, dithers=1, exptime_s=60.0)
    with_rays = replace(plain, cosmic_rays=True)
    before = simulate_field(tmp_path / "plain", plain).exposures[0]
    after = simulate_field(tmp_path / "rays", with_rays).exposures[0]
    assert replace(after, crmask=None) == before
    hits = read_hits(tmp_path / "rays" / after.crmask)
    old, new = (planes(tmp_path / where / after.path, "SCI") for where in ("plain", "rays"))
    flags = planes(tmp_path / "plain" / before.path, "DQ")
    for extver, one in hits.items():
        untouched = (one.charge < 1) & (flags[extver] & 8192 == 0)
        assert untouched.mean() > 0.9
        np.testing.assert_allclose(old[extver][untouched], new[extver][untouched], atol=0.55)


def test_a_field_without_cosmic_rays_does_not_mention_them(tmp_path):
    simulate_field(tmp_path, plan_of(SimDetector.IR, dithers=1, size=64))
    assert not (tmp_path / "truth").exists()
    assert "crmask" not in json.loads((tmp_path / "truth.json").read_text())["exposures"][0]


def test_the_same_seed_gives_the_same_hits(struck, tmp_path):
    directory, truth = struck(SimDetector.UVIS)
    simulate_field(tmp_path, plan_of(SimDetector.UVIS, cosmic_rays=True))
    for exposure in truth.exposures:
        for name in (exposure.path, exposure.crmask):
            digests = {
                hashlib.sha256((home / name).read_bytes()).hexdigest()
                for home in (directory, tmp_path)
            }
            assert len(digests) == 1


def test_a_field_that_is_delivered_again_keeps_its_hits(struck, tmp_path):
    directory, _ = struck(SimDetector.IR)
    again = redeliver_field(directory, Redelivery(), tmp_path)
    for exposure in again.exposures:
        before = (directory / exposure.crmask).read_bytes()
        assert (tmp_path / exposure.crmask).read_bytes() == before


charges = arrays(np.float64, (40, 3), elements=st.floats(0.0, 500.0))


@given(charges, st.integers(10, 29), st.floats(0.0, 5000.0))
def test_no_charge_is_lost_where_it_does_not_reach_the_edge(electrons, row, peak):
    electrons[row, 1] += peak
    read, full = bleed(electrons, 1000.0)
    assert read.max() <= 1000.0 + 1e-6
    assert read.sum() == pytest.approx(electrons.sum())
    np.testing.assert_array_equal(read[:, [0, 2]], electrons[:, [0, 2]])
    assert (full == (read >= 1000.0 - 1e-5)).all()


@given(arrays(np.float64, (12, 2), elements=st.floats(0.0, 1e5)))
def test_no_pixel_holds_more_than_its_well_and_none_loses(electrons):
    read, _ = bleed(electrons, 1000.0)
    assert read.max() <= 1000.0 + 1e-6
    assert (read >= np.minimum(electrons, 1000.0) - 1e-6).all()
    assert read.sum() <= electrons.sum() + 1e-6
