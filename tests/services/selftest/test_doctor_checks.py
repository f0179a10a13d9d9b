"""Checks of the self-test, on numbers and on the real drizzlepac."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skydb.domain.vocabulary import SkyMethod, Verdict
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.selftest import STARS, SourceReport
from skydb.errors import ToolCrashedError
from skydb.services.selftest import cures, extraction, fits, footprints, skies
from skydb.services.selftest.suite import Suite
from skydb.simulate.tiny import TinyFields

BAD_ENVIRONMENTS = Path(__file__).parent / "bad_environments"

TRUTH = np.array([1.0, 1.02, 1.3, 1.31])
#: What each method gives under a nebula that is brighter in the first exposures.
VALUES = {
    SkyMethod.LOCALMIN: TRUTH + np.array([0.3, 0.25, 0.2, 0.2]),
    SkyMethod.MATCH: TRUTH - 1.0,
    SkyMethod.GLOBALMIN_MATCH: TRUTH + 0.2,
    SkyMethod.GLOBALMIN: np.full(4, 1.27),
}


class Broken(DrizzlepacRunner):
    """Runner that returns nothing."""

    def run(self, task, request, scratch):
        raise ToolCrashedError(task, "was killed by SIGSEGV")


@pytest.fixture(scope="session")
def fields(tmp_path_factory):
    """The tiny fields, by detector."""
    made = TinyFields().make(tmp_path_factory.mktemp("tiny"))
    return {field.detector: field for field in made}


def test_right_values_have_nothing_wrong():
    assert skies.wrong_values(VALUES, TRUTH, 0.01) == []


@pytest.mark.parametrize(
    ("method", "values", "problem"),
    [
        (SkyMethod.MATCH, TRUTH - 1.0 + np.array([0, 0, 0.1, 0]), "match is 0.0433 rms off"),
        (SkyMethod.MATCH, VALUES[SkyMethod.LOCALMIN], "match is not relative"),
        (SkyMethod.GLOBALMIN_MATCH, VALUES[SkyMethod.LOCALMIN], "not match plus a constant"),
        (SkyMethod.GLOBALMIN, VALUES[SkyMethod.LOCALMIN], "not the lowest localmin"),
        (SkyMethod.LOCALMIN, TRUTH + 0.27, "differ by no more than a constant"),
        (SkyMethod.LOCALMIN, TRUTH - np.array([0.5, 0, 0, 0]), "below the sky that was put in"),
    ],
)
def test_each_wrong_value_is_named(method, values, problem):
    problems = skies.wrong_values({**VALUES, method: values}, TRUTH, 0.01)
    assert any(problem in sentence for sentence in problems), problems


def test_a_scatter_in_another_unit_is_found_out():
    assert fits.wrong_units((4.3, 3.2), (3e-7, 2e-7)) == []
    assert "implausible" in fits.wrong_units((4300.0, 3.2), (3e-7, 2e-7))[0]
    assert "implausible" in fits.wrong_units((None, 3.2), (3e-7, 2e-7))[0]
    assert "implausible" in fits.wrong_units((0.0, 0.0), (0.0, 0.0))[0]
    assert "not in degrees any more" in fits.wrong_units((4.3, 3.2), (4.3, 3.2))[0]
    assert "not in degrees any more" in fits.wrong_units((4.3, 3.2), ())[0]


def test_a_tweakback_that_moves_nothing_or_elsewhere_is_found_out():
    assert fits.wrong_moves([(353.0, 0.0, 1.6), (353.1, 0.0, 1.7)]) == []
    assert "moved only 0.0 mas" in fits.wrong_moves([(353.0, 0.0, 1.6), (0.0, 353.0, 353.0)])[0]
    assert "moved 7.0 mas off the prediction" in fits.wrong_moves([(353.0, 7.0, 8.0)])[0]
    assert "1000 mas of error are left" in fits.wrong_moves([(500.0, 0.0, 1000.0)])[0]


def test_stars_that_are_not_found_are_far_away():
    stars = np.array(STARS)[:, :2]
    assert extraction.worst_offset_pix(SourceReport(stars + 0.1, "2.3")) == pytest.approx(
        0.1414, 1e-3
    )
    assert extraction.worst_offset_pix(SourceReport(stars[:-1], "2.3")) > 10
    assert extraction.worst_offset_pix(SourceReport(np.empty((0, 2)), "2.3")) == np.inf


def test_a_given_up_method_without_a_known_cause_is_told_as_it_was():
    told = cures.of_method("ValueError: singular matrix", {})
    assert "skypac gave up with ValueError: singular matrix" in told
    assert "pyproject.toml" in told


def test_a_tool_that_crashes_is_an_answer_to_every_question(tmp_path):
    results = Suite(TinyFields(), Broken()).run(tmp_path)
    assert {result.verdict for result in results} == {Verdict.FAILED}
    assert [result.check for result in results] == [
        *("sky methods IR", "sky values IR", "sky methods UVIS", "sky values UVIS"),
        *("footprints IR", "footprints UVIS", "source extraction"),
        *("fit IR", "tweakback IR", "fit UVIS", "tweakback UVIS"),
    ]
    assert "could not be checked: footprints was killed by SIGSEGV; " in results[4].detail
    assert results[6].detail.endswith("(sources was killed by SIGSEGV); pin photutils>=2.2,<3.")


@pytest.mark.slow
def test_a_spherical_geometry_that_lacks_a_method_is_condemned(fields, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(BAD_ENVIRONMENTS / "spherical_geometry_1_4_0"))
    done = skies.drizzle_field(DrizzlepacRunner(120), fields["IR"], tmp_path)
    result = skies.check_methods(fields["IR"], done)
    assert result.verdict is Verdict.FAILED
    assert "match ran as localmin, globalmin+match ran as globalmin" in result.detail
    assert "spherical_geometry 1.4.0 lacks iter_polygons_flat" in result.detail
    assert "pin spherical_geometry>=1.3.0,<1.3.5" in result.detail
    assert skies.check_values(fields["IR"], done).verdict is Verdict.FAILED


@pytest.mark.slow
def test_a_spherical_geometry_that_swaps_x_and_y_is_condemned_by_the_chip_that_is_not_square(
    fields, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(BAD_ENVIRONMENTS / "spherical_geometry_1_3_5"))
    runner = DrizzlepacRunner(120)
    square = footprints.check_footprints(runner, fields["IR"], tmp_path / "ir")
    assert square.verdict is Verdict.PASSED
    result = footprints.check_footprints(runner, fields["UVIS"], tmp_path / "uvis")
    assert result.verdict is Verdict.FAILED
    assert "spherical_geometry 1.3.5 swaps x and y in from_wcs" in result.detail
    assert "pin spherical_geometry>=1.3.0,<1.3.5" in result.detail
