"""Choice of a method from artificial levels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.vocabulary import SkyMethod, SkyUnit
from skydb.errors import UsageError
from skydb.sky.advice import Advice, MethodAdvice, _doubtful, advise, lowest_of
from skydb.sky.evidence import Zero, beyond
from skydb.sky.methods import Measures

SIGMA, NOISE, WHOLE, PART = 0.001, 0.1, 10_000, 2_500
SKIES = {"a": 1.0, "b": 1.2, "c": 0.9, "d": 1.1}
RING = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c")]
DARK = dict.fromkeys(SKIES, 0.0)
EXPTIMES_S = dict.fromkeys(SKIES, 1e6)


def field(
    skies: Mapping[str, float] = SKIES,
    edges: Sequence[tuple[str, str]] = RING,
    light: Mapping[str, float] = DARK,
    *,
    skew: float = 0.0,
    steps: Mapping[tuple[str, str], float] | None = None,
    part: int = PART,
) -> Measures:
    """Exposures of one chip: light lifts the chip, and half of both lights the overlap."""
    chips = tuple(
        MeasuredChip(
            name,
            1,
            Level(sky + light[name], SIGMA * 1.2533, WHOLE, NOISE),
            SkyUnit.ELECTRON_PER_S,
            1.0,
            Level(sky + light[name] + skew, SIGMA, WHOLE),
        )
        for name, sky in sorted(skies.items())
    )
    overlaps = []
    for one, other in sorted(edges):
        lit = (light[one] + light[other]) / 2
        step = (steps or {}).get((one, other), 0.0)
        sigma = SIGMA * 1.2533 * (WHOLE / part) ** 0.5
        first, second = (
            Level(level, sigma, part, NOISE)
            for level in (skies[one] + lit + step, skies[other] + lit)
        )
        overlaps.append(MeasuredOverlap((one, 1), (other, 1), 10.0, first, second))
    return Measures(chips, tuple(overlaps))


def advice_on(measures: Measures) -> Advice:
    return advise(measures, EXPTIMES_S)


def row(advice: Advice, method: SkyMethod) -> MethodAdvice:
    return next(one for one in advice.rows if one.method is method)


def test_a_blank_sky_is_told_from_every_exposure_by_itself() -> None:
    advice = advice_on(field())
    assert (advice.chosen, advice.is_flagged) == (SkyMethod.LOCALMIN, False)
    assert "4 separate places" in advice.summary
    assert [one.chosen for one in advice.rows] == [True, False, False, False]
    assert row(advice, SkyMethod.GLOBALMIN).reason.startswith("too far")


def test_light_that_fills_some_exposures_makes_match_the_method() -> None:
    advice = advice_on(field(light={"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}))
    assert advice.chosen is SkyMethod.MATCH
    pulled = row(advice, SkyMethod.LOCALMIN)
    assert pulled.residual_rms is not None and pulled.residual_rms > 0.1
    assert pulled.distance is not None and pulled.distance > 0.15
    assert "unequal extended light 0.17" in pulled.reason
    assert row(advice, SkyMethod.MATCH).residual_rms == pytest.approx(0.0, abs=1e-12)


def test_stars_that_lift_all_levels_make_match_the_method() -> None:
    advice = advice_on(field(skew=0.005))
    assert advice.chosen is SkyMethod.MATCH
    assert "stars lift levels by 0.01" in advice.summary
    assert row(advice, SkyMethod.LOCALMIN).distance == pytest.approx(0.01, rel=0.05)


def test_skies_that_are_equal_already_are_left_equal() -> None:
    advice = advice_on(field(dict.fromkeys(SKIES, 1.0)))
    assert row(advice, SkyMethod.GLOBALMIN).reason.startswith("will do")
    assert "unequal skies" not in row(advice, SkyMethod.GLOBALMIN).reason


def test_a_zero_that_one_pointing_alone_tells_is_not_trusted() -> None:
    advice = advice_on(field(part=WHOLE))
    assert advice.chosen is SkyMethod.MATCH
    assert "zero not checked" in row(advice, SkyMethod.LOCALMIN).reason
    assert "zero" not in row(advice, SkyMethod.MATCH).reason


def test_islands_of_blank_sky_are_told_each_by_itself_and_flagged() -> None:
    advice = advice_on(field(edges=[("a", "b"), ("c", "d")]))
    assert (advice.chosen, advice.is_flagged) == (SkyMethod.LOCALMIN, True)
    assert row(advice, SkyMethod.MATCH).distance is None
    assert "2 islands" in row(advice, SkyMethod.MATCH).reason


def test_no_method_will_do_for_islands_before_a_nebula() -> None:
    light = {"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}
    advice = advice_on(field(edges=[("a", "b"), ("c", "d")], light=light))
    assert (advice.chosen, advice.is_flagged) == (None, True)
    assert not any(one.chosen for one in advice.rows)
    assert advice.summary.startswith("no method will do: ")
    assert "Match every island as a field of its own." in advice.summary


def test_differences_that_do_not_close_are_more_than_constants_remove() -> None:
    steps = {("a", "b"): 0.2, ("b", "c"): 0.2, ("c", "d"): 0.2}
    advice = advice_on(field(steps=steps))
    assert advice.chosen is None
    left = row(advice, SkyMethod.MATCH)
    assert left.residual_rms is not None and left.expected_rms is not None
    assert left.residual_rms > 20 * left.expected_rms
    assert "what no constants remove" in left.reason


def test_a_step_that_noise_hides_is_no_reason_against_a_method() -> None:
    # More than three sigmas, but a twentieth of what a pixel scatters by.
    assert advice_on(field(steps={("a", "b"): 0.015})).chosen is not None


def test_a_single_exposure_has_its_own_level() -> None:
    alone = advice_on(field({"a": 1.0}, []))
    assert (alone.chosen, alone.is_flagged) == (SkyMethod.LOCALMIN, False)
    assert row(alone, SkyMethod.MATCH).reason == "no two exposures overlap: no value"
    assert row(alone, SkyMethod.MATCH).residual_rms is None


def test_light_that_spreads_the_pixels_of_a_single_exposure_is_seen() -> None:
    (chip,) = field({"a": 1.0}, []).chips
    assert chip.level is not None
    spread = replace(chip, level=replace(chip.level, sigma=2 * chip.level.sigma))
    advice = advice_on(Measures((spread,), ()))
    assert (advice.chosen, advice.is_flagged) == (None, True)
    assert "not blank sky" in advice.summary


def test_exposures_without_a_good_pixel_are_left_out_and_flagged() -> None:
    given_ = field()
    dark = MeasuredChip("z", 1, None, SkyUnit.ELECTRON_PER_S, 1.0)
    advice = advice_on(replace(given_, chips=(*given_.chips, dark)))
    assert (advice.left_out, advice.is_flagged) == (("z",), True)
    assert advice.chosen is SkyMethod.LOCALMIN
    with pytest.raises(UsageError, match="None of the exposures has a good pixel"):
        advise(Measures((dark,), ()))


@settings(max_examples=25)
@given(
    order=st.permutations("abcd"),
    lift=st.floats(-0.5, 5.0),
    lit=st.sampled_from([DARK, {"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}]),
)
def test_neither_names_nor_a_common_sky_change_what_is_named(
    order: Sequence[str], lift: float, lit: Mapping[str, float]
) -> None:
    turned = dict(zip("abcd", order, strict=True))
    edges = [tuple(sorted((turned[a], turned[b]))) for a, b in RING]
    moved = field(
        {turned[name]: sky + lift for name, sky in SKIES.items()},
        [(a, b) for a, b in edges],
        {turned[name]: value for name, value in lit.items()},
    )
    assert advice_on(moved).chosen is advice_on(field(light=lit)).chosen


def test_the_lowest_of_many_equal_levels_is_too_low() -> None:
    assert [lowest_of(n) for n in (1, 2, 12)] == pytest.approx([0.0, 0.56, 1.63], abs=0.03)


def test_the_zero_that_is_told_of_has_most_light_and_then_fewest_places() -> None:
    bright, alone, shared = Zero(3, 4, 0.5), Zero(1, 2, 0.0), Zero(2, 2, 0.0)
    for zeros, expected in (
        ((shared, alone), alone), ((alone, shared), alone), ((alone, bright, shared), bright),
    ):  # fmt: skip
        assert _doubtful(zeros) is expected


def test_an_rms_of_few_numbers_has_to_be_larger_to_be_more_than_noise() -> None:
    assert beyond(2.0, 1.0, 1) == 0.0
    assert beyond(2.0, 1.0, 50) == pytest.approx(3**0.5)
    assert (beyond(None, 1.0, 50), beyond(2.0, 1.0, 0)) == (0.0, 0.0)


def _dim(level: Level | None) -> Level | None:
    """A thousandth of a level."""
    if level is None:
        return None
    value, sigma, noise = level.value / 1000, level.sigma / 1000, (level.noise or 0.0) / 1000
    return replace(level, value=value, sigma=sigma, noise=noise)


def _dimmed(chip: MeasuredChip) -> MeasuredChip:
    """A chip whose pixels gather a thousandth of the light."""
    return replace(chip, level=_dim(chip.level), mean=_dim(chip.mean), brightness_per_unit=1000.0)


def _numbers(advice: Advice) -> list[list[float]]:
    """What is said in figures, a list for each text."""
    texts = [one.reason for one in advice.rows] + [advice.summary]
    return [
        [float(one) for one in re.findall(r"(?<![\w.])\d+\.?\d*(?:e[+-]?\d+)?", t)] for t in texts
    ]


@pytest.mark.parametrize(
    "seen",
    [
        field(steps={("a", "b"): 0.2, ("b", "c"): 0.2, ("c", "d"): 0.2}),
        field(light={"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}, skew=0.005),
        field(edges=[("a", "b"), ("c", "d")], light={"a": 0.5, "b": 0.4, "c": 0.3, "d": 0.1}),
    ],
    ids=["steps", "light", "islands"],
)
def test_advice_in_another_unit_tells_the_same_brightness(seen: Measures) -> None:
    """A pixel that gathers a thousandth shows a thousandth in every figure but counts."""
    small = replace(
        seen,
        chips=tuple(_dimmed(chip) for chip in seen.chips),
        overlaps=tuple(
            replace(one, first_level=_dim(one.first_level), second_level=_dim(one.second_level))
            for one in seen.overlaps
        ),
    )
    plain, dimmed = advice_on(seen), advice_on(small)
    assert dimmed.chosen is plain.chosen
    for told, other in zip(_numbers(plain), _numbers(dimmed), strict=True):
        for one, two in zip(told, other, strict=True):
            assert two == pytest.approx(one, rel=1e-9) or two == pytest.approx(one / 1000, rel=0.02)
    assert any(told != other for told, other in zip(_numbers(plain), _numbers(dimmed), strict=True))
    for one, two in zip(plain.rows, dimmed.rows, strict=True):
        assert two.sigma == pytest.approx(one.sigma / 1000)
        for name in ("residual_rms", "expected_rms", "distance"):
            before, after = getattr(one, name), getattr(two, name)
            assert (after is None) == (before is None)
            assert before is None or after == pytest.approx(before / 1000, rel=1e-4, abs=1e-15)
