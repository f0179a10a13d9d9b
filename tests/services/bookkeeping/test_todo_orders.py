"""Rules of `todo` do not depend on the order of runs or files."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import Verdict
from skydb.store.scope import Scope
from tests.services.survey import Survey

#: Models whose names hold no day: what counts is when files with them were first written.
FIRST, SECOND = "iref$first_idc.fits", "iref$second_idc.fits"
WRITTEN = ((FIRST, "2015-01-01"), (SECOND, "2020-01-01"), (FIRST, "2023-01-01"))


def test_of_alignments_in_a_bad_environment_the_last_run_is_named(
    services_anywhere: Services,
) -> None:
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        catalog = survey.catalog("gaia")
        runs = []
        for number in (1, 2):
            version = survey.content(survey.exposure("50", number))
            aligned = survey.align(version, catalog, verdict=Verdict.FAILED)
            (solution,) = aligned.applied_solutions or aligned.solutions
            runs.append(solution.activity_id)
        session.commit()
    assert runs == sorted(set(runs))
    with services_anywhere.context.store.reading() as session:
        question = "SELECT run_id FROM v_todo WHERE rule = 'environment-failed'"
        assert session.execute(text(question)).scalars().all() == [runs[-1]]


@pytest.mark.parametrize("order", list(permutations(WRITTEN)), ids=str)
def test_a_distortion_model_is_as_old_as_the_first_file_with_it(
    services: Services, order: tuple[tuple[str, str], ...]
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        for idctab, day in order:
            number = WRITTEN.index((idctab, day)) + 1
            survey.content(survey.exposure("50", number), idctab=idctab, date=day)
        session.commit()
    rows = services.todo.due(Scope(), TodoRule.IDCTAB_SUPERSEDED)
    assert [row["exposure"] for row in rows] == ["ibxl5001q", "ibxl5003q"]
    assert all(f"have the newer {SECOND}." in row["reason"] for row in rows)


def test_a_row_of_several_exposures_says_each_part_of_their_reasons_once(
    services: Services,
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        catalog = survey.catalog("gaia")
        for number in (1, 2):
            exposure = survey.exposure("50", number)
            for _ in range(number):
                version = survey.content(exposure)
            survey.align(version, catalog)
            survey.content(exposure)
        session.commit()
    (row,) = services.todo.todo(Scope(), TodoRule.ALIGNMENT_OUTDATED)
    assert row["reason"] == (
        "Version 3 is of a newer archive version than version 2, which was aligned; no drizzled"
        " product of that archive version is recorded: fetch or make it (`skydb drizzle --visit"
        " bxl50`) and fit it, or fit the exposures (`skydb align run --what exposures`). Version"
        " 4 is of a newer archive version than version 3, which was aligned."
    )
