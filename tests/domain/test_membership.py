from __future__ import annotations

from dataclasses import replace

import pytest

from skydb.domain.members import MemberWcs
from skydb.domain.membership import DrizzledFrom, _apart_mas
from skydb.domain.values import FileFacts
from tests.domain.entities import CHIP, file_of, wcs
from tests.domain.shelves import ProductSet, delivery

NAME, WCS = "ibxl50iaq", "IDC_w3m18525i-GSC240"
MADE = {"cal_ver": "3.5.0", "idctab": "w3m18525i_idc.fits"}
KEPT = MemberWcs(
    NAME, 1, WCS, "w3m18525i_idc.fits", "3.5.0", CHIP.crval_deg, CHIP.crpix_pix, CHIP.cd_deg
)
MAS = 1 / 3.6e6


def product(*kept: MemberWcs, **facts: object) -> FileFacts:
    return replace(
        file_of("ibxl50010_drz.fits", "d" * 64, wcs(WCS)), member_wcs=kept, **{**MADE, **facts}
    )


def objection(told: FileFacts, wcs_name: str = WCS, **facts: object) -> str | None:
    version = ProductSet().add(delivery(NAME, **{**MADE, **facts}), wcs_name)
    return DrizzledFrom(told).objection(version)


def test_a_product_was_made_of_the_content_that_its_table_tells_of():
    assert objection(product(KEPT)) is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"cal_ver": "3.7.1"}, "its CAL_VER is 3.7.1, the product was made with 3.5.0"),
        ({"idctab": "7ah1533ai_idc.fits"}, "its IDCTAB is 7ah1533ai_idc.fits"),
    ],
)
@pytest.mark.parametrize(
    "told",
    [
        product(KEPT),
        product(replace(KEPT, cal_ver=None, idctab=None)),
        product(),
        product(replace(KEPT, rootname="ibxl50ibq")),
    ],
    ids=["in the table", "on the product", "no table", "a table of others"],
)
def test_a_member_of_another_calibration_is_not_what_was_drizzled(told, facts, said):
    assert said in str(objection(told, **facts))


@pytest.mark.parametrize("told", [product(KEPT), product()], ids=["table", "product"])
def test_a_member_with_another_wcsname_is_not_what_was_drizzled(told):
    assert "its WCS is IDC_w3m18525i-FIT_SVM_GAIAeDR3" in str(
        objection(told, "IDC_w3m18525i-FIT_SVM_GAIAeDR3")
    )


@pytest.mark.parametrize(
    "moved",
    [
        {"crval_deg": (CHIP.crval_deg[0], CHIP.crval_deg[1] + 1.0 * MAS)},
        {"crval_deg": (CHIP.crval_deg[0] + 1.0 * MAS, CHIP.crval_deg[1])},
        {"crpix_pix": (CHIP.crpix_pix[0] + 0.01, CHIP.crpix_pix[1])},
        {"cd_deg": (CHIP.cd_deg[0] * 1.00001, *CHIP.cd_deg[1:])},
        {"cd_deg": (CHIP.cd_deg[0], 1e-9, *CHIP.cd_deg[2:])},
    ],
    ids=lambda moved: next(iter(moved)),
)
def test_another_wcs_of_the_same_name_is_another_wcs(moved):
    assert "is not the one that the product was drizzled with" in str(
        objection(product(replace(KEPT, **moved)))
    )


def test_what_two_headers_round_differently_is_one_wcs():
    near = replace(KEPT, crval_deg=(CHIP.crval_deg[0] + 0.1 * MAS, CHIP.crval_deg[1] - 0.1 * MAS))
    assert objection(product(near)) is None
    pixels = tuple(one + 5e-4 for one in CHIP.crpix_pix)
    assert objection(product(replace(KEPT, crpix_pix=pixels))) is None
    terms = tuple(one * (1 + 5e-7) for one in CHIP.cd_deg)
    assert objection(product(replace(KEPT, cd_deg=terms))) is None


def test_what_neither_header_tells_is_no_objection():
    bare = MemberWcs(NAME, 1)
    assert objection(product(bare, cal_ver=None, idctab=None)) is None
    assert objection(product(KEPT), cal_ver=None, idctab=None) is None


@pytest.mark.parametrize("other", ["ibxl50iaa", "ibxl50ibq", "a", "z"])
def test_what_a_table_keeps_of_other_members_is_theirs(other):
    far = replace(KEPT, rootname=other, crval_deg=(10.0, 10.0))
    own = replace(KEPT, rootname="".join(NAME))
    assert objection(product(far, own)) is None
    assert objection(product(far, replace(own, crval_deg=(10.0, 10.0)))) is not None


def test_positions_are_apart_by_their_arc_on_the_sky():
    # A degree of right ascension is half a degree there.
    assert _apart_mas((10.0 + MAS, 60.0), (10.0, 60.0)) == pytest.approx(0.5, rel=1e-4)
    assert _apart_mas((10.0, 60.0 + MAS), (10.0, 60.0)) == pytest.approx(1.0, rel=1e-4)
    for pair in (((359.9999, 0.0), (0.0001, 0.0)), ((0.0001, 0.0), (359.9999, 0.0))):
        assert _apart_mas(*pair) == pytest.approx(0.0002 / MAS, rel=1e-6)
