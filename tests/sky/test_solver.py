from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skydb.errors import UsageError
from skydb.sky.solver import Equation, NoiseBlock, OffsetFit


def solve_offsets(
    count: int, equations: Sequence[Equation]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets, the lowest of them zero, and their errors for independent differences."""
    fit = OffsetFit(count, equations)
    blocks = [
        NoiseBlock(np.array([number]), np.array([one.sigma]), np.zeros(1), np.eye(1))
        for number, one in enumerate(equations)
    ]
    return fit.offsets, fit.sigmas(fit.lowest, blocks)


@st.composite
def connected_graphs(draw):
    """Levels and weighted edges that connect them all: a random tree and some more."""
    count = draw(st.integers(2, 12))
    levels = draw(st.lists(st.floats(-50, 50), min_size=count, max_size=count))
    tree = [(draw(st.integers(0, node - 1)), node) for node in range(1, count)]
    nodes = st.integers(0, count - 1)
    more = draw(st.lists(st.tuples(nodes, nodes).filter(lambda e: e[0] != e[1]), max_size=20))
    weights = st.floats(1.0, 1000.0)
    return np.array(levels), [(a, b, draw(weights)) for a, b in tree + more]


def _equations(levels, edges, sigma=0.0):
    return [Equation(a, b, levels[a] - levels[b], w, sigma) for a, b, w in edges]


@settings(max_examples=40)
@given(connected_graphs())
def test_levels_come_back_up_to_one_constant(graph) -> None:
    levels, edges = graph
    offsets, sigmas = solve_offsets(len(levels), _equations(levels, edges))
    np.testing.assert_allclose(offsets, levels - levels.min(), atol=1e-6)
    assert offsets.min() == 0.0
    np.testing.assert_array_equal(sigmas, 0.0)


@settings(max_examples=40)
@given(connected_graphs(), st.integers(0, 2**32 - 1))
def test_the_order_and_direction_of_pairs_do_not_matter(graph, seed: int) -> None:
    levels, edges = graph
    rng = np.random.default_rng(seed)
    noisy = [Equation(a, b, levels[a] - levels[b] + rng.normal(), w, 0.1) for a, b, w in edges]
    order = rng.permutation(len(levels))
    turned = [
        Equation(order[one.second], order[one.first], -one.difference, one.weight, one.sigma)
        for one in (noisy[i] for i in rng.permutation(len(noisy)))
    ]
    offsets, _ = solve_offsets(len(levels), noisy)
    again, _ = solve_offsets(len(levels), turned)
    np.testing.assert_allclose(again[order], offsets, atol=1e-6)


@settings(max_examples=40)
@given(connected_graphs(), st.integers(0, 2**32 - 1))
def test_the_solution_is_the_pseudo_inverse_that_skypac_takes(graph, seed: int) -> None:
    levels, edges = graph
    rng = np.random.default_rng(seed)
    equations = [Equation(a, b, rng.normal(), w) for a, b, w in edges]
    matrix = np.zeros((len(edges), len(levels)))
    for row, one in enumerate(equations):
        matrix[row, one.first], matrix[row, one.second] = one.weight, -one.weight
    right = np.array([one.weight * one.difference for one in equations])
    expected = np.linalg.pinv(matrix, rcond=1e-12) @ right
    offsets, _ = solve_offsets(len(levels), equations)
    np.testing.assert_allclose(offsets, expected - expected.min(), atol=1e-6)


def test_noise_adds_up_along_a_chain() -> None:
    levels = np.array([0.0, 1.0, 2.0, 3.0])
    chain = [(0, 1, 1.0), (1, 2, 5.0), (2, 3, 1.0)]
    _, sigmas = solve_offsets(4, _equations(levels, chain, sigma=0.1))
    np.testing.assert_allclose(sigmas, 0.1 * np.sqrt([0, 1, 2, 3]), rtol=1e-9)


def test_noise_is_that_of_repetition() -> None:
    rng = np.random.default_rng(3)
    levels = np.array([0.0, 4.0, 6.0, 9.0])
    edges = [(0, 1, 3.0), (1, 2, 1.0), (2, 3, 2.0), (0, 3, 1.0), (0, 2, 2.0)]
    _, sigmas = solve_offsets(4, _equations(levels, edges, sigma=0.2))
    tries = [
        solve_offsets(
            4,
            [Equation(a, b, levels[a] - levels[b] + rng.normal(0, 0.2), w) for a, b, w in edges],
        )[0]
        for _ in range(200)
    ]
    np.testing.assert_allclose(sigmas[1:], np.std(tries, axis=0)[1:], rtol=0.2)


def test_hundreds_of_exposures_are_no_matter() -> None:
    rng = np.random.default_rng(1)
    levels = rng.uniform(0, 10, 400)
    edges = [(i, j, 1.0) for i in range(400) for j in range(i + 1, min(i + 6, 400))]
    offsets, sigmas = solve_offsets(400, _equations(levels, edges, sigma=0.01))
    np.testing.assert_allclose(offsets, levels - levels.min(), atol=1e-8)
    assert 0 < sigmas.max() < 0.5


@pytest.mark.parametrize("edges", [[], [(0, 1, 1.0)], [(0, 1, 1.0), (2, 3, 1.0)]])
def test_parts_without_connection_have_no_common_zero(edges) -> None:
    with pytest.raises(UsageError, match="no common zero"):
        solve_offsets(4, _equations(np.zeros(4), edges))


def test_a_weight_must_be_positive() -> None:
    with pytest.raises(UsageError, match="positive"):
        solve_offsets(2, [Equation(0, 1, 1.0, 0.0)])


@settings(max_examples=40)
@given(connected_graphs(), st.integers(0, 2**32 - 1))
def test_what_offsets_leave_of_errors_is_what_they_cannot_take_up(graph, seed: int) -> None:
    levels, edges = graph
    rng = np.random.default_rng(seed)
    errors, sigmas = rng.normal(0, 1, len(edges)), rng.uniform(0.1, 1.0, len(edges))
    matrix, weights = np.zeros((len(edges), len(levels))), np.array([w for *_, w in edges])
    for row, (first, second, _) in enumerate(edges):
        matrix[row, first], matrix[row, second] = 1.0, -1.0
    fitted = np.linalg.pinv(matrix * weights[:, None], rcond=1e-12) * weights
    left = np.eye(len(edges)) - matrix @ fitted

    fit = OffsetFit(len(levels), _equations(levels, edges))
    found = fit.response(0, errors)
    np.testing.assert_allclose(found, fitted @ errors - (fitted @ errors)[0], atol=1e-6)
    shifted = fit.residual_sigmas([], errors)
    np.testing.assert_allclose(shifted, np.abs(left @ errors), atol=1e-6)
    block = NoiseBlock(
        np.arange(len(edges)), np.ones(len(edges)), np.zeros(len(edges)), np.diag(sigmas**2)
    )
    noisy = fit.residual_sigmas([block], np.zeros(len(edges)))
    np.testing.assert_allclose(noisy, np.sqrt((left**2) @ sigmas**2), atol=1e-6)
    both = fit.residual_sigmas([block], errors)
    np.testing.assert_allclose(both, np.hypot(shifted, noisy), atol=1e-6)


@pytest.mark.parametrize("shift", [0.3, -0.3, 6.0])
def test_of_an_error_that_does_not_close_each_of_three_keeps_a_third(shift: float) -> None:
    fit = OffsetFit(3, [Equation(a, b, 0.0, 1.0, 0.0) for a, b in ((0, 1), (1, 2), (0, 2))])
    left = fit.residual_sigmas((), np.array([shift, 0.0, 0.0]))
    assert left == pytest.approx([abs(shift) / 3] * 3)
    # One that closes is taken up by the offsets.
    assert fit.residual_sigmas((), np.array([shift, 0.0, shift])) == pytest.approx([0.0] * 3)


def test_one_unknown_is_zero_and_none_have_no_common_zero() -> None:
    alone = OffsetFit(1, [])
    assert (alone.offsets.tolist(), alone.lowest) == ([0.0], 0)
    assert alone.sigmas(0, []).tolist() == [0.0]
    with pytest.raises(UsageError, match="0 unknowns in 0 parts have no common zero"):
        OffsetFit(0, [])


@pytest.mark.parametrize("unit", [1e-100, 1e100])
def test_the_unit_of_weights_is_no_matter(unit: float) -> None:
    edges = [(0, 1, 0.3, 2.0), (1, 2, -0.2, 1.0), (0, 2, 0.2, 3.0)]
    one, other = (
        OffsetFit(3, [Equation(a, b, step, part * weight) for a, b, step, weight in edges])
        for part in (1.0, unit)
    )
    assert other.offsets == pytest.approx(one.offsets, rel=1e-9)
