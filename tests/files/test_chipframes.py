"""Chips of one exposure move together, or are found not to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.values import ChipGeometry, WcsFacts, WcsName, unit_vectors
from skydb.files.chipframes import displaced_chips
from skydb.files.reader import read_facts

MAS = np.radians(1 / 3.6e6)
NAME = WcsName.parse("IDC_2731450pi-FIT_REL_GAIAeDR3")
MODEL = WcsName.parse("IDC_2731450pi")
STEP = 0.04 / 3600


def basis(crval_deg: tuple[float, float]) -> np.ndarray:
    """East and north at a position, shape (2, 3)."""
    ra = np.radians(crval_deg[0])
    here = unit_vectors(np.array([crval_deg]))[0]
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    return np.array([east, np.cross(here, east)])


def turned(chip: ChipGeometry, turn: np.ndarray, scale: float = 1.0) -> ChipGeometry:
    """A chip after the sphere was turned, and its own pixels were made larger."""
    x, y, z = turn @ unit_vectors(np.array([chip.crval_deg]))[0]
    crval = (float(np.degrees(np.arctan2(y, x))) % 360.0, float(np.degrees(np.arcsin(z))))
    cd = basis(crval) @ turn @ basis(chip.crval_deg).T @ np.reshape(chip.cd_deg, (2, 2))
    return replace(chip, crval_deg=crval, cd_deg=tuple((scale * cd).ravel().tolist()))


def about(axis: Sequence[float], angle_rad: float) -> np.ndarray:
    """Rotation matrix about a unit vector."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross


def exposure(ra: float, dec: float, roll_deg: float, name: WcsName = MODEL) -> WcsFacts:
    """Two chips of 4096 by 2051 pixels, one above the other."""
    first = ChipGeometry(1, (4096, 2051), (2048.0, 1026.0), (ra, dec), (-STEP, 0.0, 0.0, STEP))
    north = about(np.cross(*basis((ra, dec))[::-1]), 0.0) @ basis((ra, dec))[0]
    second = replace(turned(first, about(-north, 2100 * np.radians(STEP))), extver=2)
    roll = about(unit_vectors(np.array([(ra, dec)]))[0], np.radians(roll_deg))
    return WcsFacts(" ", name, tuple(turned(one, roll) for one in (first, second)))


PLACES = (st.floats(0.0, 360.0), st.floats(-88.0, 88.0), st.floats(-180.0, 180.0))


@given(*PLACES, st.floats(-3000.0, 3000.0), st.floats(-3000.0, 3000.0), st.floats(-0.1, 0.1))
def test_chips_that_a_fit_moves_together_are_not_doubted(
    ra: float, dec: float, roll: float, dx_mas: float, dy_mas: float, turn_deg: float
) -> None:
    before = exposure(ra, dec, roll)
    east, north = basis((ra, dec))
    here = unit_vectors(np.array([(ra, dec)]))[0]
    moved = (
        about(here, np.radians(turn_deg)) @ about(north, dx_mas * MAS) @ about(east, dy_mas * MAS)
    )
    after = WcsFacts(" ", NAME, tuple(turned(one, moved) for one in before.chips))
    assert list(displaced_chips([after, before], ())) == []


@given(*PLACES, st.floats(0.0, 2 * np.pi), st.sampled_from([0, 1]))
def test_a_chip_that_is_moved_alone_is_found_from_a_tenth_of_an_arcsec(
    ra: float, dec: float, roll: float, towards: float, which: int
) -> None:
    before = exposure(ra, dec, roll)
    chip = before.chips[which]
    east, north = basis(chip.crval_deg)
    axis = np.cos(towards) * east + np.sin(towards) * north

    def off(mas: float) -> list[str]:
        chips = list(before.chips)
        chips[which] = turned(chip, about(axis, mas * MAS))
        return list(displaced_chips([WcsFacts(" ", NAME, tuple(chips)), before], ()))

    assert off(90.0) == []
    (said,) = off(110.0)
    assert said.startswith("SCI,2 lies 11") and "by IDC_2731450pi of the same file" in said


def test_a_chip_that_is_turned_alone_is_found_by_its_corners() -> None:
    before = exposure(85.0, -2.0, 30.0)
    first, second = before.chips
    here = unit_vectors(np.array([second.crval_deg]))[0]
    alone = turned(second, about(here, np.radians(0.1)))
    after = WcsFacts(" ", NAME, (first, alone))
    (said,) = displaced_chips([after, before], ())
    assert said.startswith("SCI,2 lies 160 mas")  # 2290 pixels of 0.04 arcsec by 0.1 degrees


@pytest.mark.parametrize("other", ["OPUS", "IDC_other", "mine"])
def test_a_wcs_of_another_distortion_model_is_no_measure(other: str) -> None:
    before = exposure(85.0, -2.0, 30.0, WcsName.parse(other))
    here = basis((85.0, -2.0))[0]
    alone = (before.chips[0], turned(before.chips[1], about(here, 1000 * MAS)))
    assert list(displaced_chips([WcsFacts(" ", NAME, alone), before], ())) == []
    named = WcsName.parse("mine")
    assert list(displaced_chips([WcsFacts(" ", named, alone), before], ())) == []


def test_a_chip_or_a_reference_pixel_that_only_one_has_is_not_compared() -> None:
    before = exposure(85.0, -2.0, 30.0)
    first, second = before.chips
    alone = turned(second, about(basis((85.0, -2.0))[0], 1000 * MAS))
    one, elsewhere = replace(before, chips=(first,)), replace(alone, crpix_pix=(1.0, 1.0))
    assert list(displaced_chips([WcsFacts(" ", NAME, (first, alone)), one], ())) == []
    assert list(displaced_chips([WcsFacts(" ", NAME, (first, elsewhere)), before], ())) == []


def test_one_other_wcs_that_agrees_is_enough() -> None:
    before = exposure(85.0, -2.0, 30.0)
    alone = turned(before.chips[1], about(basis((85.0, -2.0))[0], 1000 * MAS))
    after = WcsFacts(" ", NAME, (before.chips[0], alone))
    assert len(list(displaced_chips([after, before], [before]))) == 1
    assert list(displaced_chips([after, before], [after])) == []
    assert list(displaced_chips([after, before, after], [before])) == []
    # A headerlet of two fits, as the archive has them, is no measure by itself.
    assert list(displaced_chips([after], [before])) == []


Change = Callable[[fits.HDUList], None]


def _second_north(hdus: fits.HDUList) -> None:
    hdus["SCI", 2].header["CRVAL2"] += 1.0 / 3600


def _both_north(hdus: fits.HDUList) -> None:
    for extver in (1, 2):
        hdus["SCI", extver].header["CRVAL2"] += 1.0 / 3600


@pytest.mark.parametrize(
    ("change", "doubted"),
    [(lambda _: None, False), (_both_north, False), (_second_north, True)],
)
def test_a_real_exposure_is_doubted_when_one_of_its_chips_is_moved(
    test_data: Path, tmp_path: Path, change: Change, doubted: bool
) -> None:
    path = tmp_path / "ibxl50clq_flc.fits"
    with fits.open(test_data / "wfc3_uvis_flc_stub.fits") as hdus:
        change(hdus)
        hdus.writeto(path, output_verify="ignore")
    found = [one for one in read_facts(path).doubts if "one chip was moved" in one]
    assert len(found) == doubted
