import pytest

from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.sky.methods import Measures, sky_of
from skydb.sky.residuals import (
    BRIGHTNESS_UNIT,
    common_unit,
    residuals,
    rms,
    worst_exposures,
    worst_pairs,
)
from tests.sky.measured import chip, measures, overlap

FIELD = measures({"a": 1.2, "b": 0.8, "c": 1.0}, [("a", "b"), ("b", "c"), ("a", "c")])
ISLANDS = measures(
    {"a": 1.2, "b": 0.8, "p": 7.0, "q": 9.0, "r": 8.0}, [("a", "b"), ("p", "q"), ("q", "r")]
)


def _skies(given: Measures, method: SkyMethod = SkyMethod.MATCH):
    return sky_of(method, given).in_image_units(given.chips)


def test_the_right_skies_leave_nothing() -> None:
    found = residuals(FIELD, _skies(FIELD))
    assert [one.before for one in found] == pytest.approx([0.4, 0.2, -0.2])
    assert [one.after for one in found] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_a_wrong_sky_is_left_in_its_pairs_and_named() -> None:
    skies = dict(_skies(FIELD)) | {("c", 1): 0.2 - 0.05}
    found = residuals(FIELD, skies)
    assert {(o.exposure_a, o.exposure_b): o.after for o in found} == pytest.approx(
        {("a", "b"): 0.0, ("a", "c"): -0.05, ("b", "c"): -0.05}
    )
    assert worst_exposures(found)[0].rootname == "c"
    assert worst_exposures(found)[0].rms == pytest.approx(0.05)
    assert {one.exposure_b for one in worst_pairs(found, 2)} == {"c"}


def test_the_same_sky_for_all_changes_nothing() -> None:
    found = residuals(FIELD, _skies(FIELD, SkyMethod.GLOBALMIN))
    assert [one.after for one in found] == pytest.approx([one.before for one in found])


@pytest.mark.parametrize("skies", [{("a", 1): 0.4, ("b", 1): 0.0}, None])
def test_a_pair_of_which_one_has_no_sky_is_left_open(skies) -> None:
    known = skies if skies is not None else dict(_skies(FIELD)) | {("c", 1): None}
    after = {(o.exposure_a, o.exposure_b): o.after for o in residuals(FIELD, known)}
    assert after[("a", "c")] is None and after[("b", "c")] is None
    assert after[("a", "b")] == pytest.approx(0.0, abs=1e-12)


def test_pairs_say_which_island_they_belong_to() -> None:
    found = residuals(ISLANDS, _skies(ISLANDS))
    assert {(one.exposure_a, one.island) for one in found} == {("p", 1), ("q", 1), ("a", 2)}


def test_a_large_zero_of_an_island_is_not_seen() -> None:
    """The level of a whole island does not change the residual of a pair."""
    lifted = {
        k: v + (100.0 if k[0] in "pqr" else 0.0)
        for k, v in _skies(ISLANDS).items()
        if v is not None
    }
    assert rms(one.after for one in residuals(ISLANDS, lifted)) == pytest.approx(0, abs=1e-12)


def test_images_alike_are_judged_in_their_own_unit() -> None:
    chips = [
        chip("a", 1.0, factor=0.5, unit=SkyUnit.ELECTRON),
        chip("b", 1.0, factor=0.5, unit=SkyUnit.ELECTRON),
    ]
    unit = common_unit(chips)
    assert (unit.name, unit.per_brightness) == ("electron", 2.0)
    pair = overlap(("a", 1), ("b", 1), (30.0, 20.0))
    (found,) = residuals(Measures(tuple(chips), (pair,)), {})
    assert (found.before, found.unit) == (pytest.approx(10.0), "electron")


def test_images_of_different_exposure_times_are_judged_by_brightness() -> None:
    chips = [chip("a", 1.0, factor=0.5), chip("b", 1.0, factor=0.25)]
    assert common_unit(chips).name == BRIGHTNESS_UNIT


def test_an_unknown_unit_is_called_so() -> None:
    assert common_unit([chip("a", 1.0, unit=None)]).name == "unknown"


def test_no_residual_has_no_rms() -> None:
    assert rms([None, None]) is None
    assert rms([3.0, None, -4.0]) == pytest.approx(12.5**0.5)
