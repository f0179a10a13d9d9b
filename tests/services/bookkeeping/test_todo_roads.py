"""A fit of single exposures that failed is to be done again as it was done."""

from __future__ import annotations

import pytest

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, AlignmentSolution
from skydb.domain.grouping import GroupBy
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import AlignmentRoad
from tests.services.survey import Survey


def _failed(services: Services, road: AlignmentRoad, by: GroupBy | None = None) -> str:
    with services.context.store.writing() as session:
        survey = Survey(session)
        exposure = survey.exposure("50")
        fit = survey.fit(survey.content(exposure), survey.catalog("gaia"), failed=True)
        run = fit.activity
        assert isinstance(run, AlignmentRun) and isinstance(fit, AlignmentSolution)
        run.what = road
        run.parameters = {} if by is None else {"group_by": by.value}
        session.commit()
    (row,) = services.todo.due(rule=TodoRule.FIT_FAILED)
    return str(row["command"])


def test_an_exposure_that_was_fitted_by_itself_is_fitted_by_itself(
    services_anywhere: Services,
) -> None:
    command = _failed(services_anywhere, AlignmentRoad.EXPOSURES)
    assert command == "skydb align run --refcat gaia --what exposures ibxl5001q_flt.fits"


@pytest.mark.parametrize("by", GroupBy)
def test_a_group_is_fitted_as_the_group_that_it_was(services: Services, by: GroupBy) -> None:
    of = "--target HORSEHEAD" if by is GroupBy.TARGET else "--visit bxl50"
    command = _failed(services, AlignmentRoad.GROUP, by)
    assert command == f"skydb align run --refcat gaia --what group --group-by {by} {of}"


def test_an_exposure_that_waits_is_fitted_to_the_catalogue_of_its_visit(
    services_anywhere: Services,
) -> None:
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        ours = survey.catalog("gaia")
        for visit in ("50", "51"):
            exposures = [survey.exposure(visit, number) for number in (1, 2)]
            contents = [survey.content(one) for one in exposures]
            product = survey.content(survey.drizzled(*exposures))
            if visit == "50":
                survey.align(contents[0], ours, product)
        survey.catalog("newest")
        session.commit()
    rows = services_anywhere.todo.due(rule=TodoRule.NOT_ALIGNED)
    assert {row["exposure"]: row["command"] for row in rows} == {
        "ibxl5002q": "skydb align run --refcat gaia ibxl50010_drz.fits",
        "ibxl5101q": "skydb align run --refcat newest ibxl51010_drz.fits",
        "ibxl5102q": "skydb align run --refcat newest ibxl51010_drz.fits",
    }
