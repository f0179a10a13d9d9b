"""Status of exposures, per visit and per program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from skydb.api.composition import Services
from skydb.domain import BookEntry, ProductVersion, Visit
from skydb.domain.base import utc_now
from skydb.domain.vocabulary import EntryKind, SkyMethod, Verdict
from skydb.errors import NotFoundError
from skydb.services.bookkeeping.todo import StatusBy
from skydb.store.scope import Scope
from tests.services.survey import Survey

COUNTS = (
    *("exposures", "downloaded", "aligned", "matched", "downgraded", "flags", "flagged"),
    *("stale", "logged"),
)


@pytest.fixture
def seeded(services_anywhere: Services) -> Services:
    """Three visits: one well in hand, one with everything wrong, one known from a log."""
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        _good(survey)
        _wrong(survey)
        survey.remembered(survey.logged("52"))
        session.add(Visit("bxm", "01", 12813))
        session.commit()
    return services_anywhere


def _good(survey: Survey) -> None:
    catalog = survey.catalog("gaia")
    versions = [survey.content(survey.exposure("50", number)) for number in (1, 2)]
    for version in versions:
        survey.download(version, utc_now())
    aligned = [survey.align(version, catalog) for version in versions]
    survey.sky(aligned)
    entry = BookEntry(survey.visits["50"], EntryKind.FLAG, "me", "clouds", "clouds")
    entry.withdraw("me", "there are none in space")
    BookEntry(survey.visits["50"], EntryKind.NOTE, "me", "a note is no flag")


def _wrong(survey: Survey) -> None:
    exposures = [survey.exposure("51", number) for number in range(1, 7)]
    versions = [survey.content(exposure) for exposure in exposures]
    catalog = survey.catalog("gaia2")
    survey.align(versions[0], catalog)
    survey.content(exposures[0])
    survey.sky(versions[1:2])
    survey.content(exposures[1])
    survey.sky(versions[2:3], verdict=Verdict.FAILED)
    survey.align(versions[3], catalog, verdict=Verdict.FAILED)
    survey.sky(versions[4:5], SkyMethod.MATCH, SkyMethod.LOCALMIN)
    fit = survey.fit(versions[5], catalog)
    for subject in (exposures[4], versions[4].product, fit):
        BookEntry(subject, EntryKind.FLAG, "me", "a trail", "satellite")


def counts(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in COUNTS if row[name]}


def test_each_visit_says_how_far_it_is(seeded: Services) -> None:
    rows = {row["visit"]: counts(row) for row in seeded.todo.status()}
    assert rows == {
        "bxl50": {"exposures": 2, "downloaded": 2, "aligned": 2, "matched": 2},
        "bxl51": {
            "exposures": 6, "aligned": 1, "matched": 2, "downgraded": 1, "stale": 4,
            "flags": 3, "flagged": 2,
        },
        "bxl52": {"exposures": 1, "matched": 1, "logged": 1},
        "bxm01": {},
    }  # fmt: skip


def test_a_flag_on_a_visit_concerns_all_its_exposures(seeded: Services) -> None:
    seeded.books.flag("bxl51", "clouds", "the whole visit")
    (row,) = seeded.todo.status(scope=Scope(visits=("bxl51",)))
    assert (row["flags"], row["flagged"]) == (4, 6)


def test_a_visit_and_a_proposal_restrict(seeded: Services) -> None:
    status: Callable[..., list[dict[str, object]]] = seeded.todo.status
    assert [row["visit"] for row in status(scope=Scope(visits=("bxl50",)))] == ["bxl50"]
    assert [row["visit"] for row in status(scope=Scope(proposal_id=12813))] == ["bxm01"]
    with pytest.raises(NotFoundError, match=r"Unknown visit 'bxl99' \(visits here: bxl50, "):
        status(scope=Scope(visits=("bxl99",), proposal_id=12812))
    with pytest.raises(NotFoundError, match=r"no visits of this selection .*12812, 12813"):
        status(scope=Scope(visits=("bxl50",), proposal_id=12813))
    programs = status(StatusBy.PROGRAM, Scope(proposal_id=12813))
    assert [row["program"] for row in programs] == ["bxm"]


def test_a_program_is_the_sum_of_its_visits_in_the_command_and_in_the_view(
    seeded: Services,
) -> None:
    first, second = seeded.todo.status(StatusBy.PROGRAM)
    assert (first["program"], first["proposal_id"], first["visits"]) == ("bxl", 12812, 3)
    assert counts(first) == {
        "exposures": 9, "downloaded": 2, "aligned": 3, "matched": 5, "downgraded": 1,
        "stale": 4, "logged": 1, "flags": 3, "flagged": 2,
    }  # fmt: skip
    assert (second["program"], second["visits"], counts(second)) == ("bxm", 1, {})
    with seeded.context.store.reading() as session:
        viewed = [dict(row) for row in session.execute(text(
            "SELECT * FROM v_program_status ORDER BY program")).mappings()]  # fmt: skip
    assert [counts(row) for row in viewed] == [counts(first), {}]
    assert viewed[0]["visits"] == 3


def test_the_last_activity_is_the_newest_that_read_or_made_a_file_of_the_visit(
    seeded: Services,
) -> None:
    with seeded.context.store.writing() as session:
        version = session.scalars(select(ProductVersion).where(ProductVersion.number == 1)).first()
        assert version is not None
        run = Survey(session).sky([version])
        run.finished_at = utc_now() + timedelta(days=1)
        expected = run.finished_at
        session.commit()
    rows = {row["visit"]: row["last_activity_at"] for row in seeded.todo.status()}
    assert datetime.fromisoformat(str(rows["bxl50"])) == expected
    assert str(rows["bxl52"]) < str(rows["bxl51"]) < str(rows["bxl50"])
    assert rows["bxm01"] is None


def test_a_run_of_skydb_is_in_force_before_what_a_log_tells_of_earlier_days(
    services_anywhere: Services,
) -> None:
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        exposure = survey.exposure("50")
        run = survey.sky([survey.content(exposure)])
        survey.remembered(exposure)
        only_logged = survey.remembered(exposure, SkyMethod.GLOBALMIN)
        expected = {("match", run.id), ("globalmin", only_logged.id)}
        session.commit()
    answer = services_anywhere.plain.sql("SELECT method, run_id FROM v_sky_current")
    assert {tuple(row) for row in answer.rows} == expected
