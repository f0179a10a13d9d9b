"""The errors of skies are right: a short form of ``scripts/bench skysigma``."""

from pathlib import Path

import pytest

from scripts.benchmarks.skysigma import Pulls, plan_of, pulls_of
from skydb.simulate.plan import FieldKind, SimDetector

pytestmark = pytest.mark.slow

FIELDS = (
    (SimDetector.IR, FieldKind.SPARSE),
    (SimDetector.UVIS, FieldKind.NEBULA),
    (SimDetector.WFC, FieldKind.CROWDED),
    (SimDetector.IR, FieldKind.CROWDED),
)


def test_match_is_off_by_as_much_as_its_sigmas_say(tmp_path: Path) -> None:
    found = [
        pulls_of(tmp_path / str(seed), plan_of(*field, seed=seed, tiles=(2, 2), size=128))
        for seed, field in enumerate(FIELDS, start=1)
    ]
    pulls = Pulls.of(pull for one in found for pull in one.pairs)
    assert pulls.count == 4 * 28
    assert 0.6 < pulls.width < 1.5
    assert abs(pulls.median) < 0.5
    assert all(abs(pull) < 6 for one in found for pull in one.stored)
