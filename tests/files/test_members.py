"""Exposures of a drizzled product, by its header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.members import MemberWcs
from skydb.domain.values import FileFacts
from skydb.errors import NotHstImageError, UnreadableFileError
from skydb.files.members import exposure_named_in
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, hdrtab


def product_with(image: ImageBuilder, table: fits.BinTableHDU) -> FileFacts:
    image.path = image.path.with_name("ibxl50030_drz.fits")
    image.primary |= {"ROOTNAME": "ibxl50030", "NDRIZIM": 2}
    image.companions, image.extra = ("WHT",), [table]
    return read_facts(image.write())


def full_table(**more: fits.Column) -> fits.BinTableHDU:
    columns = {
        "ROOTNAME": fits.Column("ROOTNAME", "9A", array=["IBXL50IVQ", "ibxl50iv q"]),
        "EXTVER": fits.Column("EXTVER", "K", array=[1, 2]),
        "FLAGS": fits.Column("FLAGS", "11X", array=np.zeros((2, 11), bool)),
        "WCSNAME": fits.Column("WCSNAME", "14A", array=["IDC_w3m18525i", ""]),
        "IDCTAB": fits.Column("IDCTAB", "23A", array=["iref$w3m18525i_idc.fits", "N/A"]),
        "CAL_VER": fits.Column("CAL_VER", "8A", array=["3.7.1", "INDEF"]),
        "CRVAL1": fits.Column("CRVAL1", "D", array=[85.259645377789, 1.0]),
        "CRVAL2": fits.Column("CRVAL2", "E", array=[-2.5, np.nan]),
        "CRPIX1": fits.Column("CRPIX1", "J", array=[507, 1]),
        "CRPIX2": fits.Column("CRPIX2", "I", array=[508, 1]),
        **{name: fits.Column(name, "D", array=[i, 1.0]) for i, name in enumerate(CD)},
    }
    return fits.BinTableHDU.from_columns(list((columns | more).values()), name="HDRTAB")


CD = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")


def test_a_row_has_the_wcs_that_its_chip_was_drizzled_with(image: ImageBuilder) -> None:
    first, _ = product_with(image, full_table()).member_wcs
    assert first == MemberWcs(
        rootname="ibxl50ivq",
        extver=1,
        wcs_name="IDC_w3m18525i",
        idctab="w3m18525i_idc.fits",
        cal_ver="3.7.1",
        crval_deg=(85.259645377789, -2.5),
        crpix_pix=(507.0, 508.0),
        cd_deg=(0.0, 1.0, 2.0, 3.0),
    )


def test_no_value_is_none(image: ImageBuilder) -> None:
    found = product_with(image, full_table())
    _, second = found.member_wcs
    assert (second.wcs_name, second.idctab, second.cal_ver) == (None, None, None)
    assert (second.crval_deg, second.crpix_pix, second.cd_deg) == (None, (1.0, 1.0), (1.0,) * 4)


def test_columns_that_are_not_there_are_none(image: ImageBuilder) -> None:
    found = product_with(image, hdrtab("ibxl50ivq", "ibxl50j1q"))
    assert found.members == ("ibxl50ivq", "ibxl50j1q")
    assert found.member_wcs == (MemberWcs("ibxl50ivq", 1), MemberWcs("ibxl50j1q", 1))


def test_a_column_of_another_kind_is_not_read(image: ImageBuilder) -> None:
    odd = full_table(
        CRPIX1=fits.Column("CRPIX1", "3A", array=["507", "1"]),
        CRVAL1=fits.Column("CRVAL1", "2D", array=np.ones((2, 2))),
        WCSNAME=fits.Column("WCSNAME", "K", array=[1, 2]),
    )
    first, _ = product_with(image, odd).member_wcs
    assert (first.crpix_pix, first.crval_deg, first.wcs_name) == (None, None, None)


def test_exposures_of_an_association_are_told_apart_by_expname(image: ImageBuilder) -> None:
    names = ["o4k19ac1q", "o4k19ac2q"]
    table = full_table(
        ROOTNAME=fits.Column("ROOTNAME", "9A", array=["o4k19a010"] * 2),
        EXPNAME=fits.Column("EXPNAME", "9A", array=names),
    )
    found = product_with(image, table)
    assert found.members == tuple(names)
    assert [row.rootname for row in found.member_wcs] == names


@pytest.mark.parametrize(
    ("rootname", "expname", "exposure"),
    [
        ("ibxl50ivq", "ibxl50ivq", "ibxl50ivq"),
        ("IBXL50IVQ ", None, "ibxl50ivq"),
        ("o4k19a010", "O4K19AC1Q", "o4k19ac1q"),
        ("ibxl50ivq", "no name", "ibxl50ivq"),
        ("f160w_match", None, "f160w_match"),
        (None, "o4k19ac1q", "o4k19ac1q"),
        (None, None, None),
    ],
)
def test_expname_counts_before_rootname(
    rootname: str | None, expname: str | None, exposure: str | None
) -> None:
    assert exposure_named_in(rootname, expname) == exposure


@pytest.mark.parametrize(
    ("keyword", "value"), [("TFORM3", "nonsense"), ("TFIELDS", 99), ("NAXIS1", 5)]
)
def test_a_table_whose_header_lies_is_unreadable(
    image: ImageBuilder, keyword: str, value: object
) -> None:
    path = image.path.with_name("ibxl50030_drz.fits")
    product_with(image, full_table())
    content = path.read_bytes()
    at = content.rindex(f"{keyword:<8}=".encode())
    card = str(fits.Card(keyword, value)).encode()
    path.write_bytes(content[:at] + card + content[at + 80 :])
    with pytest.raises(UnreadableFileError, match="HDRTAB is damaged"):
        read_facts(path)


def test_a_mosaic_of_a_sky_cell_keeps_the_wcs_of_its_twelve_chips(test_data: Path) -> None:
    found = read_facts(test_data / "headers" / "sample_mvm_drc_b.fits").member_wcs
    assert [row.extver for row in found] == [1, 2] * 6
    assert {row.wcs_name for row in found} == {"IDC_4bb1536oj-FIT_SVM_GSC242"}
    assert {row.idctab for row in found} == {"4bb1536oj_idc.fits"}
    assert {row.cal_ver for row in found} == {"10.3.5 (08-Feb-2022)"}
    assert found[0].rootname == "j8vo01kfq"
    assert found[0].crval_deg == pytest.approx((179.48471355, 55.47), abs=0.05)
    assert found[0].crpix_pix == (2048.0, 1024.0)
    assert found[0].cd_deg is not None
    assert found[0].cd_deg[0] == pytest.approx(8.70272467e-06, rel=1e-8)


def test_a_mosaic_that_names_no_exposure_is_of_the_visit_of_its_association(
    image: ImageBuilder,
) -> None:
    image.path = image.path.with_name("final_drz.fits")
    image.companions = ("WHT",)
    image.primary |= {"ROOTNAME": "final", "FILENAME": "final_drz.fits", "NDRIZIM": 2}
    image.primary["ASN_ID"] = "IBXL51030"
    found = read_facts(image.write())
    assert (str(found.facts.rootname), found.members) == ("ibxl51030", ())
    image.path.unlink()
    image.primary["ASN_ID"] = "NONE"
    with pytest.raises(NotHstImageError, match="neither HDRTAB nor D001DATA nor ASN_ID names"):
        read_facts(image.write())
