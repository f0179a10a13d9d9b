"""Small fields, simulated once for all tests of this package."""

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector

SMALL = {
    SimDetector.IR: FieldPlan(SimDetector.IR, tiles=(2, 1), size=128, seed=5, products=False),
    SimDetector.UVIS: FieldPlan(SimDetector.UVIS, tiles=(2, 1), size=192, seed=5, products=False),
    SimDetector.WFC: FieldPlan(SimDetector.WFC, tiles=(2, 1), size=192, seed=5, products=False),
}


@pytest.fixture(scope="session", params=list(SMALL), ids=str)
def field(request, tmp_path_factory):
    """(directory, truth, plan) of a small field without products, for each detector."""
    plan = SMALL[request.param]
    directory = tmp_path_factory.mktemp(f"field_{plan.detector}")
    return directory, simulate_field(directory, plan), plan


@pytest.fixture(scope="session")
def starless(tmp_path_factory):
    """Make a field with neither stars nor nebula, once for each detector."""
    made = {}

    def make(detector):
        if detector not in made:
            plan = FieldPlan(
                detector, tiles=(1, 1), size=192, seed=3, products=False, stars=0, nebula=0.0
            )
            directory = tmp_path_factory.mktemp(f"starless_{detector}")
            made[detector] = (directory, simulate_field(directory, plan))
        return made[detector]

    return make
