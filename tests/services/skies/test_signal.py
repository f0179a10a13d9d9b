"""Words of the check of the pixels."""

from __future__ import annotations

import pytest

from skydb.domain.vocabulary import FindingKind
from skydb.files.usable import AcceptedFlags, ChipState
from skydb.services.skies.signal import Signal

NAME = "ibxl51cvq"


def _flags(*chips: ChipState) -> list[tuple[FindingKind, str, str]]:
    signal = Signal({NAME: chips}, AcceptedFlags(0, 0))
    return [(one.guard, one.subject, one.message) for one in signal.flags()]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ChipState(1, 9, has_signal=False), "no pixel of the sky (flagged, not numbers, or"),
        (ChipState(1, 0, has_signal=False, without_error=9, lacks_errors=True), "usable ERR"),
    ],
)
def test_an_exposure_that_is_left_out_says_what_it_lacks(state: ChipState, why: str) -> None:
    ((guard, subject, message),) = _flags(state)
    assert (guard, subject) == (FindingKind.NO_SIGNAL, NAME)
    assert why in message and message.endswith("and is left out: its sky is NULL.")
    ((_, chip, message),) = _flags(state, ChipState(2, 0, has_signal=True))
    assert chip == f"{NAME}[1]" and why in message and "takes no part" in message


def test_pixels_and_their_errors_are_counted_apart() -> None:
    ((guard, _, message),) = _flags(ChipState(1, 3, has_signal=True, without_error=2))
    assert guard is FindingKind.BAD_PIXELS
    assert message.startswith(
        "3 pixels are not numbers or beyond any detector and 2 pixels have an ERR that is not a "
        "number, without a flag"
    )
    ((_, _, message),) = _flags(ChipState(1, 0, has_signal=True, without_error=2))
    assert message.startswith("2 pixels have an ERR that is not a number, without a flag")
