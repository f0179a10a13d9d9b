"""Quality of an exposure, by its header."""

from __future__ import annotations

import pytest

from skydb.domain.condition import Condition


@pytest.mark.parametrize(
    "sound",
    [
        Condition(),
        Condition("OK", "NORMAL", "FINE", "FINE LOCK", "F", "N", 993028, 502.9),
        Condition(quality=" ", expflag="normal", mtflag=""),
    ],
)
def test_nothing_is_said_of_an_ordinary_exposure(sound: Condition) -> None:
    assert sound.complaints == ()
    assert not sound.has_no_signal


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (Condition(quality="GSFAIL; lost lock"), "QUALITY is GSFAIL; lost lock"),
        (Condition(expflag="INTERRUPTED"), "EXPFLAG is INTERRUPTED"),
        (Condition(fgslock="GYROS"), "FGSLOCK is GYROS"),
        (Condition(fgslock="FINE/GYRO"), "FGSLOCK is FINE/GYRO"),
        (Condition(guideact="FINE LOCK/GYRO"), "GUIDEACT is FINE LOCK/GYRO"),
        (Condition(mtflag="T"), "MTFLAG is T: the target moved"),
        (Condition(scan_typ="C"), "SCAN_TYP is C: scanned back and forth"),
        (Condition(scan_typ="D"), "SCAN_TYP is D: scanned back and forth with dwells"),
        (Condition(ngoodpix=0), "NGOODPIX is 0: no good pixel"),
        (Condition(exptime_s=0.0), "EXPTIME is 0"),
        (Condition(exptime_s=-1.5), "EXPTIME is -1.5"),
    ],
)
def test_what_is_wrong_is_said_in_the_headers_own_words(bad: Condition, said: str) -> None:
    assert bad.complaints == (said,)


@pytest.mark.parametrize(
    ("condition", "has_none"),
    [
        (Condition(ngoodpix=0, exptime_s=1.0), True),
        (Condition(ngoodpix=1, exptime_s=0.0), True),
        (Condition(ngoodpix=1, exptime_s=-1.0), True),
        (Condition(ngoodpix=1, exptime_s=1.0), False),
        (Condition(quality="GSFAIL"), False),
    ],
)
def test_without_time_or_good_pixels_there_is_no_signal(
    condition: Condition, has_none: bool
) -> None:
    assert condition.has_no_signal is has_none
