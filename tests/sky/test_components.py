"""Components of the error of skies, from artificial levels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.domain.overlap import ChipKey
from skydb.sky.components import (
    _AS_GOOD,
    SIGNIFICANT_SIGMA,
    Decomposition,
    Kind,
    Sample,
    _exposures,
    _pursue,
    _rank,
    decompose,
)
from skydb.sky.leftmodel import Score, Term

SIGMA = 0.1
#: Cells of a chip along x and y; chip 2 lies above chip 1.
NX, NY = 6, 3
#: Exposures are moved by so many cells.
DITHERS = ((0, 0), (1, 1), (2, 1), (1, 3), (3, 2))


def field(
    names: list[str],
    rng: np.random.Generator,
    offsets: dict[ChipKey, float] | None = None,
    dithers: tuple[tuple[int, int], ...] = DITHERS,
) -> list[Sample]:
    """Levels of exposures of two chips, with noise, scenes and offsets of chips."""
    scene = rng.normal(50.0, 20.0, (20, 20))
    found = []
    for name, (dx, dy) in zip(names, dithers, strict=False):
        for extver in (1, 2):
            for x in range(NX):
                for y in range((extver - 1) * NY, extver * NY):
                    level = scene[y + dy, x + dx] + rng.normal(0.0, SIGMA)
                    level += (offsets or {}).get((name, extver), 0.0)
                    place = 100 * (y + dy) + x + dx
                    offset = (x - (NX - 1) / 2, y - NY + 0.5)
                    found.append(Sample(place, (name, extver), level, SIGMA, offset))
    return found


def tilted(samples: list[Sample], name: str, east: float, north: float) -> list[Sample]:
    """The same with a gradient across one exposure, per cell."""
    return [
        Sample(
            s.place, s.chip, s.level + east * s.offset_arcsec[0] + north * s.offset_arcsec[1],
            s.sigma, s.offset_arcsec,
        )
        if s.chip[0] == name
        else s
        for s in samples
    ]  # fmt: skip


def matched(samples: list[Sample], rng: np.random.Generator) -> list[Sample]:
    """The same less an offset for each exposure, as a run leaves it, and in another order."""
    names = sorted({s.chip[0] for s in samples})
    places = sorted({s.place for s in samples})
    design = np.zeros((len(samples), len(names) + len(places)))
    for row, s in enumerate(samples):
        design[row, [names.index(s.chip[0]), len(names) + places.index(s.place)]] = 1.0
    levels = np.array([s.level for s in samples])
    found = dict(zip(names, np.linalg.lstsq(design, levels, rcond=None)[0], strict=False))
    moved = [
        Sample(s.place, s.chip, s.level - found[s.chip[0]], s.sigma, s.offset_arcsec)
        for s in samples
    ]
    return [moved[n] for n in rng.permutation(len(moved))]


#: Corners of an exposure, as far as its cells go.
REACH = np.array([(x, y) for x in (-2.5, 2.5) for y in (-2.5, 2.5)])
NAMES = st.lists(
    st.text("abcdefgh0123456789", min_size=3, max_size=9), min_size=3, max_size=5, unique=True
)


def ends(found: Decomposition) -> tuple[Kind, str | None]:
    """Kind and exposure of the worst component."""
    assert found.worst is not None
    return found.worst.kind, found.worst.exposure


@settings(max_examples=15, deadline=None)
@given(NAMES, st.data())
def test_an_offset_of_any_chip_is_named(names: list[str], data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    name, extver = data.draw(st.sampled_from(names)), data.draw(st.sampled_from([1, 2]))
    step = data.draw(st.floats(1.0, 10.0))
    found = decompose(matched(field(names, rng, {(name, extver): step}), rng))
    assert ends(found) == (Kind.CHIP, name)
    assert found.worst is not None
    assert found.worst.chip == extver
    assert abs(found.worst.value - step) < 4 * found.worst.sigma


@settings(max_examples=15, deadline=None)
@given(NAMES, st.data())
def test_an_offset_of_any_exposure_is_named(names: list[str], data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    name = data.draw(st.sampled_from(names))
    step = data.draw(st.floats(1.0, 10.0)) * data.draw(st.sampled_from([-1.0, 1.0]))
    samples = field(names, rng, {(name, 1): step, (name, 2): step})
    found = decompose([samples[n] for n in rng.permutation(len(samples))])
    assert ends(found) == (Kind.EXPOSURE, name)
    assert found.worst is not None
    assert abs(found.worst.value - step) < 4 * found.worst.sigma
    assert {one.kind for one in found.components} == {Kind.EXPOSURE}


@settings(max_examples=15, deadline=None)
@given(NAMES, st.data())
def test_a_gradient_across_any_exposure_is_named(names: list[str], data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    name = data.draw(st.sampled_from(names))
    angle = data.draw(st.floats(0.0, 2 * np.pi))
    steepness = data.draw(st.floats(0.3, 2.0))
    samples = tilted(field(names, rng), name, steepness * np.sin(angle), steepness * np.cos(angle))
    found = decompose(matched(samples, rng), dict.fromkeys(names, REACH))
    assert ends(found) == (Kind.GRADIENT, name)
    assert found.worst is not None and found.worst.pa_deg is not None
    off = (found.worst.pa_deg - np.degrees(angle) + 180.0) % 360.0 - 180.0
    assert abs(off) < 20.0
    turned = np.radians(found.worst.pa_deg)
    across = np.ptp(REACH @ (np.sin(turned), np.cos(turned)))
    assert found.worst.value == pytest.approx(steepness * across, abs=5 * found.worst.sigma)


@settings(max_examples=15, deadline=None)
@given(NAMES, st.integers(0, 9999))
def test_noise_alone_is_nothing(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = decompose(matched(field(names, rng), rng))
    assert found.components == ()
    assert found.best is not None and found.best.significance < SIGNIFICANT_SIGMA
    assert found.scatter == pytest.approx(1.0, abs=0.35)


def test_two_errors_are_both_told() -> None:
    rng = np.random.default_rng(3)
    names = ["aaa", "bbb", "ccc", "ddd"]
    samples = tilted(field(names, rng, {("bbb", 1): 4.0}), "ddd", 0.8, 0.0)
    found = decompose(matched(samples, rng))
    told = {(one.kind, one.exposure, one.chip) for one in found.components}
    assert {(Kind.CHIP, "bbb", 1), (Kind.GRADIENT, "ddd", None)} <= told


def test_of_two_exposures_the_chip_may_be_of_either() -> None:
    rng = np.random.default_rng(5)
    samples = field(["aaa", "bbb"], rng, {("bbb", 2): 3.0}, ((0, 0), (2, 0)))
    (one,) = decompose(matched(samples, rng)).components
    assert one.kind is Kind.CHIP
    assert {one.exposure, *(name.split("[")[0] for name in one.alternatives)} == {"aaa", "bbb"}
    assert one.value == pytest.approx(3.0, abs=4 * one.sigma)


def test_a_step_between_the_chips_of_all_exposures_is_one_component() -> None:
    rng = np.random.default_rng(7)
    names = ["aaa", "bbb", "ccc", "ddd"]
    found = decompose(matched(field(names, rng, {(name, 2): 3.0 for name in names}), rng))
    assert found.worst is not None
    assert (found.worst.kind, found.worst.exposure, found.worst.chip) == (Kind.CHIP, None, 2)


def test_scatter_that_nothing_explains_makes_sigmas_larger() -> None:
    rng = np.random.default_rng(9)
    names = ["aaa", "bbb", "ccc", "ddd"]
    rough = [
        Sample(s.place, s.chip, s.level + rng.normal(0.0, 10 * SIGMA), s.sigma, s.offset_arcsec)
        for s in field(names, rng, {("bbb", 2): 0.5})
    ]
    found = decompose(matched(rough, rng))
    assert found.scatter == pytest.approx(10.0, rel=0.2)
    assert found.components == ()


def test_what_unequal_noise_can_do_is_no_component() -> None:
    rng = np.random.default_rng(11)
    samples = [
        Sample(s.place, s.chip, s.level, s.sigma, s.offset_arcsec,
               1.0 if s.chip[0] == "bbb" else 0.0)
        for s in field(["aaa", "bbb", "ccc"], rng, {("bbb", 1): 1.0, ("bbb", 2): 1.0})
    ]  # fmt: skip
    assert decompose(samples).components == ()


def test_exposures_that_share_nothing_tell_nothing() -> None:
    alone = [Sample(1, ("aaa", 1), 1.0, 0.1), Sample(2, ("bbb", 1), 5.0, 0.1)]
    assert decompose(alone) == Decomposition()
    assert decompose([]) == Decomposition()


class Scored:
    """A model of which only the first scores are told."""

    def __init__(self, *chi2: float) -> None:
        self.chi2 = chi2

    def scores(self, taken: list[Term]) -> dict[Term, Score]:
        if taken:
            return {}
        return {Term(f"e{n}", 1): Score(chi2, 1.0 + chi2**0.5) for n, chi2 in enumerate(self.chi2)}


@pytest.mark.parametrize(
    ("best", "other", "is_as_good"),
    [
        (_AS_GOOD + 20.0, 20.0, True),
        (_AS_GOOD + 20.0, 19.9, False),
        (_AS_GOOD + 0.5, 0.6, True),
        # What fits no better than nothing does leaves nothing to tell others from it.
        (_AS_GOOD - 0.5, 10.0, False),
        (_AS_GOOD, 0.0, False),
    ],
)
def test_terms_that_gain_about_as_much_are_told_beside_the_best(
    best: float, other: float, is_as_good: bool
) -> None:
    taken, weak = _pursue(Scored(other, best))
    (found,) = [*taken, *weak]
    assert found.term == Term("e1", 1)
    assert found.others == ((Term("e0", 1),) if is_as_good else ())


@pytest.mark.parametrize(("more", "is_alike"), [(2e-7, True), (4e-6, False)])
def test_significances_are_told_apart_to_six_digits(more: float, is_alike: bool) -> None:
    less, larger = (Score(1.0, one) for one in (5.0, 5.0 + more))
    assert (_rank(less) == _rank(larger)) is is_alike
    # Of two that are as far off the brighter one is named.
    contrasts = [(["a", "b"], np.array([3.0, 2.0]), np.array([3.0 / 5.0, 2.0 / (5.0 + more)]))]
    model: Any = SimpleNamespace(contrasts=lambda taken: contrasts)
    (found,) = _exposures(model, ())
    assert found.exposure == ("a" if is_alike else "b")
