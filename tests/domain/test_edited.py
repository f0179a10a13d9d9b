"""How far a WCS moved, and what tells that it was changed under its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skydb.domain import AlignmentSolution, ProductVersion
from skydb.domain.edited import edited_wcs, moved_mas
from skydb.domain.values import ChipGeometry, WcsFacts, WcsName
from tests.domain.entities import ingest, version_of

MAS_DEG = 1.0 / 3_600_000
#: Turned and not square, so that every term of it counts.
CHIP = ChipGeometry(
    extver=2,
    naxis_pix=(400, 300),
    crpix_pix=(150.0, 120.0),
    crval_deg=(359.999, 60.0),
    cd_deg=(-3e-5, 1e-5, 0.7e-5, 2e-5),
)


def _wcs(*chips: ChipGeometry, name: str = "IDC_w3m18525i-FIT_REL_GAIAeDR3") -> WcsFacts:
    return WcsFacts(" ", WcsName.parse(name), chips)


def _moved(**changed: Any) -> float:
    return moved_mas(_wcs(CHIP), _wcs(replace(CHIP, **changed)))


def _corner_mas(chip: ChipGeometry, x: float, y: float) -> tuple[float, float]:
    cd = chip.cd_deg
    dx, dy = x - chip.crpix_pix[0], y - chip.crpix_pix[1]
    return (cd[0] * dx + cd[1] * dy) / MAS_DEG, (cd[2] * dx + cd[3] * dy) / MAS_DEG


def test_a_step_of_the_reference_point_moves_every_corner() -> None:
    assert _moved() == 0.0
    assert _moved(crval_deg=(359.999, 60.0 + 40 * MAS_DEG)) == pytest.approx(40.0, rel=1e-5)
    # A degree of right ascension is half a degree of the sky there, and 0 follows 360.
    assert _moved(crval_deg=(359.999 + 40 * MAS_DEG, 60.0)) == pytest.approx(20.0, rel=1e-5)
    assert _moved(crval_deg=(0.001, 60.0)) == pytest.approx(0.001 / MAS_DEG, rel=1e-5)
    east = (359.999 + 60 * MAS_DEG, 60.0 - 40 * MAS_DEG)
    assert _moved(crval_deg=east) == pytest.approx(50.0, rel=1e-5)


def test_the_cosine_is_that_of_where_it_is_now() -> None:
    one, other = (replace(CHIP, crval_deg=crval) for crval in ((10.0, 0.0), (11.0, 60.0)))
    expected = (0.5**2 + 60.0**2) ** 0.5 / MAS_DEG
    assert moved_mas(_wcs(one), _wcs(other)) == pytest.approx(expected, rel=1e-9)


def test_a_step_of_the_reference_pixel_moves_by_pixels() -> None:
    expected = ((0.5 * 3e-5) ** 2 + (0.5 * 0.7e-5) ** 2) ** 0.5 / MAS_DEG
    assert _moved(crpix_pix=(150.5, 120.0)) == pytest.approx(expected, rel=1e-6)
    expected = ((0.5 * 1e-5) ** 2 + (0.5 * 2e-5) ** 2) ** 0.5 / MAS_DEG
    assert _moved(crpix_pix=(150.0, 119.5)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("term", [0, 1, 2, 3])
@pytest.mark.parametrize("crpix", [(150.0, 120.0), (250.0, 180.0), (20.0, 250.0), (390.0, 30.0)])
def test_another_scale_or_angle_moves_the_farthest_corner_most(
    term: int, crpix: tuple[float, float]
) -> None:
    before = replace(CHIP, crpix_pix=crpix)
    cd = list(CHIP.cd_deg)
    cd[term] += 1e-7
    after = replace(before, cd_deg=tuple(cd))
    steps = []
    for corner in ((1, 1), (400, 1), (1, 300), (400, 300)):
        (e1, n1), (e2, n2) = _corner_mas(before, *corner), _corner_mas(after, *corner)
        steps.append(((e2 - e1) ** 2 + (n2 - n1) ** 2) ** 0.5)
    assert moved_mas(_wcs(before), _wcs(after)) == pytest.approx(max(steps), rel=1e-9)


@pytest.mark.parametrize(("x", "y"), [(1, 1), (400, 1), (1, 300), (400, 300)])
def test_a_movement_is_that_of_the_corner_which_moved_most(x: int, y: int) -> None:
    """Turned about a point near the opposite corner, this one alone moves most."""
    opposite = (401.0 - x, 301.0 - y)
    before = replace(CHIP, crpix_pix=opposite)
    after = replace(before, cd_deg=tuple(1.001 * one for one in CHIP.cd_deg))
    east, north = _corner_mas(before, x, y)
    expected = 0.001 * (east**2 + north**2) ** 0.5
    assert moved_mas(_wcs(before), _wcs(after)) == pytest.approx(expected, rel=1e-9)


def test_chips_are_told_by_their_extver_and_the_farthest_counts() -> None:
    one, two = replace(CHIP, extver=1), CHIP
    near = replace(one, crval_deg=(359.999, 60.0 + 10 * MAS_DEG))
    far = replace(two, crval_deg=(359.999, 60.0 + 30 * MAS_DEG))
    assert moved_mas(_wcs(one, two), _wcs(far, near)) == pytest.approx(30.0, rel=1e-5)
    assert moved_mas(_wcs(one, two), _wcs(near)) == pytest.approx(10.0, rel=1e-5)
    assert moved_mas(_wcs(one), _wcs(far)) == 0.0


RUN = {"date_written": "2024-03-02", "cal_ver": "3.7.2", "opus_ver": "HSTDP", "idctab": "a_idc"}
FIT = "IDC_w3m18525i-FIT_REL_GAIAeDR3"


def _version(shift_mas: float = 0.0, name: str = FIT, key: str = " ", **run: Any) -> ProductVersion:
    """A version of a file from outside, by how far its WCS lies north."""
    chip = replace(CHIP, crval_deg=(359.999, 60.0 + shift_mas * MAS_DEG))
    version = version_of()
    for column, value in {**RUN, **run}.items():
        setattr(version, column, value)
    AlignmentSolution.found(version, ingest(), replace(_wcs(chip, name="".join(name)), key=key))
    return version


def test_a_wcs_that_moved_under_its_name_is_told_with_the_run_and_the_step() -> None:
    others = [_version(5.0, name="IDC_w3m18525i"), _version(40.0)]
    others[1].number = 7
    assert edited_wcs(_version(), others) == (
        f"WCSNAME {FIT}, DATE 2024-03-02 and CAL_VER 3.7.2 are those of version 7, but its WCS "
        "moved by 40.0 mas: it was changed under its name, by hand or by a program."
    )


def test_a_wcs_that_stayed_is_no_matter_and_the_next_is_looked_at() -> None:
    assert edited_wcs(_version(), []) is None
    assert edited_wcs(_version(), [_version(), _version(0.09)]) is None
    assert edited_wcs(_version(), [_version(0.11)]) is not None
    assert edited_wcs(_version(), [_version(), _version(40.0)]) is not None


@pytest.mark.parametrize("column", list(RUN))
@pytest.mark.parametrize("value", ["1999", "zzz", None])
def test_a_file_of_another_run_of_the_pipeline_may_differ(column: str, value: str | None) -> None:
    other = _version(40.0, **{column: value})
    assert edited_wcs(_version(), [other]) is None
    assert edited_wcs(_version(), [other, _version(40.0)]) is not None


@pytest.mark.parametrize(("column", "is_told"), [
    *(("date_written", False), ("cal_ver", False), ("opus_ver", True), ("idctab", True)),
])  # fmt: skip
def test_a_file_that_does_not_tell_its_run_cannot_contradict_itself(
    column: str, is_told: bool
) -> None:
    nothing = {column: None}
    found = edited_wcs(_version(**nothing), [_version(40.0, **nothing)])
    assert (found is not None) is is_told


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        *(("IDC_w3m18525i", True), ("IDC_w3m18525i-GSC240", True), (FIT, True)),
        *(("IDC_w3m18525i-FIT_SKYDB_gaia", False), ("TWEAK", False), ("OPUS", True)),
    ],
)
def test_only_names_of_the_pipeline_stand_for_one_wcs(name: str, is_told: bool) -> None:
    found = edited_wcs(_version(name=name), [_version(40.0, name=name)])
    assert (found is not None) is is_told


def test_names_that_differ_are_two_solutions_and_the_next_version_is_looked_at() -> None:
    for name in ("IDC_w3m18525i", "IDC_zzz-FIT_REL_GAIAeDR3"):
        other = _version(40.0, name=name)
        assert edited_wcs(_version(), [other]) is None
        assert edited_wcs(_version(), [other, _version(40.0)]) is not None


def test_the_wcs_in_force_counts_and_only_in_files_from_outside() -> None:
    for key in ("A", "", "\t"):
        assert edited_wcs(_version(), [_version(40.0, key=key)]) is None
        assert edited_wcs(_version(key=key), [_version(40.0)]) is None
        assert edited_wcs(_version(), [_version(40.0, key=key), _version(40.0)]) is not None
    made = _version(40.0)
    made.derived_from = _version()
    assert edited_wcs(_version(), [made]) is None
    assert edited_wcs(made, [_version()]) is None
    assert edited_wcs(_version(), [made, _version(40.0)]) is not None


def test_a_wcs_without_chips_is_passed_over_for_one_that_has_some() -> None:
    bare = version_of()
    for column, value in RUN.items():
        setattr(bare, column, value)
    AlignmentSolution.found(bare, ingest(), _wcs())
    assert edited_wcs(_version(), [bare]) is None
    chip = replace(CHIP, crval_deg=(359.999, 60.0 + 40 * MAS_DEG))
    AlignmentSolution.found(bare, ingest(), _wcs(chip))
    assert edited_wcs(_version(), [bare]) is not None
