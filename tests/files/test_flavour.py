"""Makers of files, by their marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.domain.values import WcsFacts, WcsName
from skydb.domain.vocabulary import Flavour
from skydb.files.flavour import flavour_of_headerlet
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards, hdrtab

SVM_NAME = "hst_12812_50_wfc3_ir_f160w_ibxl50iv_flt.fits"
MVM_NAME = "hst_skycell-p1253x05y09_wfc3_ir_f160w_coarse-all-ibxl50iv_flt.fits"


def named(image: ImageBuilder, wcs_name: str | None) -> ImageBuilder:
    image.chips = [chip_cards(name=wcs_name)]
    return image


@pytest.mark.parametrize(
    "wcs_name",
    [
        None,
        "OPUS",
        "IDC_w3m18525i",
        "IDC_w3m18525i-GSC240",
        "IDC_w3m18525i-HSC30",
        "IDC_w3m18525i-FIT_REL_GAIAeDR3",
        "IDC_w3m18525i-FIT_IMG_GAIADR2",
        "IDC_w3m18525i-FIT_EVM_GAIADR2",
        "FIT_REL_GAIAeDR3",
    ],
)
def test_an_exposure_as_the_archive_serves_it_is_the_pipelines(
    image: ImageBuilder, wcs_name: str | None
) -> None:
    assert read_facts(named(image, wcs_name).write()).flavour is Flavour.PIPELINE


@pytest.mark.parametrize(
    "name", ["orig_ibxl50ivq_flt.fits", "mine_flt.fits", "ibxl50j1q_flt.fits", "ibxl50ivq.fits.gz"]
)
def test_what_a_copy_is_called_does_not_matter(image: ImageBuilder, name: str) -> None:
    image.path = image.path.with_name(name)
    assert read_facts(image.write()).flavour is Flavour.PIPELINE


@pytest.mark.parametrize(
    "wcs_name",
    ["TWEAK", "TWEAK_1", "MYFIX", "IDC_w3m18525i-MYFIX", "IDC_w3m18525i-FIT_User_GAIAeDR3"],
)
def test_a_wcs_that_no_pipeline_names_so_is_a_users(image: ImageBuilder, wcs_name: str) -> None:
    assert read_facts(named(image, wcs_name).write()).flavour is Flavour.USER


@pytest.mark.parametrize("missing", ["CAL_VER", "FILENAME"])
def test_an_exposure_that_lacks_what_the_pipeline_writes_is_a_users(
    image: ImageBuilder, missing: str
) -> None:
    del image.primary[missing]
    assert read_facts(image.write()).flavour is Flavour.USER


def test_an_old_exposure_may_name_its_calibration_otherwise(image: ImageBuilder) -> None:
    del image.primary["CAL_VER"]
    image.primary["OPUS_VER"] = "OPUS 2006_6"
    found = read_facts(image.write())
    assert (found.flavour, found.opus_ver) == (Flavour.PIPELINE, "OPUS 2006_6")


@pytest.mark.parametrize(
    ("name", "cards", "wcs_name"),
    [
        (SVM_NAME, {}, "IDC_w3m18525i-FIT_SVM_GAIAeDR3"),
        # Where no fit was found, the pipeline's own WCS stays in force.
        (SVM_NAME, {"FILENAME": SVM_NAME, "HAPLEVEL": 1}, "IDC_w3m18525i-FIT_REL_GAIAeDR3"),
        ("renamed_flt.fits", {"FILENAME": SVM_NAME}, "IDC_w3m18525i"),
        ("renamed_flt.fits", {"HAPLEVEL": 1}, "IDC_w3m18525i"),
        ("ibxl50ivq_flt.fits", {}, "IDC_w3m18525i-FIT_SVM_GAIAeDR3"),
        ("hst_9029_01_acs_wfc_f775w_j8ca01_flt.fits", {}, "OPUS"),
    ],
)
def test_a_visits_exposure_is_known_by_header_or_name(
    image: ImageBuilder, name: str, cards: dict[str, object], wcs_name: str
) -> None:
    image.path = image.path.with_name(name)
    image.primary |= cards
    assert read_facts(named(image, wcs_name).write()).flavour is Flavour.SVM


def test_the_pipeline_may_apply_the_headerlet_of_a_visits_product(image: ImageBuilder) -> None:
    headerlet = "hst_12812_50_wfc3_ir_f160w_ibxl50iv_flt_IDC_w3m18525i-FIT_SVM_GAIADR2-hlet.fits"
    image.chips = [chip_cards(name="IDC_w3m18525i-FIT_SVM_GAIADR2") | {"HDRNAME": headerlet}]
    assert read_facts(image.write()).flavour is Flavour.PIPELINE


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        # The copy that multi-visit processing makes keeps the FILENAME of its origin.
        (MVM_NAME, {"FILENAME": SVM_NAME, "HAPLEVEL": 1}),
        ("renamed_flt.fits", {"FILENAME": MVM_NAME}),
        ("renamed_flt.fits", {"SCELLID": "p1253x05y09"}),
        ("renamed_flt.fits", {"SKYCELL": "p1253x05y09"}),
    ],
)
def test_an_exposure_of_a_sky_cell_is_known_by_header_or_name(
    image: ImageBuilder, name: str, cards: dict[str, object]
) -> None:
    image.path = image.path.with_name(name)
    image.primary |= cards
    wcs_name = "IDC_w3m18525i-FIT_SVM_GAIAeDR3"
    assert read_facts(named(image, wcs_name).write()).flavour is Flavour.MVM


def test_a_fit_to_a_sky_cell_tells(image: ImageBuilder) -> None:
    found = read_facts(named(image, "IDC_w3m18525i-FIT_MVM_GAIAeDR3").write())
    assert found.flavour is Flavour.MVM


def test_the_sky_cells_that_the_pipeline_notes_in_every_exposure_say_nothing(
    image: ImageBuilder,
) -> None:
    image.chips = [chip_cards() | {"SKYCELL": "p1253x05y09; p1253x05y10"}]
    assert read_facts(image.write()).flavour is Flavour.PIPELINE


@pytest.mark.parametrize("cards", [{}, {"HAPLEVEL": 1, "FILENAME": SVM_NAME}])
def test_what_skydb_aligned_is_skydbs(image: ImageBuilder, cards: dict[str, object]) -> None:
    image.primary |= cards
    found = read_facts(named(image, "IDC_w3m18525i-FIT_SKYDB_gaia").write())
    assert found.flavour is Flavour.SKYDB


@pytest.mark.parametrize(
    ("filename", "wcs_name", "flavour"),
    [
        ("ibxl50030_drz.fits", "IDC_w3m18525i-FIT_REL_GAIAeDR3", Flavour.PIPELINE),
        ("ibxl50ivq_drz.fits", "IDC_w3m18525i", Flavour.PIPELINE),
        ("ibxl50030_drz.fits", "TWEAK", Flavour.USER),
        ("final_drz.fits", "IDC_w3m18525i-FIT_REL_GAIAeDR3", Flavour.USER),
        ("f160w_drz.fits", None, Flavour.USER),
        ("hst_12812_50_wfc3_ir_f160w_ibxl50_drz.fits", "IDC_w3m18525i", Flavour.SVM),
        ("hst_skycell-p1253x05y09_wfc3_ir_f160w_all_drz.fits", "IDC_w3m18525i", Flavour.MVM),
        ("final_drz.fits", "IDC_w3m18525i-FIT_SKYDB_gaia", Flavour.SKYDB),
    ],
)
def test_a_drizzled_product_has_the_name_that_its_maker_gave_it(
    image: ImageBuilder, filename: str, wcs_name: str | None, flavour: Flavour
) -> None:
    del image.primary["CAL_VER"]
    root = filename.removesuffix("_drz.fits")
    image.primary |= {"FILENAME": filename, "ROOTNAME": root, "NDRIZIM": 2}
    image.companions, image.extra = ("WHT",), [hdrtab("ibxl50ivq")]
    image.path = image.path.with_name("some_drz.fits")
    found = read_facts(named(image, wcs_name).write())
    assert (found.flavour, found.header_filename) == (flavour, filename)
    assert found.header_rootname == root


@pytest.mark.parametrize(
    ("hdr_name", "wcs_name", "flavour"),
    [
        (None, "IDC_w3m18525i-FIT_REL_GAIAeDR3", Flavour.PIPELINE),
        ("hst_12812_50_wfc3_ir_f160w_ibxl50iv_flt_x-hlet.fits", "IDC_x-FIT_IMG_g", Flavour.SVM),
        (None, "IDC_w3m18525i-FIT_SKYDB_gaia", Flavour.SKYDB),
        (None, "TWEAK", Flavour.USER),
    ],
)
def test_a_headerlet_has_the_flavour_of_its_solution(
    hdr_name: str | None, wcs_name: str, flavour: Flavour
) -> None:
    wcs = WcsFacts("", WcsName.parse(wcs_name), (), hdr_name=hdr_name)
    assert flavour_of_headerlet(Path("x_hlet.fits"), wcs) is flavour


class TestRealFiles:
    """Headers of real files."""

    @pytest.mark.parametrize(
        ("name", "flavour", "idctab_date"),
        [
            ("wfc3_ir_flt_stub.fits", Flavour.PIPELINE, "2012-03-22"),
            ("wfc3_uvis_flc_stub.fits", Flavour.PIPELINE, "2018-07-03"),
            ("headers/j94f05bgq_flt.fits", Flavour.PIPELINE, "2006-11-30"),
            ("headers/sample_mvm_drc_b.fits", Flavour.MVM, None),
        ],
    )
    def test_their_makers_are_known(
        self, test_data: Path, name: str, flavour: Flavour, idctab_date: str | None
    ) -> None:
        found = read_facts(test_data / name)
        assert (found.flavour, found.idctab_date) == (flavour, idctab_date)

    def test_an_old_exposure_without_a_wcsname_is_the_pipelines(self, acs_hrc_flt: Path) -> None:
        found = read_facts(acs_hrc_flt)
        assert (found.flavour, found.opus_ver) == (Flavour.PIPELINE, "OPUS 15.a")
