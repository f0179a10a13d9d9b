from __future__ import annotations

from skydb.domain import Visit


def test_an_entity_says_what_people_know_it_by() -> None:
    assert repr(Visit("bxl", "50", 12812)) == "<Visit id=None program=bxl number=50>"


def test_what_is_not_loaded_is_left_out() -> None:
    visit = Visit("bxl", "50")
    visit.__dict__.pop("number")
    assert repr(visit) == "<Visit id=None program=bxl>"
