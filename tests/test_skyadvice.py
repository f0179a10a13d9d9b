"""The method that is named is the right one: a short form of ``scripts/bench skyadvice``."""

from pathlib import Path

import pytest

from scripts.benchmarks.skyadvice import KINDS, judged, plan_of
from skydb.simulate.plan import SimDetector

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_the_method_named_is_the_nearest_to_the_truth_or_within_its_sigma(
    kind: str, tmp_path: Path
) -> None:
    tiles = KINDS[kind].get("tiles", (2, 2))
    plan = plan_of(kind, SimDetector.IR, 7, tiles=tiles, size=96)
    found = judged(tmp_path / "field", kind, plan)
    assert found.is_right, (found.advice.chosen, found.errors, found.sigmas)
    assert (found.advice.chosen is None) == (kind in ("islands, nebula", "gradient"))
