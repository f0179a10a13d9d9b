"""Everything that ran, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, IngestActivity, SkyRun
from skydb.domain.vocabulary import ActivityKind, ActivityStatus, AlignmentRoad, SkyMethod
from skydb.drizzle.settings import TweakRegSettings
from skydb.errors import NotFoundError, UsageError
from skydb.services.activities import kinds_named, moment_named
from skydb.store.provenance_queries import activities
from skydb.store.run_lists import RunFilter
from skydb.store.scope import Scope
from tests.services.ledgers import SmallLedger, day

A, B = "ibxl50iaq", "ibxl51ibq"
SKY = RunFilter(kinds=(ActivityKind.SKY_RUN,))


def test_runs_are_found_by_exposure_kind_state_and_time(services_anywhere: Services) -> None:
    book, listed = SmallLedger(services_anywhere), services_anywhere.runs.listed
    for name in (A, B):
        book.deliver(name)
    first = book.run(SkyMethod.MATCH, {A: 1.0}, on=day("2024-01-01"))
    second = book.run(SkyMethod.LOCALMIN, {A: 1.0, B: 2.0}, on=day("2024-02-01"), group="b")
    undated = book.logged_run(SkyMethod.MATCH, {B: 2.0}, on=None)

    def found(scope: Scope | None = None, wanted: RunFilter = SKY) -> list[int]:
        return [row["run"] for row in listed(scope, wanted)]

    assert found() == [second, first, undated]
    assert found(Scope(visits=("bxl50",))) == [second, first]
    assert found(Scope(rootnames=(B,))) == [second, undated]
    assert found(wanted=RunFilter(SKY.kinds, since=day("2024-01-15"))) == [second]
    assert found(wanted=RunFilter(SKY.kinds, (ActivityStatus.FAILED,))) == []
    assert [row["inputs"] for row in listed(wanted=SKY)] == [[A, B], [A], [B]]
    assert services_anywhere.runs.show(second)["inputs"] == [A, B]
    with pytest.raises(NotFoundError):
        services_anywhere.runs.show(undated + 100)


def test_names_and_activities_have_one_order_on_both_databases(
    services_anywhere: Services,
) -> None:
    context, asked = services_anywhere.context, {"zeal": 1, "aim": 2, "paths": [], "b": 3}
    keys = [context.begin(lambda _, stamp: IngestActivity(asked, stamp)) for _ in range(3)]
    with context.closing(IngestActivity, keys[0]):
        # PostgreSQL puts the row that was written last at the end.
        pass
    shown = services_anywhere.runs.show(keys[0])
    assert [row["name"] for row in shown["parameters"]] == sorted(asked)
    assert list(shown["environment"]["packages"]) == sorted(shown["environment"]["packages"])
    with context.store.reading() as session:
        assert [one.id for one in activities(session, keys)] == keys


@pytest.mark.parametrize(
    ("engine", "document"),
    [
        ("astrodrizzle", {"final_scale": 0.05, "final_pixfrac": 1.0}),
        ("skydb", {"mosaic": {"final_scale": 0.05, "final_pixfrac": 1.0}}),
    ],
)
def test_parameters_that_are_usual_are_not_told(
    services: Services, engine: str, document: dict[str, object]
) -> None:
    book = SmallLedger(services)
    book.deliver(A)
    number = book.run(SkyMethod.MATCH, {A: 1.0}, on=day("2024-01-01"))
    with services.context.store.writing() as session:
        run = session.get_one(SkyRun, number)
        run.engine = type(run.engine)(engine)
        run.parameters = {engine: document, "inputs": [], "preset": "gone"}
        for value in run.values:
            run.use(value.version)
        session.commit()
    told = {row["name"]: row for row in services.runs.show(number)["parameters"]}
    assert (told["final_scale"]["value"], told["final_scale"]["usual"]) == (0.05, None)
    assert "final_pixfrac" not in told
    assert told["preset"]["value"] == "gone"


def test_words_are_understood_by_a_beginning_that_one_has() -> None:
    assert kinds_named(["SKY", "header_write", "import"]) == (
        ActivityKind.SKY_RUN, ActivityKind.HEADER_WRITE, ActivityKind.IMPORT,
    )  # fmt: skip
    for text in ("header", "", "skies"):
        with pytest.raises(UsageError):
            kinds_named([text])
    assert moment_named("2024-01-01") == datetime(2024, 1, 1, tzinfo=UTC)
    assert moment_named("2024-01-01T13:00+01:00") == day("2024-01-01")


@pytest.mark.parametrize(
    ("road", "searchrad", "told"),
    [
        (AlignmentRoad.DRIZZLED, 1.0, {}),
        (AlignmentRoad.DRIZZLED, 2.5, {"searchrad": 2.5}),
        (AlignmentRoad.EXPOSURES, 2.5, {}),
        (AlignmentRoad.EXPOSURES, 1.0, {"searchrad": 1.0}),
    ],
)
def test_parameters_of_a_fit_are_compared_with_what_is_usual_for_what_is_fitted(
    services: Services, road: AlignmentRoad, searchrad: float, told: dict[str, float]
) -> None:
    tweakreg = TweakRegSettings(searchrad_arcsec=searchrad).as_parameters()
    number = services.context.begin(
        lambda _, stamp: AlignmentRun("gaia", {"refcat": "gaia", "tweakreg": tweakreg}, stamp, road)
    )
    assert {one["name"]: one["value"] for one in services.runs.parameters(number)} == told


@pytest.mark.parametrize(("by", "told"), [("visit", {}), ("orbit", {"group_by": "orbit"})])
def test_a_group_is_told_only_what_is_not_usual(
    services: Services, by: str, told: dict[str, str]
) -> None:
    parameters = {"refcat": None, "group_by": by, "fitgeometry": None, "members": {}}
    number = services.context.begin(
        lambda _, stamp: AlignmentRun("relative", parameters, stamp, AlignmentRoad.GROUP)
    )
    assert {one["name"]: one["value"] for one in services.runs.parameters(number)} == told
    with pytest.raises(NotFoundError):
        services.runs.parameters(number + 1)
