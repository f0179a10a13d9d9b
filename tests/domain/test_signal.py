"""Flags of pixels mean the same in every type of integer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.signal import FLAGS, flagged

SUMS = st.integers(0, FLAGS)
WIDE = ("int32", "uint32", "int64", "uint64", ">i4")


@given(st.lists(SUMS, min_size=1, max_size=8), SUMS)
def test_a_flag_that_is_not_accepted_counts_in_every_type_that_can_hold_it(
    sums: list[int], accepted: int
) -> None:
    expected = [bool(one & ~accepted) for one in sums]
    # int16 has the last flag as its sign, and a wider type may have kept that.
    sixteen = np.array(sums, np.uint16)
    forms = [sixteen, sixteen.view(np.int16), sixteen.view(np.int16).astype(np.int32)]
    forms += [np.array(sums, kind) for kind in WIDE]
    forms += [sixteen.astype(">u2"), sixteen.astype(">u2").view(">i2")]
    assert [flagged(one, accepted).tolist() for one in forms] == len(forms) * [expected]


@given(st.lists(st.integers(0, 0xFF), min_size=1, max_size=8), SUMS)
def test_a_byte_holds_the_first_eight_flags(sums: list[int], accepted: int) -> None:
    byte = np.array(sums, np.uint8)
    expected = [bool(one & ~accepted) for one in sums]
    assert flagged(byte, accepted).tolist() == flagged(byte.view(np.int8), accepted).tolist()
    assert flagged(byte, accepted).tolist() == expected


@pytest.mark.parametrize("kind", WIDE)
def test_a_flag_beyond_the_sixteen_of_hst_is_never_accepted(kind: str) -> None:
    assert flagged(np.array([[2**16, 4]], kind), FLAGS).tolist() == [[True, False]]
