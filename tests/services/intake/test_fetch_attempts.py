"""Texts of an archive as a database takes them."""

from hypothesis import given
from hypothesis import strategies as st

from skydb.services.intake.fetch_attempts import printable


@given(st.text(alphabet=st.characters(codec=None), max_size=900))
def test_whatever_an_archive_says_can_be_stored(text: str) -> None:
    shown = printable(text)
    assert "\0" not in shown and shown.isprintable() and len(shown) < 400
    shown.encode()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
def test_the_name_of_a_file_is_recorded_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_two_long_names_that_begin_alike_stay_two() -> None:
    assert printable("x" * 500 + "a") != printable("x" * 500 + "b")
