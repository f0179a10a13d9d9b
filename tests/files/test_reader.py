"""One reading of one file."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.domain.values import FileFacts, Rootname, WcsName, julian_epoch, plate_scale_arcsec
from skydb.domain.vocabulary import ProductKind, SkyUnit, WcsKind
from skydb.errors import (
    FileRejectedError,
    NotHstImageError,
    TruncatedFileError,
    UnreadableFileError,
)
from skydb.files.reader import read_facts
from tests.files.builders import WFC3_IR, ImageBuilder, chip_cards, hdrtab


def drizzled(image: ImageBuilder, name: str = "ibxl50030_drz.fits") -> ImageBuilder:
    image.path = image.path.with_name(name)
    image.primary |= {"ROOTNAME": "ibxl50030", "FILENAME": name, "NDRIZIM": 2}
    image.companions = ("WHT",)
    return image


def test_an_exposure_is_described_by_its_primary_header(image: ImageBuilder) -> None:
    found = read_facts(image.write())
    assert found.kind is ProductKind.FLT
    assert found.facts.rootname == Rootname("ibxl50ivq")
    assert found.facts.proposal_id == 12812
    assert (found.facts.instrument, found.facts.detector) == ("WFC3", "IR")
    assert (found.facts.filters, found.facts.exptime_s) == ("F160W", 502.936462)
    assert julian_epoch(found.facts.expstart_mjd) == pytest.approx(2012.8679, abs=1e-4)
    assert found.facts.asn_id == "ibxl50030"
    assert found.idctab == "w3m18525i_idc.fits"
    assert found.size_bytes == image.path.stat().st_size


@pytest.mark.parametrize(
    ("cards", "detector", "filters"),
    [
        (
            {"INSTRUME": "ACS", "DETECTOR": "WFC", "FILTER1": "F606W", "FILTER2": "CLEAR2L"},
            "WFC",
            "F606W",
        ),
        (
            {"INSTRUME": "ACS", "DETECTOR": "HRC", "FILTER1": "F606W", "FILTER2": "POL0V"},
            "HRC",
            "F606W;POL0V",
        ),
        (
            {"INSTRUME": "ACS", "DETECTOR": "SBC", "FILTER1": "F125LP", "FILTER2": "N/A"},
            "SBC",
            "F125LP",
        ),
        (
            {"INSTRUME": "ACS", "DETECTOR": "WFC", "FILTER1": "CLEAR1L", "FILTER2": "CLEAR2L"},
            "WFC",
            "CLEAR",
        ),
        ({"INSTRUME": "WFPC2", "FILTNAM1": "F814W", "FILTNAM2": " "}, "WFPC2", "F814W"),
        (
            {"INSTRUME": "STIS", "DETECTOR": "CCD", "OPT_ELEM": "MIRVIS", "FILTER": "Clear"},
            "CCD",
            "MIRVIS",
        ),
        ({"INSTRUME": "NICMOS", "CAMERA": 3, "FILTER": "F160W"}, "NIC3", "F160W"),
        ({"INSTRUME": "WFC3", "DETECTOR": "UVIS", "FILTER": "F606W"}, "UVIS", "F606W"),
    ],
)
def test_every_camera_has_its_own_words_for_detector_and_filters(
    image: ImageBuilder, cards: dict[str, object], detector: str, filters: str
) -> None:
    for key in ("DETECTOR", "FILTER"):
        del image.primary[key]
    image.primary |= cards
    scale = plate_scale_arcsec(str(cards["INSTRUME"]), detector)
    assert scale is not None
    image.chips = [chip_cards(scale_arcsec=scale)]
    found = read_facts(image.write()).facts
    assert (found.detector, found.filters) == (detector, filters)


@pytest.mark.parametrize("suffix", ["flt", "flc", "crj", "c0m", "cal", "sx2", "mos", "crc"])
def test_the_name_tells_the_kind_of_product(image: ImageBuilder, suffix: str) -> None:
    image.path = image.path.with_name(f"ibxl50ivq_{suffix}.fits")
    assert read_facts(image.write()).kind.value == suffix


def test_a_renamed_file_is_known_by_the_name_it_was_written_with(image: ImageBuilder) -> None:
    image.path = image.path.with_name("horsehead.fits")
    assert read_facts(image.write()).kind is ProductKind.FLT


def test_a_drizzled_header_under_an_exposures_name_is_not_believed(image: ImageBuilder) -> None:
    drizzled(image, "ibxl50030_flt.fits")
    with pytest.raises(NotHstImageError, match="named flt but its header shows a drizzled"):
        read_facts(image.write())


def test_stis_times_are_found_in_the_extension(image: ImageBuilder) -> None:
    del image.primary["EXPTIME"]
    image.chips[0]["EXPTIME"] = 30.0
    assert read_facts(image.write()).facts.exptime_s == 30.0


def test_gzip_is_read_like_the_plain_file(image: ImageBuilder) -> None:
    plain = image.write()
    packed = plain.with_name("ibxl50ivq_flt.fits.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_facts(packed).solutions == read_facts(plain).solutions


def test_members_of_a_product_come_from_its_table_once_each(image: ImageBuilder) -> None:
    drizzled(image).extra = [hdrtab("ibxl50ivq", "ibxl50ivq", "ibxl50j1q")]
    found = read_facts(image.write())
    assert found.kind is ProductKind.DRZ
    assert found.members == ("ibxl50ivq", "ibxl50j1q")
    assert found.facts.rootname.text == "ibxl50030"


def test_members_of_a_product_without_a_table_come_from_its_cards(image: ImageBuilder) -> None:
    drizzled(image).primary |= {
        "D001DATA": "ibxl50ivq_flt.fits[sci,1]",
        "D002DATA": "hst_skycell-p1_wfc3-ibxl50j1_flc.fits[sci,2]",
    }
    assert read_facts(image.write()).members == ("ibxl50ivq", "ibxl50j1")


def test_a_product_with_a_name_of_its_own_goes_under_its_first_member(image: ImageBuilder) -> None:
    drizzled(image, "f160w_match_drz.fits").primary["ROOTNAME"] = "f160w_match"
    image.extra = [hdrtab("ibxl50ivq")]
    assert read_facts(image.write()).facts.rootname.text == "ibxl50ivq"


def test_a_product_may_announce_a_context_it_does_not_have(image: ImageBuilder) -> None:
    drizzled(image).primary["NEXTEND"] = 4
    assert read_facts(image.write()).kind is ProductKind.DRZ


def test_what_drizzled_a_product_is_remembered(image: ImageBuilder) -> None:
    drizzled(image).primary["PROD_VER"] = "DrizzlePac 3.11.0"
    assert read_facts(image.write()).tool_version == "DrizzlePac 3.11.0"


def test_sky_values_have_the_unit_of_the_image(image: ImageBuilder) -> None:
    image.chips[0]["MDRIZSKY"] = 0.75
    (sky,) = read_facts(image.write()).skies
    assert (sky.extver, sky.mdrizsky, sky.unit) == (1, 0.75, SkyUnit.ELECTRON_PER_S)


@pytest.mark.parametrize(
    ("bunit", "unit"),
    [
        ("ELECTRONS", SkyUnit.ELECTRON),
        ("COUNTS", SkyUnit.COUNT),
        ("COUNTS/S", SkyUnit.COUNT_PER_S),
        ("DN", SkyUnit.COUNT),
        ("JY", None),
        ("", None),
    ],
)
def test_an_unknown_unit_is_no_unit(image: ImageBuilder, bunit: str, unit: SkyUnit | None) -> None:
    image.bunit = bunit
    assert read_facts(image.write()).skies[0].unit is unit


def test_the_sky_of_a_product_is_of_its_inputs_so_its_unit_is_not_known(
    image: ImageBuilder,
) -> None:
    drizzled(image).chips[0]["MDRIZSKY"] = 2.2
    (sky,) = read_facts(image.write()).skies
    assert (sky.mdrizsky, sky.unit) == (2.2, None)


def test_an_exposure_without_sky_has_none(image: ImageBuilder) -> None:
    assert read_facts(image.write()).skies[0].mdrizsky is None


@pytest.mark.parametrize("cut", [1, 100, 2880, 3000, 9000, 15000])
def test_a_truncated_file_is_rejected_with_a_reason(image: ImageBuilder, cut: int) -> None:
    path = image.write()
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.raises(TruncatedFileError, match="truncated"):
        read_facts(path)


def test_every_truncation_is_noticed_even_between_two_extensions(image: ImageBuilder) -> None:
    path = image.write()
    content = path.read_bytes()
    for size in range(720, len(content), 720):
        path.write_bytes(content[:size])
        with pytest.raises(TruncatedFileError):
            read_facts(path)


def test_a_file_that_lost_only_its_headerlets_is_whole(image: ImageBuilder) -> None:
    image.primary["NEXTEND"] = 12
    found = read_facts(image.write())
    assert found.kind is ProductKind.FLT
    assert found.flaws == ("NEXTEND announces 12 extensions, 3 exist.",)


def test_a_truncated_gzip_is_truncated(image: ImageBuilder) -> None:
    packed = image.path.with_name("ibxl50ivq_flt.fits.gz")
    packed.write_bytes(gzip.compress(image.write().read_bytes())[:-20])
    with pytest.raises(TruncatedFileError, match="gzip stream ends early"):
        read_facts(packed)


def test_a_damaged_gzip_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "ibxl50ivq_flt.fits.gz"
    path.write_bytes(b"\x1f\x8bnonsense that is no deflate stream")
    with pytest.raises(UnreadableFileError, match="damaged gzip"):
        read_facts(path)


def test_an_empty_file_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "ibxl50ivq_flt.fits"
    path.touch()
    with pytest.raises(TruncatedFileError, match="empty"):
        read_facts(path)


def test_text_under_a_fits_name_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "ibxl50ivq_flt.fits"
    path.write_text("<html>404 not found</html>" * 200)
    with pytest.raises(UnreadableFileError, match="not a FITS file"):
        read_facts(path)


@pytest.mark.parametrize("name", ["missing_flt.fits", "directory_flt.fits"])
def test_what_the_system_cannot_open_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory_flt.fits").mkdir()
    with pytest.raises(UnreadableFileError, match=r"cannot be read|could not be searched"):
        read_facts(tmp_path / name)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
)
def test_a_forbidden_file_is_unreadable(image: ImageBuilder) -> None:
    path = image.write()
    path.chmod(0)
    with pytest.raises(UnreadableFileError, match="Permission denied"):
        read_facts(path)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"TELESCOP": "JWST"}, "TELESCOP is 'JWST'"),
        ({"TELESCOP": ""}, "no TELESCOP"),
        ({"ROOTNAME": ""}, "no ROOTNAME"),
        ({"ROOTNAME": "nonsense"}, "not a rootname of nine characters"),
        ({"OBSTYPE": "SPECTROSCOPIC"}, "a spectrum"),
        ({"INSTRUME": "COS"}, "COS is not a camera"),
        ({"PROPOSID": ""}, "no PROPOSID"),
        ({"EXPTIME": ""}, "no EXPTIME"),
        ({"DETECTOR": ""}, "no DETECTOR"),
    ],
)
def test_what_is_not_an_hst_image_is_rejected_with_a_reason(
    image: ImageBuilder, cards: dict[str, object], reason: str
) -> None:
    image.primary |= cards
    with pytest.raises(NotHstImageError, match=reason):
        read_facts(image.write())


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("asn", "association table"),
        ("spt", "support file"),
        ("raw", "raw data"),
        ("ima", "intermediate"),
        ("hlet", "headerlet"),
        ("xyz", "does not show which product"),
    ],
)
def test_other_products_of_the_archive_are_rejected_by_name(
    image: ImageBuilder, suffix: str, reason: str
) -> None:
    image.path = image.path.with_name(f"ibxl50ivq_{suffix}.fits")
    del image.primary["FILENAME"]
    with pytest.raises(NotHstImageError, match=reason):
        read_facts(image.write())


def test_a_file_without_a_science_image_is_rejected(image: ImageBuilder) -> None:
    image.chips = []
    with pytest.raises(NotHstImageError, match="no SCI image extension"):
        read_facts(image.write())


def test_tile_compressed_images_are_rejected_with_advice(image: ImageBuilder) -> None:
    packed = image.path.with_name("packed_flt.fits")
    with fits.open(image.write()) as hdus:
        science = fits.CompImageHDU(hdus[1].data, hdus[1].header)
        fits.HDUList([hdus[0], science]).writeto(packed)
    with pytest.raises(NotHstImageError, match="funpack"):
        read_facts(packed)


def test_special_records_after_the_last_extension_are_harmless(image: ImageBuilder) -> None:
    path = image.write()
    path.write_bytes(path.read_bytes() + b"\0" * 2880)
    assert read_facts(path).facts.rootname.text == "ibxl50ivq"


def test_bytes_outside_ascii_do_not_matter(image: ImageBuilder) -> None:
    path = image.write()
    path.write_bytes(path.read_bytes().replace(b"HORSEHEAD", b"HORSEHE\xc4D"))
    assert read_facts(path).facts.target_name == "HORSEHE?D"


def test_an_unparsable_card_is_named(image: ImageBuilder) -> None:
    path = image.write()
    content = path.read_bytes()
    at = content.index(b"PROPOSID=")
    path.write_bytes(content[:at] + b"PROPOSID= 'unclosed".ljust(80) + content[at + 80 :])
    with pytest.raises(FileRejectedError, match="PROPOSID"):
        read_facts(path)


class TestRealFiles:
    """Headers of real exposures."""

    def test_wfc3_ir(self, test_data: Path) -> None:
        found = read_facts(test_data / "wfc3_ir_flt_stub.fits")
        facts = found.facts
        assert (facts.rootname.text, facts.proposal_id) == ("ib4606cpq", 11665)
        assert (facts.instrument, facts.detector, facts.filters) == ("WFC3", "IR", "F110W")
        assert facts.exptime_s == pytest.approx(699.232, abs=1e-3)
        assert found.idctab == "w3m18525i_idc.fits"
        primary = found.primary
        assert primary.name == WcsName(
            "IDC_w3m18525i-FIT_REL_GAIAeDR3", WcsKind.FIT, "w3m18525i", "REL", "GAIAeDR3"
        )
        assert primary.quality.nmatches == 276
        assert primary.quality.rms_ra_mas == pytest.approx(9.6275, abs=1e-4)
        assert [s.key for s in found.solutions] == [" ", "A", "B", "O"]
        assert found.skies[0].mdrizsky == 0.0

    def test_wfc3_uvis_has_two_chips_that_count_the_other_way(self, test_data: Path) -> None:
        found = read_facts(test_data / "wfc3_uvis_flc_stub.fits")
        assert found.kind is ProductKind.FLC
        assert [(c.extver, c.ccdchip) for c in found.primary.chips] == [(1, 2), (2, 1)]
        assert found.skies[1].unit is SkyUnit.ELECTRON

    def test_a_mosaic_of_a_sky_cell(self, test_data: Path) -> None:
        found = read_facts(test_data / "headers" / "sample_mvm_drc_b.fits")
        assert found.kind is ProductKind.DRC
        assert len(found.members) == 6
        assert found.facts.rootname.text == found.members[0] == "j8vo01kfq"
        assert found.facts.filters == "F435W"
        assert found.tool_version is not None
        assert found.tool_version.startswith("DrizzlePac 3.2.0")

    def test_an_old_acs_exposure_has_one_sky_for_both_chips(self, test_data: Path) -> None:
        found = read_facts(test_data / "headers" / "j94f05bgq_flt.fits")
        assert [sky.mdrizsky for sky in found.skies] == [pytest.approx(115.91957)] * 2
        assert found.primary.chips[0].naxis_pix == (1, 1)

    def test_acs_hrc(self, acs_hrc_flt: Path) -> None:
        found = read_facts(acs_hrc_flt)
        assert (found.facts.detector, found.facts.filters) == ("HRC", "F606W")
        assert found.facts.proposal_id == 9019
        assert found.primary.chips[0].naxis_pix == (1024, 1024)

    def test_reading_changes_nothing(self, acs_hrc_flt: Path, tmp_path: Path) -> None:
        copy = Path(shutil.copy(acs_hrc_flt, tmp_path))
        before = copy.read_bytes()
        assert isinstance(read_facts(copy), FileFacts)
        assert copy.read_bytes() == before


def test_the_builder_makes_files_that_astropy_finds_whole(image: ImageBuilder) -> None:
    image.chips = [chip_cards(), chip_cards()]
    with fits.open(image.write()) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", *["SCI", "ERR", "DQ"] * 2]
        assert hdus[0].header["PROPOSID"] == WFC3_IR["PROPOSID"]
