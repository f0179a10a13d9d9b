"""The sky value in force of each exposure and method, by a slow definition and by indexes."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from skydb.domain import Exposure, SkyRun, SkyValue
from skydb.domain.base import utc_now
from skydb.domain.vocabulary import ActivityStatus, SkyMethod, Verdict
from skydb.store.engine import open_engine, resolve_url
from skydb.store.views import counted_visits
from tests.services.survey import Survey

Current = set[tuple[str, str, int]]


def _any_runs(session: Session, dice: random.Random) -> None:
    """Runs and old logs of two exposures, some deleted, failed or repeated, in any order."""
    survey = Survey(session)
    exposures = [survey.exposure("50"), survey.exposure("51")]
    runs: list[SkyRun] = []
    for _ in range(24):
        method = dice.choice(list(SkyMethod)[:3])
        exposure = dice.choice(exposures)
        repeated = dice.choice(runs) if runs and dice.random() < 0.2 else None
        if method is SkyMethod.MATCH or dice.random() < 0.5:
            run = survey.remembered(exposure, method)
        else:
            inputs = [survey.content(one) for one in dice.sample(exposures, dice.choice((1, 2)))]
            run = survey.sky(inputs, method, verdict=Verdict.PASSED, replay_of=repeated)
            runs.append(run)
        if dice.random() < 0.2:
            run.deleted_at = utc_now()
        if dice.random() < 0.1:
            run.status = ActivityStatus.FAILED
    session.commit()


def _counts(run: SkyRun) -> bool:
    is_good = run.status is ActivityStatus.SUCCEEDED and run.deleted_at is None
    return is_good and run.replay_of_id is None


def _by_definition(session: Session) -> Current:
    """Of the values that count, the latest of skydb, else the latest of a log."""
    found: dict[tuple[str, str], SkyRun] = {}
    for value in session.scalars(select(SkyValue).order_by(SkyValue.run_id)):
        run = value.run
        if not _counts(run) or run.effective_method is None:
            continue
        chip = value.exposure.rootname, str(run.effective_method)
        known = found.get(chip)
        if known is None or run.imported_by_id is None or known.imported_by_id is not None:
            found[chip] = run
    return {(*chip, run.id) for chip, run in found.items()}


@pytest.mark.parametrize("seed", range(2))
def test_the_value_in_force_is_the_latest_of_skydb_else_the_latest_of_a_log(
    engine: Engine, seed: int
) -> None:
    with Session(engine) as session:
        _any_runs(session, random.Random(seed))
        rows = session.execute(text("SELECT rootname, method, run_id FROM v_sky_current")).all()
        expected = _by_definition(session)
        of_logs = set(session.scalars(select(SkyRun.id).where(SkyRun.imported_by_id.is_not(None))))
        assert len(session.scalars(select(Exposure)).all()) == 2
    assert {tuple(row) for row in rows} == expected and len(rows) == len(expected)
    assert {run for *_, run in expected} & of_logs and {run for *_, run in expected} - of_logs


def _plan(connection: Connection) -> list[str]:
    asked = f"EXPLAIN QUERY PLAN {counted_visits('sqlite', 'v.id = 1')}"
    return [row[3] for row in connection.exec_driver_sql(asked)]


def test_a_visit_of_thousands_of_runs_is_counted_without_a_look_at_the_earlier_of_each(
    sqlite_ledger_url: str,
) -> None:
    engine = open_engine(resolve_url(sqlite_ledger_url))
    with engine.connect() as connection:
        plan = _plan(connection)
    engine.dispose()
    later = [step for step in plan if "(exposure_id=? AND run_id>?)" in step]
    assert len(later) == 1 and later[0].startswith("SEARCH o USING")
