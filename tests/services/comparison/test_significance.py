import pytest

from skydb.services.comparison.significance import Verdict, compared, criterion_sentences


@pytest.mark.parametrize(("difference", "changed"), [(0.149, False), (0.151, True), (-0.2, True)])
def test_a_change_is_more_than_three_sigma_of_the_difference(difference, changed) -> None:
    verdict = compared(difference, 0.03, 0.04)
    assert verdict.sigma == pytest.approx(0.05)
    assert verdict.significance == pytest.approx(difference / 0.05)
    assert verdict.changed is changed


@pytest.mark.parametrize("sigmas", [(None, 0.1), (0.1, None), (None, None)])
def test_without_a_sigma_any_difference_is_a_change(sigmas) -> None:
    assert compared(1e-6, *sigmas) == Verdict(None, None, True)
    assert compared(0.0, *sigmas) == Verdict(None, None, False)


def test_an_image_at_zero_in_both_runs_has_nothing_to_be_divided_by() -> None:
    assert compared(0.0, 0.0, 0.0) == Verdict(0.0, None, False)


def test_what_cannot_be_subtracted_is_not_judged() -> None:
    assert compared(None, 0.1, 0.1) == Verdict()


def test_the_criterion_is_told_as_far_as_it_is_used() -> None:
    assert criterion_sentences([]) == []
    (told,) = criterion_sentences([1.0])
    assert "3 sigma" in told
    assert len(criterion_sentences([1.0, None])) == 2
