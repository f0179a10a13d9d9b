"""Plans refuse what cannot be simulated."""

import pytest

from skydb.errors import UsageError
from skydb.simulate.detectors import detector
from skydb.simulate.plan import FieldPlan, SimDetector


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"tiles": (0, 3)}, "tiles"),
        ({"dithers": 0}, "dithers"),
        ({"size": 20}, "size"),
        ({"size": 129}, "size"),
        ({"seed": -1}, "seed"),
        ({"overlap": 1.0}, "overlap"),
        ({"islands": 0}, "islands"),
        ({"stars": -5}, "stars"),
        ({"exptime_s": 0.0}, "exposure time"),
        ({"dec_deg": 90.0}, "declination"),
        ({"program": "BXL"}, "program"),
        ({"first_visit": "5"}, "first_visit"),
        ({"first_visit": "zy", "tiles": (3, 3)}, "9 visits"),
        ({"pointing_error_arcsec": (0.6, 0.1)}, "pointing error"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_name(values, problem):
    with pytest.raises(UsageError, match=problem):
        FieldPlan(**values)


def test_a_detector_cannot_be_larger_than_it_is():
    with pytest.raises(UsageError, match="1014 pixels wide, not 2000"):
        detector(SimDetector.IR, 2000)


def test_an_unknown_filter_is_refused_with_those_that_are_known():
    with pytest.raises(UsageError, match="F160W, F110W"):
        detector(SimDetector.IR).photometry("F999W")


def test_visits_are_counted_over_all_islands():
    assert FieldPlan(tiles=(3, 2), islands=2).visit_count == 12
