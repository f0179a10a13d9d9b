"""Units of one run: what each exposure is multiplied with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.condition import Condition
from skydb.domain.units import common_unit, unit_of
from skydb.domain.vocabulary import SkyUnit

BUNITS = ("ELECTRONS", "ELECTRONS/S", "COUNTS", "COUNTS/S")
conditions = st.builds(
    Condition,
    bunit=st.sampled_from(BUNITS),
    gain=st.floats(0.5, 15.0),
    exptime_s=st.floats(0.1, 3000.0),
)


@pytest.mark.parametrize(
    ("bunit", "unit"),
    [
        ("electron/sec", SkyUnit.ELECTRON_PER_S), ("DN", SkyUnit.COUNT),
        ("Counts/S", SkyUnit.COUNT_PER_S),
        ("ELECTRONS", SkyUnit.ELECTRON), ("Jy", None), ("", None), (None, None),
        ("ELECTRONS/HR", None),
    ],
)  # fmt: skip
def test_a_unit_is_known_in_any_spelling(bunit: str | None, unit: SkyUnit | None) -> None:
    assert unit_of(bunit) is unit


@given(st.lists(conditions, min_size=1, max_size=6))
def test_one_brightness_is_one_number_after_conversion_in_any_order(found: list[Condition]) -> None:
    named = {f"x{number}": one for number, one in enumerate(found)}
    common = common_unit(named)
    assert common == common_unit(dict(reversed(named.items())))
    units = {
        common.conversions[name].unit if name in common.conversions else unit_of(one.bunit)
        for name, one in named.items()
    }
    assert len(units) == 1
    (unit,) = units
    assert unit is not None
    for name, one in named.items():
        electrons_per_s = 3.0
        rate = electrons_per_s / (one.gain or 1) if "COUNTS" in str(one.bunit) else electrons_per_s
        pixel = rate if "/S" in str(one.bunit) else rate * (one.exptime_s or 1)
        if name in common.conversions:
            pixel *= common.conversions[name].factor
        expected = 3.0 if unit.value.startswith("electron") else 3.0 / (one.gain or 1)
        if not unit.value.endswith("/s"):
            expected *= one.exptime_s or 1
        assert pixel == pytest.approx(expected)


@pytest.mark.parametrize(
    "lacking",
    [
        Condition(bunit="COUNTS/S", exptime_s=10.0), Condition(bunit="COUNTS/S", gain=-1.0),
        Condition(bunit="ELECTRONS", gain=2.0), Condition(bunit="Jy", gain=2.0),
        Condition(gain=2.0),
    ],
    ids=str,
)  # fmt: skip
def test_where_one_cannot_be_converted_none_is(lacking: Condition) -> None:
    good = Condition(bunit="COUNTS/S", gain=2.0, exptime_s=10.0)
    electrons = Condition(bunit="ELECTRONS/S", gain=2.0, exptime_s=10.0)
    found = common_unit({"a": electrons, "b": good, "c": lacking, "d": electrons})
    assert not found.conversions
    assert [obstacle.split()[0] for obstacle in found.obstacles] == ["c"]


@pytest.mark.parametrize("gain", [0.5, 1.5])
def test_a_gain_that_changes_pixels_is_in_the_sentence(gain: float) -> None:
    found = {
        "a": Condition(bunit="COUNTS", gain=gain, exptime_s=1.0),
        "b": Condition(bunit="ELECTRONS", gain=gain, exptime_s=1.0),
    }
    assert f"a gain of {gain}" in common_unit(found).conversions["a"].sentence
