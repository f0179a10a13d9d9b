import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod, SkyUnit
from skydb.drizzle.effective import (
    SkyCall,
    SkyReading,
    effective_method,
    method_verdict,
    skies_in_use,
    value_contradictions,
)

LOCALMIN, MATCH = SkyMethod.LOCALMIN, SkyMethod.MATCH
GLOBALMIN, BOTH = SkyMethod.GLOBALMIN, SkyMethod.GLOBALMIN_MATCH
REVERTED = '[WARNING ] Reverting sky computation to "localmin" from "{}\n'
NO_FLAT = "AttributeError: 'SphericalPolygon' object has no attribute 'iter_polygons_flat'"


def readings(*skies):
    return [
        SkyReading(f"e{n}_flt.fits", 1, sky, SkyUnit.ELECTRON_PER_S) for n, sky in enumerate(skies)
    ]


VALUES = {
    LOCALMIN: readings(1.2, 0.8, 1.0),
    MATCH: readings(0.4, 0.0, 0.2),
    GLOBALMIN: readings(0.8, 0.8, 0.8),
    BOTH: readings(1.21, 0.81, 1.01),
}


@pytest.mark.parametrize("method", COMPUTED_METHODS)
def test_a_method_that_ran_is_effective_and_contradicted_by_nothing(method):
    verdict = method_verdict(method, [SkyCall(method, None)], VALUES[method], "all is well")
    assert verdict.effective is method
    assert verdict.downgrade_reason is None
    assert verdict.disagreements == ()


@pytest.mark.parametrize(("requested", "ran"), [(MATCH, LOCALMIN), (BOTH, GLOBALMIN)])
def test_a_method_given_up_is_downgraded_to_the_one_that_ran(requested, ran):
    calls = [SkyCall(requested, NO_FLAT), SkyCall(ran, None)]
    verdict = method_verdict(requested, calls, VALUES[ran], REVERTED.format(requested))
    assert verdict.effective is ran
    assert verdict.downgrade_reason == NO_FLAT
    assert verdict.disagreements == ()


def test_a_change_that_the_log_hides_is_told():
    calls = [SkyCall(MATCH, NO_FLAT), SkyCall(LOCALMIN, None)]
    verdict = method_verdict(MATCH, calls, VALUES[LOCALMIN], "nothing to see")
    assert verdict.disagreements == ("the log says that nothing failed, the calls that match did",)


def test_a_change_that_only_the_log_knows_is_told():
    verdict = method_verdict(MATCH, [SkyCall(MATCH, None)], VALUES[MATCH], REVERTED.format("match"))
    assert verdict.disagreements == ("the log says that match failed, the calls that nothing did",)


def test_another_method_without_an_exception_is_still_a_downgrade():
    verdict = method_verdict(MATCH, [SkyCall(LOCALMIN, None)], VALUES[LOCALMIN], "")
    assert verdict.downgrade_reason == "drizzlepac ran localmin without saying why"


@pytest.mark.parametrize("calls", [[], [SkyCall(MATCH, NO_FLAT)]])
def test_no_computation_that_ended_well_has_no_method(calls):
    with pytest.raises(LookupError):
        method_verdict(MATCH, calls, VALUES[MATCH], "")


@pytest.mark.parametrize("claimed", COMPUTED_METHODS)
@pytest.mark.parametrize("really", COMPUTED_METHODS)
def test_values_speak_against_every_other_method_but_the_twin(claimed, really):
    # localmin and globalmin+match are both positive levels that differ: values cannot part them.
    twins = {LOCALMIN, BOTH}
    expected = claimed is really or {claimed, really} == twins
    assert (value_contradictions(claimed, VALUES[really]) == []) is expected


@given(
    st.lists(st.floats(0.1, 50.0), min_size=2, max_size=9, unique=True),
    st.floats(0.01, 100.0),
)
def test_match_may_have_any_values_as_long_as_the_lowest_is_zero(levels, scale):
    lowest = min(levels)
    skies = [
        SkyReading(f"e{n}_flt.fits", 1, (level - lowest) / scale, None, scale)
        for n, level in enumerate(levels)
    ]
    assert value_contradictions(MATCH, skies) == []


def test_chips_of_one_exposure_are_compared_in_brightness_and_not_in_electrons():
    chips = [
        SkyReading("a_flc.fits", 1, 40.0, SkyUnit.ELECTRON, 1 / 40.0),
        SkyReading("a_flc.fits", 2, 41.0, SkyUnit.ELECTRON, 1 / 41.0),
    ]
    other = [SkyReading("b_flc.fits", 1, 60.0, SkyUnit.ELECTRON, 1 / 40.0)]
    assert value_contradictions(LOCALMIN, chips + other) == []
    wrong = [*chips[:1], SkyReading("a_flc.fits", 2, 40.0, SkyUnit.ELECTRON, 1 / 41.0), *other]
    assert value_contradictions(LOCALMIN, wrong) == ["the chips of a_flc.fits have different skies"]


