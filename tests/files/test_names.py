"""Facts from names of files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import ProductKind
from skydb.files.names import exposure_named, name_contradiction, product_named
from tests.domain.entities import facts_of, file_of


@pytest.mark.parametrize("name", ["ibxl50clq_flt.fits", "dir/JB4M01A1Q_FLC.fits", "u2n9a_flt.fits"])
def test_the_rootname_of_an_exposure_is_in_its_name(name):
    if name.startswith("u2"):
        with pytest.raises(ValueError, match="not named as"):
            exposure_named(name)
    else:
        assert exposure_named(name).text in ("ibxl50clq", "jb4m01a1q")


def test_a_product_has_a_rootname_and_a_kind():
    rootname, kind = product_named("ibxl50030_drz.fits.gz")
    assert (rootname.text, kind) == ("ibxl50030", ProductKind.DRZ)


def test_the_waivered_form_of_an_exposure_is_the_exposure():
    assert product_named("u40x010hm_c0h.fits") == product_named("u40x010hm_c0m.fits")


@pytest.mark.parametrize(
    "name",
    ["horsehead_flt.fits", "f160w_drz.fits", "ibxl50clq_flt_copy.fits", "ibxl50clq.fits", ""],
)
def test_names_that_users_gave_are_not_guessed_at(name):
    with pytest.raises(ValueError, match="not named as the pipeline"):
        product_named(name)


@pytest.mark.parametrize("name", ["ibxl50030_flt.fits", "j8bt06011_crj.fits", "ibxl50clq_drz.fits"])
def test_what_combines_exposures_is_none(name):
    with pytest.raises(ValueError, match="combines several"):
        exposure_named(name)


def file_named(
    name: str, header_rootname: str, header_filename: str | None = None, *members: str
) -> FileFacts:
    file = replace(
        file_of("ibxl50030_drz.fits" if "_drz" in name else "ibxl50ivq_flt.fits"), path=Path(name)
    )
    combined = file.kind.is_combined
    rootname = members[0] if combined and len(header_rootname) != 9 else header_rootname
    facts = replace(facts_of(rootname), asn_id="ibxl50030")
    return replace(
        file,
        facts=facts,
        header_rootname=header_rootname,
        header_filename=header_filename,
        members=members,
    )


@pytest.mark.parametrize(
    ("name", "rootname"),
    [
        ("ibxl50ivq_flt.fits", "ibxl50ivq"),
        ("IBXL50IVQ_FLT.FITS.GZ", "ibxl50ivq"),
        ("orig_ibxl50ivq_flt.fits", "ibxl50ivq"),
        ("hst_12812_50_wfc3_ir_f160w_ibxl50iv_flt.fits", "ibxl50ivq"),
        ("horsehead.fits", "ibxl50ivq"),
        ("my_image_flt.fits", "ibxl50ivq"),
        ("uncropped_flt.fits", "ibxl50ivq"),
    ],
)
def test_a_name_that_agrees_or_says_nothing_contradicts_nothing(name: str, rootname: str) -> None:
    assert name_contradiction(file_named(name, rootname)) is None


@pytest.mark.parametrize(
    "name",
    [
        "ibxl50j1q_flt.fits",
        "backup_ibxl50j1q_flt.fits",
        "hst_12812_50_wfc3_ir_f160w_ibxl50j1_flt.fits",
    ],
)
def test_a_name_of_another_exposure_contradicts_the_header(name: str) -> None:
    said = name_contradiction(file_named(name, "ibxl50ivq"))
    assert said is not None
    assert "is ibxl50ivq by its header, which is used" in said


def test_an_exposure_of_an_association_may_be_named_after_either() -> None:
    exposure = replace(file_named("x_flt.fits", "o4k19ac1q"), header_rootname="o4k19a010")
    for name in ("o4k19a010_flt.fits", "o4k19ac1q_flt.fits"):
        assert name_contradiction(replace(exposure, path=Path(name))) is None
    assert name_contradiction(replace(exposure, path=Path("o4k19ac2q_flt.fits")))


@pytest.mark.parametrize(
    ("name", "header_rootname", "is_good"),
    [
        ("ibxl50030_drz.fits", "ibxl50030", True),
        ("ibxl50ivq_drz.fits", "f160w", True),
        ("ibxl50030_drz.fits", "f160w", True),
        ("f160w_drz.fits", "f160w", True),
        ("ibxl51030_drz.fits", "ibxl50030", False),
    ],
)
def test_a_product_may_be_named_after_its_association_or_a_member(
    name: str, header_rootname: str, is_good: bool
) -> None:
    said = name_contradiction(file_named(name, header_rootname, None, "ibxl50ivq"))
    assert (said is None) is is_good
