"""A survey that was never observed has rows that could be those of one that was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from scripts.survey import SurveyPlan, survey_rows
from skydb.domain import AlignmentSolution, Base, ChipSolution, Exposure, SkyRun, Visit
from skydb.domain.values import Rootname, unit_vectors
from skydb.store.bulk import BulkWriter
from skydb.store.engine import open_engine, resolve_url

#: Twelve fields, in batches that do not divide them: 1 and 11 were processed again.
PLAN = SurveyPlan(exposures=240, fields_per_batch=5)


@pytest.fixture
def survey(ledger_url: str) -> Iterator[Engine]:
    engine = open_engine(resolve_url(ledger_url))
    with engine.begin() as connection:
        writer = BulkWriter(connection)
        for entity, columns in survey_rows(PLAN):
            writer.write(entity.__table__, columns)
        writer.advance_keys(Base.metadata.sorted_tables)
    yield engine
    engine.dispose()


def number(session: Session, entity: type) -> int:
    return session.scalar(select(func.count()).select_from(entity.__table__)) or 0


def test_it_has_the_rows_that_were_asked_for(survey: Engine) -> None:
    with Session(survey) as session:
        assert number(session, Exposure) == 240
        assert number(session, Visit) == 24
        # Two or three epochs of four methods for each field, a value for each exposure.
        assert number(session, SkyRun) == 12 * 4 * 5 // 2
        values = session.scalar(text("SELECT COUNT(*) FROM v_sky_values"))
        assert values == 20 * number(session, SkyRun)
        # Two for each content of an exposure, two for each product.
        renewed = 6 + 2
        assert number(session, AlignmentSolution) == 2 * 20 * (12 + renewed) + 2 * 24


def test_its_entities_can_be_walked(survey: Engine) -> None:
    with Session(survey) as session:
        run = session.get_one(SkyRun, session.scalar(select(func.max(SkyRun.id))))
        assert len(run.values) == len(run.used) == 20
        value = run.values[0]
        assert value.version is not None
        assert value.version.product.exposure is value.exposure
        name = Rootname(value.exposure.rootname)
        assert (name.program, name.visit_number) == (
            value.exposure.visit.program,
            value.exposure.visit.number,
        )
        current = value.version.current_solution
        assert current is not None and current.superseded_by is None


def test_methods_are_related_as_they_are_in_a_sky(survey: Engine) -> None:
    with Session(survey) as session:
        rows = session.execute(
            text(
                "SELECT globalmin_match - match AS lifted, globalmin, group_id"
                " FROM v_sky_comparison WHERE group_id = 3"
            )
        ).all()
    assert len(rows) == 20
    assert np.ptp([row.lifted for row in rows]) < 1e-12
    assert np.allclose([row.lifted for row in rows], rows[0].globalmin)


def test_caps_hold_their_footprints(survey: Engine) -> None:
    with Session(survey) as session:
        chips = session.scalars(select(ChipSolution).where(ChipSolution.s_region.is_not(None)))
        for chip in chips:
            assert chip.s_region is not None and chip.radius_deg is not None
            points = np.array(chip.s_region.split()[2:], dtype=float).reshape(-1, 2)
            away = unit_vectors(points) @ np.array([chip.x, chip.y, chip.z])
            assert np.degrees(np.arccos(np.clip(away, -1, 1))).max() <= chip.radius_deg + 1e-6
            centre = unit_vectors(np.array([[chip.crval1_deg, chip.crval2_deg]]))[0]
            assert centre @ np.array([chip.x, chip.y, chip.z]) > np.cos(np.radians(0.001))


def test_the_same_seed_makes_the_same_survey_and_another_one_another() -> None:
    def values(plan: SurveyPlan) -> list[float]:
        return [
            value
            for entity, columns in survey_rows(plan)
            if "mdrizsky" in columns
            for value in columns["mdrizsky"]
        ]

    assert values(PLAN) == values(PLAN)
    assert values(PLAN) != values(SurveyPlan(240, seed=1, fields_per_batch=5))


def test_aligned_exposures_are_current_in_their_second_content(survey: Engine) -> None:
    with Session(survey) as session:
        found = session.execute(
            text(
                "SELECT status, version, COUNT(*) AS exposures FROM v_alignment_current"
                " WHERE rootname IS NOT NULL GROUP BY status, version ORDER BY status, version"
            )
        ).all()
    # Fields with even numbers were aligned; 1 and 11 were processed again; 4 stayed.
    assert [tuple(row) for row in found] == [
        ("applied", 2, 120),
        ("recorded", 1, 80),
        ("recorded", 2, 40),
    ]
