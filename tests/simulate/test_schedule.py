"""Names, times, pointing errors and layout."""

import numpy as np
import pytest

from skydb.simulate.detectors import detector
from skydb.simulate.geometry import tangent_basis
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.schedule import Alignment, make_schedule, tile_offsets_arcsec


def schedule_of(**values):
    plan = FieldPlan(**values)
    return make_schedule(plan, detector(plan.detector, plan.size))


def test_rootnames_and_associations_are_named_as_in_the_archive():
    visit = schedule_of().visits[0]
    assert [exposure.rootname for exposure in visit.exposures] == ["ibxl50clq", "ibxl50cqq"]
    assert visit.asn_id == "ibxl50030"
    assert schedule_of(detector=SimDetector.UVIS, size=256).visits[1].asn_id == "ibxl51010"
    visit = schedule_of(detector=SimDetector.WFC, size=256).visits[0]
    assert [exposure.rootname for exposure in visit.exposures] == ["jbxl50clq", "jbxl50cqq"]
    assert visit.asn_id == "jbxl50010"


def test_rootnames_never_repeat():
    names = [e.rootname for e in schedule_of(tiles=(12, 12), dithers=9).exposures]
    assert len(set(names)) == len(names) == 12 * 12 * 9


def test_exposures_follow_each_other_in_time():
    starts = [exposure.start_mjd for exposure in schedule_of().exposures]
    assert starts == sorted(starts)
    assert np.diff(starts).min() * 86400 > 699


def test_pointing_errors_are_of_the_size_asked_for():
    exposures = schedule_of(tiles=(6, 6), dithers=1, roll_error_deg=0.0).exposures
    errors = np.array([np.hypot(*exposure.pointing_error_arcsec) for exposure in exposures])
    assert errors.min() >= 0.1 - 1e-6
    assert errors.max() <= 0.6 + 1e-6
    assert errors.std() > 0.1


def test_all_exposures_of_a_visit_share_one_rigid_error():
    for visit in schedule_of(dithers=4).visits:
        errors = [e.header_attitude @ e.true_attitude.T for e in visit.exposures]
        for error in errors[1:]:
            np.testing.assert_allclose(error, errors[0], atol=1e-15)


def test_jitter_is_added_to_single_exposures_only_when_asked_for():
    calm, shaken = (schedule_of(jitter_mas=jitter).visits[0] for jitter in (0.0, 5.0))
    moved_mas = [
        np.linalg.norm(a.header_attitude[:, 0] - b.header_attitude[:, 0]) * 206264806
        for a, b in zip(calm.exposures, shaken.exposures, strict=True)
    ]
    assert min(moved_mas) > 0.1
    assert max(moved_mas) < 30


def test_one_visit_has_one_sky_with_a_small_drift():
    for visit in schedule_of(dithers=6).visits:
        skies = np.array([exposure.sky for exposure in visit.exposures])
        assert 0.8 <= visit.sky <= 1.3
        assert 0 < np.abs(skies / visit.sky - 1).max() < 0.05


def test_an_archive_has_fitted_poorly_fitted_and_unfitted_visits():
    visits = schedule_of().visits
    assert {visit.alignment for visit in visits} == set(Alignment)
    for visit in visits:
        if visit.alignment is Alignment.A_PRIORI:
            assert visit.nmatches is visit.rms_mas is None
        elif visit.alignment is Alignment.GSC_FIT:
            assert min(visit.rms_mas) > 50
            assert visit.nmatches < 10
        else:
            assert max(visit.rms_mas) < 50


def test_neighbouring_tiles_overlap_by_the_share_asked_for():
    plan = FieldPlan(tiles=(2, 1), overlap=0.25, size=256)
    camera = detector(plan.detector, plan.size)
    offsets = np.array(tile_offsets_arcsec(plan, camera))
    cd = np.array(camera.chips[0].cd_arcsec).reshape(2, 2)
    step_pix = np.linalg.solve(cd, offsets[1] - offsets[0])
    np.testing.assert_allclose(step_pix, [256 * 0.75, 0.0], atol=1e-6)


def test_islands_are_further_apart_than_any_exposure_reaches():
    plan = FieldPlan(tiles=(2, 2), islands=2, size=256)
    camera = detector(plan.detector, plan.size)
    schedule = make_schedule(plan, camera)
    centres = np.array([visit.true_attitude[:, 0] for visit in schedule.visits])
    islands = np.array([visit.island for visit in schedule.visits])
    apart = centres[islands == 0][:, None] - centres[islands == 1][None, :]
    smallest_arcsec = np.linalg.norm(apart, axis=-1).min() * 206265
    assert smallest_arcsec > 2 * schedule.tile_arcsec
    assert list(islands) == [0] * 4 + [1] * 4


@pytest.mark.parametrize("seed", [1, 2])
def test_the_recorded_error_points_from_the_truth_to_the_header(seed):
    exposure = schedule_of(seed=seed).exposures[0]
    east, north = tangent_basis(exposure.true_attitude[:, 0])
    moved = (exposure.header_attitude - exposure.true_attitude)[:, 0] * 206264.806
    assert exposure.pointing_error_arcsec == pytest.approx((moved @ east, moved @ north), abs=1e-6)
