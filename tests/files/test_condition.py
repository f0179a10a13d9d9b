"""Cards that say how well an exposure went."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.domain.condition import Condition
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards


def test_every_card_is_read(image: ImageBuilder) -> None:
    image.primary |= {
        "QUALITY": "GSFAIL; no lock",
        "EXPFLAG": "INTERRUPTED  ",
        "FGSLOCK": "GYROS",
        "GUIDEACT": "GYRO",
        "MTFLAG": "T",
        "SCAN_TYP": "C",
        "CCDGAIN": 2.5,
    }
    image.chips = [chip_cards() | {"NGOODPIX": 0, "ORIENTAT": -120.4}]
    assert read_facts(image.write()).condition == Condition(
        quality="GSFAIL; no lock",
        expflag="INTERRUPTED",
        fgslock="GYROS",
        guideact="GYRO",
        mtflag="T",
        scan_typ="C",
        ngoodpix=0,
        exptime_s=502.936462,
        gain=2.5,
        bunit="ELECTRONS/S",
        orientat_deg=-120.4,
    )


def test_blank_cards_are_no_values(image: ImageBuilder) -> None:
    image.primary |= {"QUALITY": "   ", "MTFLAG": " ", "EXPFLAG": "N/A"}
    found = read_facts(image.write()).condition
    assert (found.quality, found.mtflag, found.expflag, found.ngoodpix) == (None,) * 4


@pytest.mark.parametrize(("value", "letter"), [(True, "T"), (False, "F"), ("F", "F")])
def test_a_moving_target_may_be_a_truth_value(
    image: ImageBuilder, value: object, letter: str
) -> None:
    image.primary["MTFLAG"] = value
    assert read_facts(image.write()).condition.mtflag == letter


def test_the_chip_with_the_fewest_good_pixels_counts(image: ImageBuilder) -> None:
    image.chips = [chip_cards() | {"NGOODPIX": good} for good in (500, 0)]
    assert read_facts(image.write()).condition.ngoodpix == 0


def test_an_image_without_orientat_is_turned_as_its_matrix_is(image: ImageBuilder) -> None:
    assert read_facts(image.write()).condition.orientat_deg == 0.0


@pytest.mark.parametrize(
    ("cards", "gain"),
    [
        ({}, None),
        ({"CCDGAIN": 2.5, "ATODGNA": 2.3, "ATODGNB": 2.4, "ATODGNC": 2.5, "ATODGND": 2.4}, 2.4),
        # An amplifier that was not read has 0.
        ({"CCDGAIN": 1, "ATODGNA": 0.0, "ATODGNB": 0.972}, 0.972),
        ({"CCDGAIN": 4, "ATODGAIN": 4.11}, 4.11),
        ({"ATODGAIN": 7}, 7.0),
        ({"ADCGAIN": 5.4}, 5.4),
        ({"GAIN": 1.5}, 1.5),
    ],
)
def test_the_calibrated_gain_counts_before_the_commanded(
    image: ImageBuilder, cards: dict[str, object], gain: float | None
) -> None:
    image.primary |= cards
    found = read_facts(image.write()).condition.gain
    assert found == (None if gain is None else pytest.approx(gain))


class TestRealFiles:
    """Headers of real exposures."""

    @pytest.mark.parametrize(
        ("name", "good", "gain", "orientat"),
        [
            ("wfc3_ir_flt_stub.fits", 993028, 2.35, -120.398),
            ("wfc3_uvis_flc_stub.fits", None, 1.56, None),
            ("headers/j94f05bgq_flt.fits", 7822781, 1.0, 154.789),
        ],
    )
    def test_are_sound(
        self, test_data: Path, name: str, good: int | None, gain: float, orientat: float | None
    ) -> None:
        found = read_facts(test_data / name).condition
        assert found.complaints == ()
        assert found.gain == pytest.approx(gain, abs=0.01)
        assert (found.fgslock, found.expflag) == ("FINE", "NORMAL")
        assert found.ngoodpix is not None
        assert good is None or found.ngoodpix <= good
        assert orientat is None or found.orientat_deg == pytest.approx(orientat, abs=0.001)
