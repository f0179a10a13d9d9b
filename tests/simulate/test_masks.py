"""Masks of cosmic rays scored against the hits."""

import numpy as np
import pytest

from skydb.errors import NotFoundError
from skydb.simulate.field import simulate_field
from skydb.simulate.hits import read_hits
from skydb.simulate.masks import MaskScore, score_masks, together
from skydb.simulate.plan import FieldPlan, SimDetector


@pytest.fixture(scope="module", params=list(SimDetector), ids=str)
def struck(request, tmp_path_factory):
    """(directory, truth) of one exposure with cosmic rays."""
    directory = tmp_path_factory.mktemp(f"scored_{request.param}")
    plan = FieldPlan(
        request.param, (1, 1), 1, size=192, seed=4, products=False, stars=4, cosmic_rays=True
    )
    return directory, simulate_field(directory, plan)


def masks_of(field, make):
    directory, truth = field
    return {
        (exposure.rootname, extver): make(hits)
        for exposure in truth.exposures
        for extver, hits in read_hits(directory / exposure.crmask).items()
    }


def score(field, make):
    directory, truth = field
    return together(score_masks(truth, directory, masks_of(field, make)).values())


def test_a_perfect_mask_is_complete_and_raises_no_alarm(struck):
    perfect = score(struck, lambda hits: hits.charge > 0)
    assert perfect.hit >= perfect.hit_on_sky > 0
    assert perfect.completeness == perfect.completeness_on_sky == 1.0
    known = score(struck, lambda hits: (hits.mask & 1) > 0)
    assert known.completeness == 1.0
    assert known.false_alarm_rate == 0.0


def test_an_empty_mask_finds_nothing(struck):
    nothing = score(struck, lambda hits: np.zeros(hits.mask.shape, bool))
    assert nothing.completeness == nothing.false_alarm_rate == 0.0


def test_a_mask_of_everything_is_all_false_alarms(struck):
    everything = score(struck, lambda hits: np.ones(hits.mask.shape, bool))
    assert everything.completeness == everything.false_alarm_rate == 1.0
    assert everything.clean > 100 * everything.hit > 0


def test_half_a_mask_finds_half(struck):
    def every_other_row(hits):
        rows = np.arange(hits.mask.shape[0])[:, None] % 2 == 0
        return np.broadcast_to(rows, hits.mask.shape)

    half = score(struck, every_other_row)
    assert half.false_alarm_rate == pytest.approx(0.5, abs=0.02)


def test_no_hits_have_no_completeness():
    assert MaskScore().completeness is MaskScore().false_alarm_rate is None
    assert MaskScore().completeness_on_sky is None


def test_a_mask_of_a_stranger_is_named(struck):
    directory, truth = struck
    with pytest.raises(NotFoundError, match="ixxx01abq"):
        score_masks(truth, directory, {("ixxx01abq", 1): np.zeros((2, 2), bool)})


def test_a_field_without_hits_scores_nothing(tmp_path):
    truth = simulate_field(tmp_path, FieldPlan(tiles=(1, 1), dithers=1, size=64, products=False))
    key = (truth.exposures[0].rootname, 1)
    assert score_masks(truth, tmp_path, {key: np.ones((64, 64), bool)}) == {}
