"""Angles between directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.directions import position_of, separation_deg
from skydb.domain.values import unit_vectors

POSITIONS = st.tuples(st.floats(0.0, 360.0, exclude_max=True), st.floats(-89.9, 89.9))


@given(POSITIONS, POSITIONS)
def test_a_separation_is_the_angle_between_the_vectors(one, other):
    here, there = unit_vectors(np.array([one, other]))
    angle = np.degrees(2 * np.arcsin(min(1.0, np.linalg.norm(here - there) / 2)))
    assert separation_deg(one, other) == pytest.approx(angle, abs=1e-6)


@given(POSITIONS, st.floats(0.1, 10.0))
def test_a_vector_of_any_length_leads_back_to_its_position(position, length):
    vector = length * unit_vectors(np.array([position]))[0]
    found = position_of(*map(float, vector))
    assert found is not None
    assert separation_deg(found, position) == pytest.approx(0.0, abs=1e-6)


def test_without_a_length_there_is_no_direction():
    assert position_of(0.0, 0.0, 0.0) is None
