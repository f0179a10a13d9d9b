"""Runs of exposures that share no sky, with ``--allow islands``."""

from __future__ import annotations

from pathlib import Path

from skydb.api.composition import Services
from skydb.domain.grouping import StatisticsBy
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import FindingKind, SkyMethod
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.services.recorded import ingest_field
from tests.services.skies.test_skyrun_own import findings, run


def test_islands_that_are_allowed_are_kept_with_the_run_and_flagged_once_they_are_not(
    services: Services, tmp_path: Path
) -> None:
    plan = FieldPlan(
        SimDetector.IR, (1, 1), size=64, seed=2, islands=2, products=False, one_frame=True
    )
    ingest_field(services, tmp_path / "field", plan)
    allowed = GuardPolicy.of(allow=["islands"])
    (first,) = run(services, SkyMethod.MATCH, policy=allowed)
    assert findings(services) == set()
    (row,) = services.comparison.statistics.statistics(StatisticsBy.DETECTOR)
    assert (row.median, row.zero) == (None, f"islands of run {first['run']}")
    assert run(services, SkyMethod.MATCH, policy=allowed)[0]["reused"]
    (again,) = run(services, SkyMethod.MATCH)
    assert not again["reused"]
    assert findings(services) == {(FindingKind.ISLANDS, f"run {again['run']}")}
