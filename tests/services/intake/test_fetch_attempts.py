"""Texts of an archive as a database takes them, and what was fetched before."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from skydb.services.intake.fetch_attempts import known_downloads, printable
from tests.services.survey import Survey


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


def test_what_was_fetched_before_is_known_with_its_own_version(services_anywhere) -> None:
    store = services_anywhere.context.store
    with store.writing() as session:
        survey = Survey(session)
        first, second = survey.exposure("50", 1), survey.exposure("50", 2)
        versions = [survey.content(one) for one in (second, first, second, first, first)]
        downloads = [
            survey.download(one, datetime(2020, 1, 1, tzinfo=UTC)) for one in versions[1:3]
        ]
        expected = {one.uri: (one.sha256, one.version.number) for one in downloads}
        session.commit()
    assert sorted(number for _, number in expected.values()) == [1, 2]
    known = known_downloads(store, [*expected, "mast:HST/never.fits"])
    assert {uri: (one.sha256, one.version) for uri, one in known.items()} == expected
