"""Notes and flags, dismissals, bad deliveries, superseded catalogues."""

from __future__ import annotations

import pytest

from skydb.api.composition import Services
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import ActivityStatus, EntryKind
from skydb.errors import NotFoundError, StateError, UsageError
from tests.services.survey import Survey

SUBJECTS = ("ibxl5001q", "bxl50", "ibxl5001q_flt.fits", "run:1", "solution:1")


@pytest.fixture
def seeded(services: Services) -> Services:
    """Two exposures of a visit."""
    return _two_exposures(services)


@pytest.fixture
def seeded_anywhere(services_anywhere: Services) -> Services:
    """The same on each database."""
    return _two_exposures(services_anywhere)


def _two_exposures(services: Services) -> Services:
    with services.context.store.writing() as session:
        survey = Survey(session)
        for number in (1, 2):
            survey.content(survey.exposure("50", number))
        session.commit()
    return services


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_note_says_who_wrote_what_about_what(seeded: Services, subject: str) -> None:
    row = seeded.books.note(subject, "look again", author="Ada")
    assert (row["subject"], row["author"], row["reason"]) == (subject, "Ada", "look again")
    assert (row["kind"], row["withdrawn_at"]) == ("note", None)
    assert seeded.books.entries(subject) == [row]


def test_whoever_asks_is_the_author(seeded: Services) -> None:
    row = seeded.books.flag("bxl50", "satellite", "a trail")
    assert row["author"] == seeded.context.agent
    assert (row["kind"], row["label"]) == ("flag", "satellite")


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        ("ibxl5009q", NotFoundError),
        ("bxl99", NotFoundError),
        ("run:99", NotFoundError),
        ("solution:x", UsageError),
        ("mosaic:1", UsageError),
    ],
)
def test_what_the_ledger_does_not_have_is_refused_with_the_syntax(
    services: Services, subject: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        services.books.note(subject, "nobody")


def test_a_line_without_a_reason_or_with_a_label_that_is_none_is_refused(
    seeded: Services,
) -> None:
    with pytest.raises(StateError, match="needs a reason"):
        seeded.books.flag("bxl50", "satellite", "  ")
    for label in ("", "ignore:never-matched", "x" * 41):
        with pytest.raises(UsageError):
            seeded.books.flag("bxl50", label, "why")
    with pytest.raises(UsageError, match="author"):
        seeded.books.note("bxl50", "text", author="x" * 65)
    assert seeded.books.entries() == []


def test_a_withdrawn_line_stays_with_who_withdrew_it_and_why(seeded_anywhere: Services) -> None:
    entry = seeded_anywhere.books.flag("bxl50", "satellite", "a trail")["id"]
    row = seeded_anywhere.books.withdraw(entry, "it was masked", "Ada")
    assert (row["withdrawn_by"], row["withdrawn_why"]) == ("Ada", "it was masked")
    assert seeded_anywhere.books.entries(kind=EntryKind.FLAG) == [row]
    with pytest.raises(StateError, match="withdrawn already"):
        seeded_anywhere.books.withdraw(entry, "again")
    with pytest.raises(NotFoundError, match="no note or flag 99"):
        seeded_anywhere.books.withdraw(99, "nothing")


def test_lines_of_a_visit_are_those_of_its_parts_too(seeded_anywhere: Services) -> None:
    for subject in SUBJECTS:
        seeded_anywhere.books.note(subject, "look")
    seen = {row["subject"] for row in seeded_anywhere.books.entries("bxl50")}
    assert seen == set(SUBJECTS) - {"run:1"}
    of_exposure = {row["subject"] for row in seeded_anywhere.books.entries("ibxl5001q")}
    assert of_exposure == set(SUBJECTS) - {"run:1", "bxl50"}


def _due(services: Services) -> list[str]:
    return [row["subject"] for row in services.todo.due(rule=TodoRule.NEVER_MATCHED)]


def test_a_dismissal_silences_one_rule_for_one_subject_until_it_is_withdrawn(
    seeded_anywhere: Services,
) -> None:
    assert _due(seeded_anywhere) == ["ibxl5001q", "ibxl5002q"]
    row = seeded_anywhere.books.ignore("ibxl5001q", TodoRule.NEVER_MATCHED, "alone in its field")
    assert _due(seeded_anywhere) == ["ibxl5002q"]
    assert len(seeded_anywhere.todo.due(rule=TodoRule.NOT_ALIGNED)) == 2
    assert seeded_anywhere.todo.silenced() == 1
    seeded_anywhere.books.withdraw(row["id"], "it has a neighbour now")
    assert _due(seeded_anywhere) == ["ibxl5001q", "ibxl5002q"]
    assert seeded_anywhere.todo.silenced() == 0


def test_a_dismissal_of_a_visit_silences_all_its_exposures(seeded: Services) -> None:
    seeded.books.ignore("bxl50", TodoRule.NEVER_MATCHED, "a dark")
    assert _due(seeded) == []


def test_a_dismissal_is_no_flag(seeded: Services) -> None:
    seeded.books.ignore("bxl50", TodoRule.NEVER_MATCHED, "a dark")
    assert seeded.todo.status()[0]["flags"] == 0


@pytest.mark.parametrize("label", ["two words", " two\twords", " ignore:never-matched"])
def test_a_label_is_one_word(seeded: Services, label: str) -> None:
    with pytest.raises(UsageError, match="Invalid label") as caught:
        seeded.books.flag("bxl50", label, "a trail")
    assert "one word" in caught.value.advice


def test_a_subject_has_a_flag_once_until_it_is_withdrawn(seeded: Services) -> None:
    first = seeded.books.flag("bxl50", "satellite", "a trail")
    with pytest.raises(StateError, match=rf"entry {first['id']}\): a trail"):
        seeded.books.flag("bxl50", "satellite", "another")
    seeded.books.flag("bxl50", "ghost", "another")
    seeded.books.flag("ibxl5001q", "satellite", "of the exposure")
    seeded.books.withdraw(first["id"], "it is none")
    assert seeded.books.flag("bxl50", "satellite", "it is one")["id"] != first["id"]


def test_what_is_given_up_has_failed_and_says_why(seeded: Services) -> None:
    with seeded.context.store.writing() as session:
        survey = Survey(session)
        run = survey.fit(survey.content(survey.exposure("51")), survey.catalog("gaia")).activity
        run.status = ActivityStatus.RUNNING
        run_id = run.id
        session.commit()
    row = seeded.books.abandon(run_id, "the node went down", "Ada")
    assert (row["subject"], row["label"]) == (f"run:{run_id}", "abandoned")
    with seeded.context.store.reading() as session:
        activity = session.get_one(type(run), run_id)
        assert activity.status is ActivityStatus.FAILED
        assert activity.error == "Given up by Ada: the node went down"
    with pytest.raises(StateError, match="is failed: only one that is running can be given up"):
        seeded.books.abandon(run_id, "again")
    assert len(seeded.books.entries(f"run:{run_id}")) == 1
    with pytest.raises(NotFoundError, match="no run 999"):
        seeded.books.abandon(999, "nothing")


def test_the_ledger_knows_of_the_corrupt_solutions_of_2020(services: Services) -> None:
    (row,) = services.books.deliveries()
    assert (row["began_on"], row["ended_on"]) == ("2019-12-01", "2020-02-29")


def test_a_delivery_is_added_and_dropped_with_an_author_and_a_line_in_the_books(
    services: Services,
) -> None:
    books = services.books
    row = books.add_delivery("flats", "2024-05-01", "2024-05-09", "wrong flats", "Ada")
    assert [one["name"] for one in books.deliveries()] == ["mast-astrometry-2020", "flats"]
    assert (row["what"], row["author"]) == ("wrong flats", "Ada")
    with pytest.raises(UsageError, match="already"):
        books.add_delivery("flats", "2024-05-01", "2024-05-09", "twice")
    with pytest.raises(StateError, match="needs a reason"):
        books.drop_delivery("flats", " ")
    assert books.drop_delivery("flats", "they were right", "Bob") == row
    assert [one["name"] for one in books.deliveries()] == ["mast-astrometry-2020"]
    (line,) = books.entries()
    assert (line["subject"], line["author"]) == ("ledger", "Bob")
    assert "wrong flats" in line["reason"] and "they were right" in line["reason"]
    with pytest.raises(NotFoundError):
        books.drop_delivery("flats", "again")


@pytest.mark.parametrize("days", [("yesterday", "2024-05-09"), ("2024-13-01", "2024-13-02")])
def test_days_of_a_delivery_that_are_none_are_refused(
    services: Services, days: tuple[str, str]
) -> None:
    with pytest.raises(UsageError, match="Invalid date"):
        services.books.add_delivery("flats", *days, "wrong flats")
    with pytest.raises(StateError, match="before it begins"):
        services.books.add_delivery("flats", "2024-05-09", "2024-05-01", "wrong flats")


def test_a_catalogue_is_superseded_by_another_and_the_books_say_why(
    services: Services,
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        for name in ("dr2", "dr3"):
            survey.catalog(name)
        session.commit()
    books = services.books
    with pytest.raises(StateError, match="needs a reason"):
        books.supersede("dr2", "dr3", "")
    row = books.supersede("dr2", "dr3", "better proper motions", "Ada")
    assert (row["name"], row["superseded_by"]) == ("dr2", "dr3")
    (line,) = books.entries()
    assert line["label"] == "superseded" and line["author"] == "Ada"
    assert line["reason"] == "Catalogue dr2 was superseded by dr3: better proper motions"
    with pytest.raises(StateError, match="cannot replace"):
        books.supersede("dr3", "dr2", "no, the other way round")
    with pytest.raises(NotFoundError):
        books.supersede("dr3", "dr4", "not out yet")


def test_lines_of_a_file_are_those_of_that_product_and_patterns_name_several(
    seeded: Services,
) -> None:
    with seeded.context.store.writing() as session:
        survey = Survey(session, contents=50)
        other = survey.drizzled(survey.exposure("51"))
        other.filename = "twin_drz.fits"
        twin = survey.drizzled(survey.exposure("52"))
        twin.filename = "twin_drz.fits"
        session.commit()
        numbers = other.id, twin.id
    for number in numbers:
        seeded.books.note(f"product:{number}", f"on {number}")
    told = [row["reason"] for row in seeded.books.entries(f"product:{numbers[0]}")]
    assert told == [f"on {numbers[0]}"]
    assert len(seeded.books.entries("twin_*.fits")) == 2
    assert len(seeded.books.entries("twin_drz.fits")) == 2
