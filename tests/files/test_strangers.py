"""Headerlets of other exposures: by their DESTIM, their place and the name of their file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from skydb.domain.values import WcsFacts
from skydb.files.headerlets import read_headerlet
from skydb.files.names import name_contradiction
from skydb.files.reader import read_facts
from skydb.files.strangers import other_destination, stranger
from tests.domain.entities import CHIP, wcs
from tests.files.builders import ImageBuilder, chip_cards
from tests.files.headerlet_builder import NAME, append_hdrlet, headerlet_bytes


@pytest.mark.parametrize(
    ("destination", "is_other"),
    [
        ("ibxl50ivq", False), ("IBXL50IVQ", False), ("ibxl50ivj", False), ("ibxl50ivq_flt", False),
        ("ibxl50iwq", True), ("jabc01xyq", True), ("ibxl50030", False), ("", False),
        ("hst_12812", False),
    ],
)  # fmt: skip
def test_a_headerlet_is_for_the_exposure_of_its_file(destination: str, is_other: bool) -> None:
    """The last letter is the way to the ground; a name of an association has a digit there."""
    assert other_destination(destination, (None, "ibxl50ivq")) is is_other
    assert other_destination(destination, ("ibxl50030", "ibxl50ivq")) is is_other
    assert not other_destination(destination, ("ibxl50030", None))


@pytest.mark.parametrize("destination", ["ibxl50ivq", "ibxl51ivq"])
def test_a_headerlet_inside_an_image_of_another_exposure_is_doubted(
    image: ImageBuilder, destination: str
) -> None:
    found = read_facts(append_hdrlet(image.write(), headerlet_bytes(destination=destination)))
    doubts = [doubt for doubt in found.doubts if "headerlet" in doubt]
    assert len(doubts) == (destination != "ibxl50ivq")
    assert all(
        f"HDRLET,1 is a headerlet for {destination} (DESTIM), and the file is of ibxl50ivq" in doubt
        for doubt in doubts
    )


def _moved(ra_deg: float, dec_deg: float, turn_deg: float = 0.0) -> WcsFacts:
    first, second, third, fourth = CHIP.cd_deg
    cos, sin = (getattr(math, name)(math.radians(turn_deg)) for name in ("cos", "sin"))
    cd = (
        cos * first - sin * third, cos * second - sin * fourth,
        sin * first + cos * third, sin * second + cos * fourth,
    )  # fmt: skip
    crval = (CHIP.crval_deg[0] + ra_deg, CHIP.crval_deg[1] + dec_deg)
    return replace(wcs(), hdr_name="h", chips=(replace(CHIP, crval_deg=crval, cd_deg=cd),))


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ((0.0, 0.0), None), ((0.05, 0.05), None), ((0.0, 0.0, 0.9), None), ((360.0, 0.0), None),
        ((0.0, 1.0), "60 arcmin away from"), ((0.0, 0.0, 5.0), "turned by -5.0 degrees from"),
        ((0.0, 0.0, -181.0), "turned by -179.0 degrees from"),
    ],
)  # fmt: skip
def test_a_headerlet_far_from_every_wcs_of_the_exposure_is_doubted(
    moved: tuple[float, ...], said: str | None
) -> None:
    found = stranger(_moved(*moved), [_moved(0.0, 0.0)], "x")
    assert found == (said and f"its headerlet h is {said} the WCS of x: it is of another exposure.")
    assert stranger(_moved(*moved), [], "x") is None
    assert stranger(_moved(*moved), [_moved(0.0, 0.0), _moved(*moved)], "x") is None


def test_a_headerlet_at_another_place_inside_an_image_is_doubted(image: ImageBuilder) -> None:
    payload = headerlet_bytes([chip_cards((86.0, -2.45), name=NAME)])
    (doubt,) = (
        doubt
        for doubt in read_facts(append_hdrlet(image.write(), payload)).doubts
        if "headerlet" in doubt
    )
    assert doubt.endswith("45 arcmin away from the WCS of its headers: it is of another exposure.")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("ibxl50ivq_hlet.fits", None), ("x_hlet.fits", None), ("orig_ibxl50ivq_hlet.fits", None),
        (f"ibxl50ivq_flt_{NAME}-hlet.fits", None), ("ibxl50ivq_IDC_u1r8349hj_hlet.fits", None),
        (f"hst_12812_50_wfc3_ir_f160w_ibxl50iv_flt_{NAME}-hlet.fits.gz", None),
        ("IDC_u1r8349hj-GSC240_hlet.fits", None), ("nicmosfits_hlet.fits", None),
        ("ibxl51ivq_hlet.fits", "ibxl51ivq"), (f"ibxl50iwq_flt_{NAME}-hlet.fits", "ibxl50iwq"),
    ],
)  # fmt: skip
def test_a_headerlet_under_the_name_of_another_exposure_is_named(
    image: ImageBuilder, tmp_path: Path, name: str, named: str | None
) -> None:
    path = tmp_path / name
    path.write_bytes(headerlet_bytes())
    headerlet = read_headerlet(path)
    assert headerlet is not None
    said = name_contradiction(headerlet.of_exposure(read_facts(image.write()).facts))
    is_by_header = f"it is named {named}, and is ibxl50ivq by its header, which is used."
    assert said == (named and is_by_header)
