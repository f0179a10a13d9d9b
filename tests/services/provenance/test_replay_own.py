"""Runs of the engine skydb made again: nothing is taken from what is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from skydb.api.composition import Services
from skydb.domain import ChipLevel, OverlapMeasurement, SkyOverlap, SkyRun
from skydb.domain.vocabulary import Engine, ReplayVerdict, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.services.provenance.replay import ReplayService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from tests.services.recorded import ingest_exposures


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("own")
    simulate_field(directory, FieldPlan(tiles=(2, 1), size=64, dithers=1, products=False))
    return directory


@pytest.fixture
def run(services: Services, exposures: Path) -> int:
    """A run with another statistic than the usual one."""
    ingest_exposures(services, exposures)
    settings = AstroDrizzleSettings(extra={"skystat": "mean", "skyclip": 3})
    service = services.sky()
    (row,) = service.run([SkyMethod.MATCH], None, settings, engine=Engine.SKYDB, mosaic=False)
    assert row["status"] == "succeeded"
    return int(row["run"])


def replay(services: Services, run: int):
    return ReplayService(services.context).replay(run)


def test_levels_are_measured_again_and_those_on_record_stay(services: Services, run: int) -> None:
    with services.context.store.writing() as session:
        kept = session.scalar(select(func.count()).select_from(SkyOverlap))
        session.execute(update(ChipLevel).values(level=ChipLevel.level + 1.0))
        session.execute(update(SkyOverlap).values(level_a=SkyOverlap.level_a + 1.0))
        session.commit()
    found = replay(services, run)
    assert found.verdict is ReplayVerdict.IDENTICAL
    assert found.recipe_hash == found.replay_recipe_hash
    with services.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(SkyOverlap)) == kept
        asked = [one.parameters["afresh"] for one in session.scalars(select(OverlapMeasurement))]
        assert asked == [False, True]


def test_values_that_do_not_come_again_are_different(services: Services, run: int) -> None:
    with services.context.store.writing() as session:
        value = max(session.get_one(SkyRun, run).values, key=lambda one: one.mdrizsky or 0.0)
        assert value.mdrizsky is not None
        value.mdrizsky += 0.01
        chip = f"{value.exposure.rootname}[1]"
        session.commit()
    found = replay(services, run)
    assert found.verdict is ReplayVerdict.DIFFERENT
    assert [one.subject for one in found.differences] == [chip]
    assert found.max_difference == pytest.approx(0.01)
