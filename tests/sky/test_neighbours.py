"""Selection of pairs of neighbours."""

from __future__ import annotations

from itertools import combinations

from skydb.sky.neighbours import compare_neighbours
from skydb.sky.overlaps import Overlap


def visits(**exposures: str) -> dict[str, str]:
    return {name: visit for visit, names in exposures.items() for name in names.split()}


def all_overlaps(names, area=lambda _one, _other: 1.0) -> list[Overlap]:
    return [Overlap(*pair, area(*pair)) for pair in combinations(sorted(names), 2)]


def pair(one: str, other: str) -> tuple[str, str]:
    return one, other


def test_a_visit_is_spanned_and_not_compared_each_with_each() -> None:
    one = visits(v="a b c d")
    found = compare_neighbours(all_overlaps(one), one, pair)
    assert len(found) == 3
    assert {name for names in found for name in names} == set(one)


def test_two_visits_are_compared_once_in_their_largest_overlap() -> None:
    two = visits(v="a b", w="c d")
    overlaps = all_overlaps(two, lambda *names: 5.0 if names == ("b", "c") else 1.0)
    assert compare_neighbours(overlaps, two, pair) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_where_a_pair_says_nothing_the_next_overlap_is_tried() -> None:
    two = visits(v="a b", w="c")
    asked = []

    def deaf(one: str, other: str) -> tuple[str, str] | None:
        asked.append((one, other))
        return None if (one, other) == ("a", "c") else (one, other)

    assert compare_neighbours(all_overlaps(two), two, deaf) == [("a", "b"), ("b", "c")]
    assert asked == [("a", "b"), ("a", "c"), ("b", "c")]


def test_no_more_than_three_overlaps_of_two_visits_are_tried() -> None:
    two = visits(v="a b c", w="d e f")
    asked = []
    compare_neighbours(all_overlaps(two), two, lambda *names: asked.append(names))
    assert sum(two[one] != two[other] for one, other in asked) == 3


def test_exposures_that_share_no_sky_are_not_compared() -> None:
    assert compare_neighbours([], visits(v="a", w="b"), pair) == []


def test_a_visit_is_spanned_by_its_own_overlaps_and_not_by_those_with_others() -> None:
    three = visits(v="a b", w="c", x="d")
    areas = {("a", "c"): 9.0, ("c", "d"): 8.0, ("b", "d"): 7.0, ("a", "b"): 1.0}
    overlaps = [Overlap(*names, area) for names, area in areas.items()]
    assert compare_neighbours(overlaps, three, pair) == sorted(areas)


def test_an_exposure_is_known_by_what_its_name_says() -> None:
    names = ["one", "two", "three"]
    one = {name: "".join(["v", "1"]) for name in names}
    fresh = [
        Overlap("".join(found.first), "".join(found.second), found.area_arcsec2)
        for found in all_overlaps(names)
    ]
    assert len(compare_neighbours(fresh, one, pair)) == 2


def test_exposures_of_a_visit_that_overlap_one_alone_are_each_compared_with_it() -> None:
    one = visits(v="a b c d")
    for largest in (("a", "b"), ("a", "c"), ("a", "d")):
        areas = {pair("a", name): 2.0 for name in "bcd"} | {largest: 3.0}
        overlaps = [Overlap(*names, area) for names, area in areas.items()]
        assert compare_neighbours(overlaps, one, pair) == sorted(areas)
