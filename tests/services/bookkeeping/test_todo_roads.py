"""Fits are to be done again as they were done, of exposures, groups and visits."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, AlignmentSolution
from skydb.domain.alignment import RELATIVE
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


def test_a_catalogue_that_does_not_cover_a_product_is_not_named_for_it(
    services_anywhere: Services,
) -> None:
    """Fields are at 85.25, -2.46: of catalogues that lie elsewhere none is named, even the last."""

    def catalog(name: str, ra_deg: float) -> None:
        cone = {"ra_deg": ra_deg, "dec_deg": -2.46, "radius_deg": 0.05}
        survey.catalog(name).query = {"cone": cone}

    def command(rule: TodoRule) -> str:
        (found,) = {str(row["command"]) for row in services_anywhere.todo.due(rule=rule)}
        return found

    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        exposure = survey.exposure("50")
        survey.content(exposure)
        survey.content(survey.drizzled(exposure))
        catalog("elsewhere", 85.4)
        session.commit()
        asks = "skydb refcat gaia --name gaia-ibxl50010_drz --ra 85.250 --dec=-2.460"
        assert command(TodoRule.NOT_ALIGNED) == asks
        catalog("ours", 85.22)
        catalog("far", 120.0)
        session.commit()
        fits = "skydb align run --refcat ours ibxl50010_drz.fits"
        assert command(TodoRule.NOT_ALIGNED) == fits
        survey.catalog("a file")
        session.commit()
        assert command(TodoRule.NOT_ALIGNED) == fits.replace("ours", "'a file'")


@pytest.mark.parametrize(("dec_deg", "is_named"), [(-2.40, True), (-2.20, False)])
def test_a_file_is_named_where_it_has_sources(
    services: Services, tmp_path: Path, dec_deg: float, is_named: bool
) -> None:
    """Fields are at 85.25, -2.46."""
    with services.context.store.writing() as session:
        survey = Survey(session)
        exposure = survey.exposure("50")
        survey.content(exposure)
        survey.content(survey.drizzled(exposure))
        session.commit()
    stars = "".join(f"85.2{n},{dec_deg}{n}\n" for n in range(10))
    (tmp_path / "stars.csv").write_text(f"ra,dec\n{stars}")
    services.refcat.import_file(tmp_path / "stars.csv", 2016.0)
    (row,) = services.todo.due(rule=TodoRule.NOT_ALIGNED)
    assert str(row["command"]).startswith("skydb align run --refcat stars ") is is_named


def test_visits_that_rest_on_one_that_was_fitted_since_are_aligned_to_each_other_again(
    services_anywhere: Services,
) -> None:
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        stays, moves = (survey.content(survey.exposure(visit)) for visit in ("50", "51"))
        catalog = survey.catalog("gaia")
        fit = survey.align(moves, catalog).accepted_solution
        assert fit is not None and fit.source is not None
        run = fit.source.activity
        assert isinstance(run, AlignmentRun)
        run.known_catalog, run.reference = None, RELATIVE
        run.parameters = {"groups": {"visits/bxl51": {"resting": "bxl50"}}}
        run.use(stays)
        run.use(moves)
        fit.source.group_name = "visits/bxl51"
        survey.sky([stays, fit.version])
        survey.align(stays, catalog)
        session.commit()
    (row,) = services_anywhere.todo.due(rule=TodoRule.SKY_OUTDATED)
    assert "refused before: mixed-alignment" in row["reason"]
    assert row["command"].startswith("skydb align run --relative --proposal 12812 --target ")
