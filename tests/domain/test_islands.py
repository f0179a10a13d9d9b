"""Options that make a field of each group of exposures that share no sky."""

from __future__ import annotations

from skydb.domain.islands import how_apart

ISLANDS = [["a1", "a2", "b1"], ["c1", "c2"]]
VISITS = {name: f"bxl5{name[0]}" for island in ISLANDS for name in island}


def test_an_option_is_named_only_when_it_parts_exposures_as_the_islands_do():
    one_target = dict.fromkeys(VISITS, "M31")
    assert how_apart(ISLANDS, VISITS, one_target) == "--visit bxl5a --visit bxl5b; --visit bxl5c"
    two = one_target | {"c1": "M33", "c2": "M33"}
    assert how_apart(ISLANDS, VISITS, two) == "--each target"
    assert how_apart(ISLANDS, one_target | {"c1": "x", "c2": "x"}, {}) == "--each visit"
    three = two | {"b1": "M32"}
    assert "--each" not in how_apart(ISLANDS, VISITS, three)


def test_a_visit_in_two_islands_is_parted_by_its_exposures():
    parted = VISITS | {"c1": "bxl5a"}
    assert how_apart(ISLANDS, parted, {}) == (
        "--exposure a1 --exposure a2 --exposure b1; --exposure c1 --exposure c2"
    )
    # An exposure alone has nothing to be matched with.
    alone = [*ISLANDS, ["d1"]]
    assert how_apart(alone, VISITS, {}) == "--visit bxl5a --visit bxl5b; --visit bxl5c"


def test_more_than_a_sentence_has_room_for_is_left_to_the_audit():
    many = [[f"a{number}" for number in range(7)], ["b1", "b2"]]
    one = {name: "bxl50" for island in many for name in island}
    assert how_apart(many, one, one).endswith("`skydb sky audit` lists the exposures of each")
