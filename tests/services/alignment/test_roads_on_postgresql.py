"""Every road to an alignment and its acceptance, in a ledger on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import AlignmentRoad, SolutionStatus
from skydb.drizzle.usual import usual_settings
from skydb.services.alignment.align import AlignService
from tests.services.alignment.group_fields import GroupField, newest_file, run_of
from tests.services.tools import Toolbox


@pytest.fixture
def ledger(postgres_ledger_url: str, field: GroupField, tmp_path: Path) -> Iterator[Services]:
    services = Services.open(postgres_ledger_url, tmp_path / "data")
    services.ingest.ingest(field.exposures)
    services.refcat.import_file(field.catalog(tmp_path / "gaia.ecsv"), 2016.0, "gaia")
    yield services
    services.close()


def accepted(services: Services, run: int, force_why: str | None = None) -> set[str]:
    """The exposures that an acceptance of a run has moved."""
    outcomes = services.accept.accept(run, force_why=force_why)
    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}
    return {one.rootname for one in outcomes}


def test_visits_are_aligned_to_each_other_and_then_as_groups_to_a_catalogue(
    ledger: Services, field: GroupField
) -> None:
    relative = ledger.align_groups.run(None)
    assert run_of(ledger, relative).what is AlignmentRoad.GROUP
    assert accepted(ledger, relative) == set(field.rootnames("51"))

    absolute = ledger.align_groups.run("gaia")
    everything = {*field.rootnames("50"), *field.rootnames("51")}
    assert accepted(ledger, absolute) == everything
    errors = {name: field.error_mas(ledger, name) for name in everything}
    fits = {one.rootname: one for one in ledger.evidence.fits(absolute)}
    assert set(fits) == everything
    assert max(errors.values()) < 10.0
    assert {row["rule"] for row in ledger.todo.todo()} == {"never-matched"}


def test_exposures_are_fitted_each_by_itself(ledger: Services, field: GroupField) -> None:
    names = field.rootnames("50")
    before = {name: newest_file(ledger, name).read_bytes() for name in names}
    tools = Toolbox()

    road = AlignmentRoad.EXPOSURES
    few = replace(usual_settings(road), minobj=1)
    run = AlignService(ledger.context, tools).run("gaia", names, few, what=road)

    assert [row["status"] for row in ledger.solutions.fits(run)] == ["proposed"] * 3
    assert accepted(ledger, run, "its fits are made up") == set(names)
    assert all(newest_file(ledger, name).read_bytes() != old for name, old in before.items())
