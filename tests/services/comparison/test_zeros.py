from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.services.comparison.zeros import Zero, common_zeros


def test_runs_with_chips_in_common_are_put_on_the_zero_of_the_first() -> None:
    values = {7: {"a": 0.0, "b": 1.0}, 9: {"a": 5.0, "b": 6.0, "c": 8.0}}
    assert common_zeros(values, [7, 9]) == {7: Zero(7), 9: Zero(7, -5.0)}


def test_runs_are_joined_by_a_third_and_stay_apart_without_one() -> None:
    one, other = {"a": 0.0, "b": 1.0}, {"c": 10.0, "d": 10.5}
    bridge = {"a": 2.0, "b": 3.0, "c": 4.0, "d": 4.5}
    assert {zero.run for zero in common_zeros({1: one, 2: other}, [1, 2]).values()} == {1, 2}
    joined = common_zeros({1: one, 2: other, 3: bridge}, [1, 2, 3])
    assert {zero.run for zero in joined.values()} == {1}
    assert joined[2].shift == pytest.approx(-8.0)


def test_one_chip_in_common_makes_no_zero() -> None:
    zeros = common_zeros({1: {"a": 0.0, "b": 1.0}, 2: {"a": 9.0, "c": 1.0}}, [1, 2])
    assert {zero.run for zero in zeros.values()} == {1, 2}


@given(st.dictionaries(st.integers(1, 9), st.integers(-50, 50), min_size=1))
def test_a_constant_of_each_run_is_all_that_is_taken_away(constants: dict[int, int]) -> None:
    true = {"a": 0.25, "b": 1.5, "c": -0.75}
    values = {run: {chip: sky + add for chip, sky in true.items()}
              for run, add in constants.items()}  # fmt: skip
    order = sorted(constants)
    zeros = common_zeros(values, order)
    assert {zero.run for zero in zeros.values()} == {order[0]}
    for run in order:
        for chip, value in values[run].items():
            assert value + zeros[run].shift == pytest.approx(true[chip] + constants[order[0]])


def test_a_run_of_islands_has_a_zero_for_none_of_its_values_and_joins_no_others() -> None:
    one, other = {"a": 0.0, "b": 1.0}, {"c": 10.0, "d": 10.5}
    islands = {"a": 2.0, "b": 3.0, "c": 4.0, "d": 4.5}
    zeros = common_zeros({1: one, 2: other, 3: islands}, [1, 2, 3], split={3})
    assert zeros == {1: Zero(1), 2: Zero(2), 3: Zero(3, is_split=True)}
    assert [str(zeros[run]) for run in (1, 2, 3)] == ["run 1", "run 2", "islands of run 3"]
