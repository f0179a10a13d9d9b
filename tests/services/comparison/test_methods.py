from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.domain import SkyRun, SkyRunGroup
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.services.skies.skyrun import SkyRunService
from tests.services.tools import MEMBERS, Toolbox, write_exposure

COLUMNS = [method.column for method in COMPUTED_METHODS]


@pytest.fixture
def field(services_anywhere: Services, tmp_path: Path) -> Services:
    files = [write_exposure(tmp_path / "field", name) for name in MEMBERS]
    services_anywhere.ingest.ingest(files)
    return services_anywhere


def run(services: Services, tools: Toolbox, *methods: SkyMethod, force: bool = False) -> list[int]:
    rows = SkyRunService(services.context, tools, jobs=1).run(methods, force=force)
    return [row["run"] for row in rows]


def table(rows: list[dict]) -> list[list[object]]:
    return [[row["rootname"], row["extver"], *(row[c] for c in COLUMNS)] for row in rows]


def test_the_table_has_one_row_a_chip_and_one_column_a_method(
    field: Services, tools: Toolbox
) -> None:
    runs = run(field, tools, *COMPUTED_METHODS)
    expected = [
        [MEMBERS[0], 1, 1.0, 0.0, 1.0, 1.0],
        [MEMBERS[1], 1, 1.125, 0.125, 1.125, 1.0],
    ]
    assert table(field.comparison.methods.values()) == expected
    named = field.comparison.methods.values(runs)
    assert table(named) == expected
    assert {row["unit"] for row in named} == {"electron/s"}


def test_a_value_stands_under_the_method_that_ran_and_not_under_the_one_asked_for(
    field: Services, tools: Toolbox
) -> None:
    tools.becomes = {SkyMethod.MATCH: SkyMethod.LOCALMIN}
    runs = run(field, tools, SkyMethod.MATCH)
    for rows in (field.comparison.methods.values(), field.comparison.methods.values(runs)):
        assert [row["localmin"] for row in rows] == [1.0, 1.125]
        assert {row["match"] for row in rows} == {None}


def test_the_newest_good_run_of_a_method_is_compared(field: Services, tools: Toolbox) -> None:
    run(field, tools, SkyMethod.LOCALMIN)
    tools.levels = {MEMBERS[0]: 5.0}
    run(field, tools, SkyMethod.LOCALMIN, force=True)
    tools.crashes = {"astrodrizzle"}
    run(field, tools, SkyMethod.LOCALMIN, force=True)
    assert field.comparison.methods.values()[0]["localmin"] == 5.0


def test_a_repetition_takes_no_runs_place(field: Services, tools: Toolbox) -> None:
    (old,) = run(field, tools, SkyMethod.LOCALMIN)
    (other,) = run(field, tools, SkyMethod.LOCALMIN, force=True)
    tools.levels = {MEMBERS[0]: 5.0}
    (again,) = run(field, tools, SkyMethod.LOCALMIN, force=True)
    with field.context.store.writing() as session:
        session.get_one(SkyRun, again).repeat(session.get_one(SkyRun, old))
        session.commit()
    assert field.comparison.methods.values()[0]["localmin"] == 1.0
    assert [row["run"] for row in field.comparison.methods.runs()] == [other]
    assert run(field, tools, SkyMethod.LOCALMIN) == [other]
    with field.context.store.reading() as session:
        assert set(session.scalars(text("SELECT run_id FROM v_sky_current"))) == {other}


def test_a_repetition_of_an_old_run_does_not_make_its_group_the_newest(
    field: Services, tools: Toolbox
) -> None:
    (old,) = run(field, tools, SkyMethod.LOCALMIN)
    group = field.comparison.methods.values()[0]["group_id"]
    tools.levels = {MEMBERS[0]: 5.0}
    (new,) = run(field, tools, SkyMethod.LOCALMIN, force=True)
    with field.context.store.writing() as session:
        session.get_one(SkyRun, new).group = SkyRunGroup("9" * 64, "another")
        session.commit()
    (again,) = run(field, tools, SkyMethod.LOCALMIN, force=True)
    assert field.comparison.methods.values()[0]["group_id"] == group
    with field.context.store.writing() as session:
        session.get_one(SkyRun, again).repeat(session.get_one(SkyRun, old))
        session.commit()
    assert field.comparison.methods.values()[0]["group_id"] != group


def test_runs_that_are_named_are_compared_whichever_are_the_newest(
    field: Services, tools: Toolbox
) -> None:
    old = run(field, tools, SkyMethod.LOCALMIN)
    tools.levels = {MEMBERS[0]: 5.0}
    new = run(field, tools, SkyMethod.LOCALMIN, SkyMethod.MATCH, force=True)
    rows = field.comparison.methods.values([*old, new[1]])
    assert (rows[0]["localmin"], rows[0]["match"]) == (1.0, 3.875)


def test_two_runs_of_one_method_do_not_fit_into_one_table(field: Services, tools: Toolbox) -> None:
    runs = run(field, tools, SkyMethod.MATCH) + run(field, tools, SkyMethod.MATCH, force=True)
    with pytest.raises(UsageError, match="Two of these runs did match"):
        field.comparison.methods.values(runs)


def test_a_run_without_values_is_not_found(field: Services, tools: Toolbox) -> None:
    with pytest.raises(NotFoundError, match="No sky run has succeeded"):
        field.comparison.methods.values()
    with pytest.raises(NotFoundError):
        field.comparison.methods.runs()
    good = run(field, tools, SkyMethod.MATCH)
    tools.crashes = {"astrodrizzle"}
    failed = run(field, tools, SkyMethod.LOCALMIN)
    with pytest.raises(NotFoundError, match=f"no sky values of run {failed[0]}"):
        field.comparison.methods.values(good + failed)
    with pytest.raises(NotFoundError, match="no sky values of run 99"):
        field.comparison.methods.values([99])
