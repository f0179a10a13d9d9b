"""Planes where constants leave a rest."""

import numpy as np
import pytest

from skydb.sky.gradients import plane_left
from skydb.sky.methods import Measures
from tests.sky.measured import chip

NAMES = [f"e{n:02d}" for n in range(18)]
#: Two dithers of nine pointings, in steps between pointings.
PLACES = np.array([np.array(divmod(n // 2, 3)) + 0.1 * (n % 2) for n in range(18)])
PAIRS = [
    (i, j) for i in range(18) for j in range(i + 1, 18) if np.abs(PLACES[i] - PLACES[j]).max() < 1.2
]


def _measures() -> Measures:
    corners = np.array([[0.0, 0.0], [0.0, 0.01], [0.01, 0.01], [0.01, 0.0]])
    outlines = {
        (name, 1): corners + 0.006 * place for name, place in zip(NAMES, PLACES, strict=True)
    }
    return Measures(tuple(chip(name, 1.0) for name in NAMES), (), outlines)


def _named(values: np.ndarray) -> dict[tuple[str, str], float]:
    pairs = zip(PAIRS, values.tolist(), strict=True)
    return {(NAMES[i], NAMES[j]): value for (i, j), value in pairs}


def test_gradients_of_exposures_explain_what_constants_leave() -> None:
    slopes = np.random.default_rng(1).normal(0, 1, (18, 2))
    left = [(slopes[i] + slopes[j]) @ (PLACES[j] - PLACES[i]) / 2 for i, j in PAIRS]
    assert plane_left(_measures(), _named(np.array(left))) == pytest.approx(0.0, abs=1e-3)


def test_scatter_is_no_gradient() -> None:
    scatter = np.random.default_rng(2).normal(0, 1, len(PAIRS))
    assert plane_left(_measures(), _named(scatter)) == pytest.approx(1.0, abs=0.3)


def test_without_outlines_or_with_too_few_pairs_nothing_is_told() -> None:
    few = {("e00", "e01"): 1.0}
    assert plane_left(Measures(_measures().chips, ()), few) is None
    assert plane_left(_measures(), few) is None
    assert plane_left(_measures(), {}) is None


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-5])
def test_the_size_of_a_field_is_no_matter(size: float) -> None:
    slopes = np.random.default_rng(1).normal(0, 1, (18, 2))
    left = [(slopes[i] + slopes[j]) @ (PLACES[j] - PLACES[i]) / 2 for i, j in PAIRS]
    given = _measures()
    outlines = {key: size * outline for key, outline in given.outlines.items()}
    small = Measures(given.chips, (), outlines)
    assert plane_left(small, _named(np.array(left))) == pytest.approx(0.0, abs=2e-3)


def test_exposures_of_one_place_have_no_slopes() -> None:
    outline = np.array([[0.0, 0.0], [0.0, 0.01], [0.01, 0.01], [0.01, 0.0]])
    together = Measures(
        tuple(chip(name, 1.0) for name in "abc"), (), {(name, 1): outline for name in "abc"}
    )
    # What does not close is shared out evenly, and one of three differences is free.
    left = {("a", "b"): 0.1, ("b", "c"): 0.1, ("a", "c"): -0.1}
    assert plane_left(together, left) == pytest.approx(0.1 * np.sqrt(3.0))