def test_a_single_exposure_cannot_be_matched():
    assert value_contradictions(MATCH, readings(0.0)) == [
        "match of one exposure alone computes nothing"
    ]
    assert value_contradictions(LOCALMIN, readings(1.0)) == []


@pytest.mark.parametrize("method", [LOCALMIN, GLOBALMIN])
def test_the_chips_of_a_single_exposure_have_one_sky_by_every_method(method):
    chips = [SkyReading("a_flc.fits", extver, 20.0, SkyUnit.ELECTRON) for extver in (1, 2)]
    assert value_contradictions(method, chips) == []


def test_no_value_at_all_is_a_contradiction():
    assert value_contradictions(MATCH, []) == ["there is no sky value"]


def test_globalmin_of_zero_everywhere_was_not_measured():
    assert value_contradictions(GLOBALMIN, readings(0.0, 0.0)) == [
        "every sky is exactly zero: none was measured"
    ]


def test_exposures_without_overlap_are_named():
    log = (
        "[INFO    ]    *   Image 'e1_flt.fits['SCI',1]' SKY = None (undetermined)\n"
        "[INFO    ]    *   Image 'e2_flt.fits['SCI',1]' SKY = 0 [brightness units]\n"
    )
    verdict = method_verdict(MATCH, [SkyCall(MATCH, None)], VALUES[MATCH], log)
    assert verdict.unmatched == ("e1_flt.fits",)


def test_the_sky_that_was_used_counts_and_a_header_that_differs_is_told():
    used = SkyCall(LOCALMIN, None, {("e0_flt.fits", 1): 1.2, ("e1_flt.fits", 1): 0.8})
    failed = SkyCall(MATCH, NO_FLAT)
    real, contradictions = skies_in_use(readings(99.0, 0.8), [failed, used])
    assert [reading.mdrizsky for reading in real] == [1.2, 0.8]
    assert contradictions == ["e0_flt.fits chip 1 has MDRIZSKY 99.0 on disk, but 1.2 was used"]


@pytest.mark.parametrize(
    ("on_disk", "used", "told"),
    [
        (None, None, []),
        (0.5, None, ["e0_flt.fits chip 1 has MDRIZSKY 0.5 on disk, but None was used"]),
        (None, 0.5, ["e0_flt.fits chip 1 has MDRIZSKY None on disk, but 0.5 was used"]),
    ],
)
def test_no_sky_is_a_sky_that_a_header_may_differ_from(on_disk, used, told):
    call = SkyCall(LOCALMIN, None, {("e0_flt.fits", 1): used})
    real, contradictions = skies_in_use(readings(on_disk), [call])
    assert [reading.mdrizsky for reading in real] == [used]
    assert contradictions == told


def test_a_chip_without_a_sky_is_left_out_of_the_values():
    assert value_contradictions(MATCH, [*VALUES[MATCH], *readings(None)]) == []
    assert value_contradictions(MATCH, readings(None, None)) == ["there is no sky value"]


def test_of_several_computations_that_ended_well_the_last_one_counts():
    calls = [SkyCall(LOCALMIN, None), SkyCall(MATCH, None), SkyCall(BOTH, NO_FLAT)]
    assert effective_method(calls) is MATCH
    assert effective_method(calls[:1]) is LOCALMIN


@pytest.mark.parametrize("requested", COMPUTED_METHODS)
@pytest.mark.parametrize("ran", COMPUTED_METHODS)
def test_any_other_method_than_the_one_that_was_asked_for_is_a_downgrade(requested, ran):
    verdict = method_verdict(requested, [SkyCall(ran, None)], VALUES[ran], "")
    assert (verdict.downgrade_reason is None) is (ran is requested)


@pytest.mark.parametrize("level", [1.0, 1e-6, 1e6])
def test_a_lowest_sky_that_is_zero_but_for_rounding_is_relative(level):
    assert value_contradictions(MATCH, readings(level * 1e-12, level)) == []
    (found,) = value_contradictions(MATCH, readings(level * 0.01, level))
    assert "not zero, so it is not relative" in found


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_header_that_differs_is_told_wherever_it_stands(wrong):
    used = {(f"e{n}_flt.fits", 1): float(n) for n in range(3)}
    on_disk = [99.0 if n == wrong else float(n) for n in range(3)]
    real, contradictions = skies_in_use(readings(*on_disk), [SkyCall(LOCALMIN, None, used)])
    assert [reading.mdrizsky for reading in real] == [0.0, 1.0, 2.0]
    assert [text.split()[0] for text in contradictions] == [f"e{wrong}_flt.fits"]


@pytest.mark.parametrize("method", [LOCALMIN, BOTH])
def test_a_sky_below_zero_is_no_sky_of_zero(method):
    assert value_contradictions(method, readings(-0.2, 0.3, 0.1)) == []
    assert len(value_contradictions(method, readings(0.0, 0.3, 0.1))) == 1


def test_of_several_that_failed_the_first_says_why():
    calls = [SkyCall(BOTH, NO_FLAT), SkyCall(MATCH, "later"), SkyCall(LOCALMIN, None)]
    assert method_verdict(BOTH, calls, VALUES[LOCALMIN], "").downgrade_reason == NO_FLAT
