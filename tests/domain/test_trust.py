import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.fit import MATCHES_WANTED
from skydb.domain.trust import (
    OVERRULED_SCORE,
    TRUST_FLOOR,
    FitCheck,
    TrustReport,
    check_clipped,
    check_jackknife,
    check_matches,
    check_rms,
    limited,
    overruled,
    report_of,
)
from skydb.domain.vocabulary import TrustComponent
from tests.domain.test_solution import propose

GOOD = FitCheck(TrustComponent.CROSS_MATCH, 1.0, "all there")
BAD = FitCheck(TrustComponent.CROSS_MATCH, 0.1, "nothing there")


@pytest.mark.parametrize("geometry", MATCHES_WANTED)
def test_the_floor_of_matches_is_that_of_hap(geometry) -> None:
    wanted = MATCHES_WANTED[geometry]
    assert check_matches(wanted, wanted).score == TRUST_FLOOR
    assert check_matches(wanted - 1, wanted).score < TRUST_FLOOR
    assert check_matches(2 * wanted, wanted).score == 1.0


def test_a_fit_without_a_free_residual_is_worth_nothing() -> None:
    assert check_rms(0.001, 2, "rscale").score == 0.0
    assert check_rms(0.001, 3, "general").score == 0.0


def test_small_residuals_of_few_matches_are_enlarged() -> None:
    few, many = check_rms(0.2, 4, "rscale"), check_rms(0.2, 400, "rscale")
    assert few.measured == pytest.approx(0.2 * 2**0.5)
    assert many.measured == pytest.approx(0.2, rel=0.01)


def test_residuals_of_more_than_half_a_pixel_are_below_the_floor() -> None:
    assert check_rms(0.51, 1000, "shift").score < TRUST_FLOOR < check_rms(0.49, 1000, "shift").score


def test_a_shift_that_hangs_on_one_match_is_below_the_floor() -> None:
    assert check_jackknife(0.11).score < TRUST_FLOOR
    assert check_jackknife(None).score is None


@pytest.mark.parametrize(("before", "after", "score"), [(20, 20, 1.0), (20, 5, 0.25)])
def test_clipping_costs_its_share(before, after, score) -> None:
    assert check_clipped(before, after).score == pytest.approx(score)


@pytest.mark.parametrize("before", [None, 0, 4])
def test_clipping_that_nobody_counted_does_not_count(before) -> None:
    assert check_clipped(before, 5).score is None


def test_trust_is_the_lowest_score_of_those_who_speak() -> None:
    silent = FitCheck(TrustComponent.ARCHIVE, None, "no fit")
    report = TrustReport((check_matches(18, 12), silent, GOOD))
    assert report.score == pytest.approx(0.75) and report.is_trusted
    assert not TrustReport((check_matches(18, 12), BAD)).is_trusted
    assert TrustReport((silent,)).score == 0.0


def test_a_witness_heard_anew_replaces_what_it_said() -> None:
    report = TrustReport((check_matches(24, 12), GOOD)).with_check(BAD)
    assert len(report.checks) == 2
    assert report.score == 0.1
    assert report.objections == "cross-match: nothing there"


def test_who_disagrees_with_a_confirmed_fit_costs_trust_but_does_not_condemn() -> None:
    archive = FitCheck(TrustComponent.ARCHIVE, 0.2, "400 mas off", 3.0)
    assert overruled(archive, GOOD).score == OVERRULED_SCORE >= TRUST_FLOOR
    assert "confirms" in overruled(archive, GOOD).reason
    assert overruled(archive, BAD) == archive
    assert overruled(archive, FitCheck(TrustComponent.CROSS_MATCH, None, "")) == archive


@given(st.floats(1e-3, 10), st.floats(0, 100))
def test_scores_stay_between_0_and_1_and_fall_with_what_is_measured(limit, measured) -> None:
    score = limited(limit, measured)
    assert 0.0 <= score <= 1.0
    assert limited(limit, measured + 1.0) <= score
    assert limited(limit, float("nan")) == 0.0


def test_reasons_are_kept_with_the_fit() -> None:
    proposal = propose(188)
    report = TrustReport((check_matches(188, 12), BAD))
    proposal.record_trust(report)
    assert proposal.trust == 0.1
    assert report_of(proposal.trust_reasons) == report


@given(
    st.lists(st.one_of(st.none(), st.floats(0.0, 1.0)), min_size=3, max_size=3),
    st.one_of(st.none(), st.floats(0.0, 1.0)),
)
def test_no_neighbour_takes_trust_from_a_fit_that_is_sure_of_it(others, neighbour) -> None:
    components = (TrustComponent.MATCHES, TrustComponent.RMS, TrustComponent.CROSS_MATCH)
    own = [FitCheck(what, score, "") for what, score in zip(components, others, strict=True)]
    said = overruled(FitCheck(TrustComponent.NEIGHBOURS, neighbour, ""), own[-1])
    alone, heard = TrustReport(tuple(own)), TrustReport((*own, said))
    assert heard.is_sure == alone.is_sure
    assert heard.is_trusted or not heard.is_sure
    condemned = TrustReport((*own, FitCheck(TrustComponent.NEIGHBOURS, 0.0, "")))
    assert condemned.is_sure == alone.is_sure
