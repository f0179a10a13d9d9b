"""Distinct numbers are those of numpy, however far apart they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skydb.services.comparison.robust import distinct


@given(
    st.one_of(
        st.lists(st.integers(0, 40), max_size=60),
        st.lists(st.integers(0, 2**40), max_size=30),
        st.lists(st.integers(-5, 5000), max_size=60),
    )
)
def test_distinct_numbers_are_each_once_and_in_order(numbers: list[int]) -> None:
    packed = np.array(numbers, dtype="<i8").tobytes()
    assert distinct(packed).tolist() == sorted(set(numbers))
