import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import UsageError
from skydb.sky.methods import Measures, sky_of
from tests.sky.measured import chip, measures, overlap

CHAIN = measures({"a": 1.2, "b": 0.8, "c": 1.0}, [("a", "b"), ("b", "c")])
TWO_ISLANDS = measures(
    {"a": 1.2, "b": 0.8, "c": 1.0, "p": 7.0, "q": 9.0, "z": 3.0},
    [("a", "b"), ("b", "c"), ("p", "q")],
)


def _values(method: SkyMethod, given: Measures) -> dict[str, float | None]:
    skies = sky_of(method, given).skies
    return {name: None if sky is None else sky.value for name, sky in skies.items()}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (SkyMethod.LOCALMIN, {"a": 1.2, "b": 0.8, "c": 1.0}),
        (SkyMethod.GLOBALMIN, {"a": 0.8, "b": 0.8, "c": 0.8}),
        (SkyMethod.MATCH, {"a": 0.4, "b": 0.0, "c": 0.2}),
        (SkyMethod.GLOBALMIN_MATCH, {"a": 1.2, "b": 0.8, "c": 1.0}),
    ],
)
def test_each_method_gives_what_it_promises(method: SkyMethod, expected: dict) -> None:
    assert _values(method, CHAIN) == pytest.approx(expected)
    assert len(sky_of(method, CHAIN).islands) == 1


def test_each_island_has_a_zero_of_its_own() -> None:
    found = sky_of(SkyMethod.MATCH, TWO_ISLANDS)
    assert found.islands == (("a", "b", "c"), ("p", "q"), ("z",))
    expected = {"a": 0.4, "b": 0.0, "c": 0.2, "p": 0.0, "q": 2.0}
    values = _values(SkyMethod.MATCH, TWO_ISLANDS)
    assert {name: values[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("method", [SkyMethod.MATCH, SkyMethod.GLOBALMIN_MATCH])
def test_an_exposure_that_overlaps_nothing_has_no_value(method: SkyMethod) -> None:
    assert _values(method, TWO_ISLANDS)["z"] is None


def test_an_island_is_lifted_by_its_own_lowest_level() -> None:
    values = _values(SkyMethod.GLOBALMIN_MATCH, TWO_ISLANDS)
    assert (values["p"], values["q"]) == (pytest.approx(7.0), pytest.approx(9.0))


def test_levels_without_overlap_still_have_a_common_zero() -> None:
    assert _values(SkyMethod.GLOBALMIN, TWO_ISLANDS)["z"] == pytest.approx(0.8)


def test_the_lowest_chip_counts_for_the_exposure() -> None:
    chips = (chip("a", 1.5, 1), chip("a", 1.1, 2), chip("b", None, 1), chip("b", 2.0, 2))
    assert _values(SkyMethod.LOCALMIN, Measures(chips, ())) == {"a": 1.1, "b": 2.0}


def test_an_exposure_without_good_pixels_has_no_level() -> None:
    chips = (chip("a", None), chip("b", 2.0))
    assert _values(SkyMethod.LOCALMIN, Measures(chips, ())) == {"a": None, "b": 2.0}


def test_exposure_times_and_pixel_sizes_are_levelled_out_and_put_back() -> None:
    chips = (chip("a", 60.0, factor=0.1), chip("b", 80.0, factor=0.05))
    pair = overlap(("a", 1), ("b", 1), (70.0, 120.0))  # brightness 7 and 6
    found = sky_of(SkyMethod.MATCH, Measures(chips, (pair,)))
    assert found.in_image_units(chips) == pytest.approx({("a", 1): 10.0, ("b", 1): 0.0})


def test_chips_are_averaged_by_their_pixels_in_the_overlap() -> None:
    chips = (chip("a", 1.0, 1), chip("a", 1.0, 2), chip("b", 1.0, 1))
    pairs = (
        overlap(("a", 1), ("b", 1), (2.0, 1.0), (300, 100)),
        overlap(("a", 2), ("b", 1), (4.0, 1.0), (100, 300)),
    )
    (pair,) = Measures(chips, pairs).pairs
    assert pair.first_sky == pytest.approx(2.5)
    assert pair.area_arcsec2 == 20.0
    assert pair.pixels == 400


def test_the_sky_of_one_side_alone_makes_no_pair() -> None:
    chips = (chip("a", 1.0), chip("b", 1.0))
    only_first = Measures(chips, (overlap(("a", 1), ("b", 1), (1.0, None)),))
    assert only_first.pairs == ()
    assert only_first.islands == (("a",), ("b",))


def test_a_sigma_says_how_far_from_the_zero_an_offset_may_be() -> None:
    skies = sky_of(SkyMethod.MATCH, CHAIN).skies
    sigma = {name: sky.sigma for name, sky in skies.items() if sky}
    assert sigma == pytest.approx({"a": 0.01 * np.sqrt(2), "b": 0.0, "c": 0.01 * np.sqrt(2)})


@settings(max_examples=20)
@given(st.permutations(range(len(TWO_ISLANDS.overlaps))), st.permutations(range(6)))
def test_the_order_of_the_rows_does_not_matter(pairs, chips) -> None:
    shuffled = Measures(
        tuple(TWO_ISLANDS.chips[i] for i in chips), tuple(TWO_ISLANDS.overlaps[i] for i in pairs)
    )
    for method in COMPUTED_METHODS:
        assert _values(method, shuffled) == pytest.approx(_values(method, TWO_ISLANDS))


@settings(max_examples=25)
@given(st.floats(-100, 100), st.floats(0.01, 100))
def test_match_does_not_see_what_all_exposures_have_in_common(shift: float, scale: float) -> None:
    skies = {"a": 1.2, "b": 0.8, "c": 1.0}
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    changed = {name: shift + scale * sky for name, sky in skies.items()}
    before = _values(SkyMethod.MATCH, measures(skies, edges))
    after = _values(SkyMethod.MATCH, measures(changed, edges))
    assert after == pytest.approx(
        {n: scale * v for n, v in before.items() if v is not None}, abs=1e-9
    )


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(UsageError):
        sky_of(SkyMethod.MATCH, Measures((), ()))
