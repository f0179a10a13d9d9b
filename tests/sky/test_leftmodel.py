"""Least squares of levels in cells: what is known of few of them, and six digits of more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skydb.sky.leftmodel import _CONSTRAINED, LeftModel, Term, _pseudo_inverse
from tests.keeping import assert_kept

Chips = dict[tuple[str, int], float]


def _model(chips: Chips, *, noise: float, cells: int = 5, seed: int = 1, **odd: Any) -> LeftModel:
    """Exposures that see the same cells, each chip on its side of the middle."""
    rng = np.random.default_rng(seed)
    scene = rng.normal(20.0, 5.0, 3 * cells)
    places, names, measured, offsets = [], [], [], []
    for number, ((name, extver), level) in enumerate(chips.items()):
        for cell in range(cells):
            # Chip 2 of one exposure sees what chip 1 of another one does.
            place = cell + (cells if (extver + number) % 3 == 0 else 0) + odd.get(name, 0)
            places.append(place)
            names.append((name, extver))
            slope = 0.05 * number
            value = scene[place % scene.size] + level + rng.normal(0.0, noise)
            measured.append((value, slope, 0.1 + 0.02 * cell))
            offsets.append((cell - cells / 2, 2.0 * extver - 3.0))
    return LeftModel(places, names, np.array(measured), odd.get("reach", 1.0) * np.array(offsets))


PLAIN: Chips = {(name, chip): 0.0 for name in "abcd" for chip in (1, 2)}
MODELS: dict[str, dict[str, Any]] = {
    "noise": {"chips": PLAIN, "noise": 0.1},
    "much": {"chips": PLAIN, "noise": 1.0},
    "a chip": {"chips": {**PLAIN, ("b", 2): 0.8}, "noise": 0.1},
    "an exposure": {"chips": {**PLAIN, ("c", 1): 0.8, ("c", 2): 0.8}, "noise": 0.1},
    "three chips": {"chips": {(n, c): 0.1 * c for n in "abc" for c in (1, 2, 3)}, "noise": 0.1},
    "one chip": {"chips": {(n, 1): 0.0 for n in "abc"}, "noise": 0.1},
    "chips of one": {"chips": {("a", 1): 0.0, ("a", 2): 0.0, ("b", 1): 0.5}, "noise": 0.1},
    "few": {"chips": {("a", 1): 0.0, ("b", 1): 0.0}, "noise": 0.1, "cells": 4},
    "five": {"chips": {("a", 1): 0.0, ("b", 1): 0.0, ("c", 1): 0.0}, "noise": 0.1, "cells": 4},
    "apart": {"chips": {(n, 1): 0.0 for n in "abc"}, "noise": 0.1, "c": 200},
    "no reach": {"chips": PLAIN, "noise": 0.1, "reach": 0.0},
}


@pytest.mark.parametrize("name", MODELS)
def test_what_levels_say_of_errors_is_what_they_said(name: str) -> None:
    model = _model(**MODELS[name])
    terms = list(model.terms)
    scores = model.scores([])
    # A chip and a gradient, whatever fits best.
    best = [terms[0], terms[-1]] if terms[0] != terms[-1] else terms[:1]
    assert_kept(
        f"model of {name}",
        {
            "scatter": model.scatter,
            "terms": [term.name for term in terms],
            "others": [model.other_chips(term) for term in terms if term.extver],
            "scores": {term.name: list(score) for term, score in scores.items()},
            "beside": {t.name: list(s) for t, s in model.scores(best[:1]).items()},
            "fitted": [[v, c] for v, c in model.fitted(best)],
            "contrasts": [list(one) for one in model.contrasts([])],
            "contrasts beside": [list(one) for one in model.contrasts(best[:1])],
        },
        rel=1e-5,
    )


def test_levels_without_noise_have_no_scatter_and_few_say_nothing_of_it() -> None:
    assert _model(PLAIN, noise=0.0).scatter == pytest.approx(0.0, abs=1e-5)
    assert _model(**MODELS["few"]).scatter == 1.0
    assert _model(**MODELS["much"]).scatter > 3.0
    # A cell more than unknowns is one thing that is known beside them; three do not tell enough.
    two = {("a", 1): 0.0, ("b", 1): 0.0}
    scatters = [_model(two, noise=1.0, cells=cells).scatter for cells in (4, 5, 6)]
    assert scatters[:2] == [1.0, 1.0] and scatters[2] > 3.0


def test_an_exposure_that_shares_nothing_is_compared_with_none() -> None:
    groups = [names for names, _, _ in _model(**MODELS["apart"]).contrasts([])]
    assert groups == [["a", "b"]]
    assert _model(**MODELS["noise"]).fitted([]) == []


def test_a_significance_is_that_of_one_value_or_of_two() -> None:
    significance = LeftModel.significance
    assert significance(np.array([-3.0]), np.array([[1.0]])) == pytest.approx(3.0)
    assert significance(np.array([0.0, 0.0]), np.eye(2)) == pytest.approx(0.0)
    # One of two values is as far away as three sigmas once in 90 times, as one is as 2.54.
    assert significance(np.array([3.0, 0.0]), np.eye(2)) == pytest.approx(2.53925, abs=1e-5)
    huge = significance(np.array([37.0, 0.0]), np.eye(2))
    assert huge == pytest.approx(36.9, abs=0.2)
    assert significance(np.array([38.0, 0.0]), np.eye(2)) == pytest.approx(38.0)


def test_terms_are_named_by_exposure_and_chip() -> None:
    assert [Term("a", 2).name, Term("a", None).name] == ["a[2]", "a"]
    assert [Term(None, 2).name, Term(None, None).name] == ["every exposure[2]", "every exposure"]


def _scatter_by_all_unknowns(
    chips: Chips, cells: int, noise: float, seed: int
) -> tuple[float, float]:
    """The scatter of a model, and the one of a fit of all unknowns at once."""
    rng = np.random.default_rng(seed)
    seen = [(cell, chip) for chip in chips for cell in range(cells)]
    levels = rng.normal(0.0, noise, len(seen)) + [chips[chip] for _, chip in seen]
    sigmas = rng.uniform(0.05, 0.15, len(seen))
    offsets = rng.uniform(-10.0, 10.0, (len(seen), 2))
    measured = np.column_stack((levels, np.zeros(len(seen)), sigmas))
    model = LeftModel([cell for cell, _ in seen], [chip for _, chip in seen], measured, offsets)
    exposures = sorted({name for name, _ in chips})
    columns = [[cell == one for cell, _ in seen] for one in range(cells)]
    columns += [[chip[0] == name for _, chip in seen] for name in exposures]
    columns += [[chip == one for _, chip in seen] for one in chips]
    for axis in (0, 1):
        columns += [[offsets[n, axis] * (chip[0] == name) for n, (_, chip) in enumerate(seen)]
                    for name in exposures]  # fmt: skip
    design = np.array(columns, dtype=float).T / sigmas[:, None]
    values, _, rank, _ = np.linalg.lstsq(design, levels / sigmas, rcond=1e-9)
    left = levels / sigmas - design @ values
    return model.scatter, float(np.sqrt(left @ left / (len(seen) - rank)))


@pytest.mark.parametrize("names", ["abc", "abcdef", "abcdefghijkl"])
@pytest.mark.parametrize("chips_of_each", [1, 2, 3])
def test_the_scatter_is_that_of_a_fit_of_all_unknowns_at_once(
    names: str, chips_of_each: int
) -> None:
    # The only chip of an exposure says what the exposure does: nothing but rounding is left of it.
    chips = {
        (name, chip): 0.1 * chip
        for number, name in enumerate(names)
        for chip in range(1, (chips_of_each if number % 2 else 1) + 1)
    }
    for seed in range(3):
        found, expected = _scatter_by_all_unknowns(chips, 9, 0.2, seed)
        assert found == pytest.approx(expected, rel=1e-9)


def test_two_chips_of_the_same_number_make_a_term_of_all_exposures() -> None:
    names = {}
    for exposures in ("ab", "abc"):
        model = _model({(name, chip): 0.0 for name in exposures for chip in (1, 2)}, noise=0.1)
        names[exposures] = [term.name for term in model.terms if term.exposure is None]
    assert names == {"ab": ["every exposure[2]"], "abc": ["every exposure[2]"]}
    alone = _model({("a", 1): 0.0, ("a", 2): 0.0, ("b", 1): 0.0}, noise=0.1)
    assert [term.name for term in alone.terms] == ["a[2]", "a", "b"]


@pytest.mark.parametrize("largest", [0.5, 1.0, 2.0])
def test_what_is_constrained_is_so_beside_the_largest(largest: float) -> None:
    for part, rank in ((0.75, 1), (1.25, 2)):
        matrix = np.diag([part * _CONSTRAINED * largest, largest])
        inverse, found = _pseudo_inverse(matrix, np.ones(2))
        assert found == rank
        assert inverse[1, 1] == pytest.approx(1 / largest)
    assert _pseudo_inverse(np.zeros((2, 2)), np.ones(2))[1] == 0
