from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.values import FitQuality
from skydb.domain.vocabulary import ProductKind
from skydb.errors import FileRejectedError, NotFoundError, NotHstImageError
from skydb.files.embedded import contradictions
from skydb.files.headerlets import (
    is_named_headerlet,
    read_headerlet,
    read_headerlet_wcs,
)
from skydb.files.quiet import quiet_astropy
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards
from tests.files.headerlet_builder import NAME, append_hdrlet, headerlet_bytes


@pytest.fixture
def headerlet(tmp_path: Path) -> Path:
    path = tmp_path / "ibxl50ivq_hlet.fits"
    path.write_bytes(headerlet_bytes(primary={"NMATCH": 691, "RMS_RA": 9.0, "RMS_DEC": 7.7}))
    return path


def test_a_headerlet_file_tells_its_exposure_and_its_solution(headerlet: Path) -> None:
    found = read_headerlet(headerlet)
    assert found is not None
    assert found.rootname.text == "ibxl50ivq"
    assert found.wcs.key == "" and found.wcs.name.text == NAME
    assert found.wcs.hdr_name == f"ibxl50ivq_{NAME}"
    assert found.wcs.quality == FitQuality(691, 9.0, 7.7)
    assert found.wcs.chips[0].crval_deg == (85.2501, -2.4502)
    assert (found.idctab, found.tool_version) == ("w3m18525i_idc.fits", "stwcs 1.4.0")


def test_tied_to_its_exposure_it_is_a_product_of_kind_hlet(
    headerlet: Path, image: ImageBuilder
) -> None:
    found, exposure = read_headerlet(headerlet), read_facts(image.write()).facts
    assert found is not None
    file = found.of_exposure(exposure)
    assert file.kind is ProductKind.HLET and file.facts == exposure
    assert file.solutions == () and file.headerlets == (found.wcs,)


def test_an_image_is_no_headerlet(image: ImageBuilder) -> None:
    assert read_headerlet(image.write()) is None


@pytest.mark.parametrize(
    ("rms", "expected"), [(9.0, 9.0), (2.5e-6, 9.0), (0.0, None), (-1.0, None), (0.001, None)]
)
def test_the_size_of_the_rms_tells_its_unit(tmp_path: Path, rms, expected) -> None:
    path = tmp_path / "x_hlet.fits"
    path.write_bytes(headerlet_bytes(primary={"NMATCH": 12, "RMS_RA": rms, "RMS_DEC": rms}))
    found = read_headerlet(path)
    assert found is not None
    assert found.wcs.quality.rms_ra_mas == (pytest.approx(expected) if expected else None)
    assert found.wcs.rms_unit_known == (rms != 0.001)


@pytest.mark.parametrize(
    ("name", "matches"),
    [("IDC_w3m18525i-GSC240", 12), ("IDC_w3m18525i", 12), ("IDC_w3m18525i-FIT_REL_GAIAeDR3", 0)],
)
def test_an_rms_of_another_wcs_is_not_that_of_a_headerlet(tmp_path: Path, name, matches) -> None:
    path = tmp_path / "x_hlet.fits"
    cards = {"NMATCH": matches, "RMS_RA": 17.6, "RMS_DEC": 11.7, "WCSNAME": name}
    path.write_bytes(headerlet_bytes(primary=cards))
    found = read_headerlet(path)
    assert found is not None
    assert (found.wcs.quality, found.wcs.rms_unit_known) == (FitQuality(), True)


@pytest.mark.parametrize("destination", [None, "", "short", "not a rootname"])
def test_a_headerlet_for_nobody_is_rejected(tmp_path: Path, destination) -> None:
    path = tmp_path / "x_hlet.fits"
    path.write_bytes(headerlet_bytes(destination=destination))
    with pytest.raises(NotHstImageError, match="DESTIM"):
        read_headerlet(path)


@pytest.mark.parametrize("card", ["CRVAL1", "CRPIX2"])
def test_a_headerlet_without_its_numbers_is_rejected(tmp_path: Path, card) -> None:
    cards = chip_cards()
    del cards[card]
    path = tmp_path / "x_hlet.fits"
    path.write_bytes(headerlet_bytes([cards]))
    with pytest.raises(FileRejectedError, match=card):
        read_headerlet(path)


@pytest.mark.parametrize("compress", [False, True])
def test_a_headerlet_inside_an_image_is_a_solution_of_its_own(
    image: ImageBuilder, compress: bool
) -> None:
    path = append_hdrlet(image.write(), headerlet_bytes(), compress=compress)
    found = read_facts(path)
    assert [s.key for s in found.solutions] == [" "]
    (embedded,) = found.headerlets
    assert (embedded.name.text, embedded.hdr_name) == (NAME, f"of {NAME}")
    assert embedded.chips[0].naxis_pix == (32, 24)


def test_a_headerlet_of_a_wcs_that_a_header_has_is_not_told_twice(image: ImageBuilder) -> None:
    image.chips = [{**chip_cards(), **chip_cards((85.2501, -2.4502), key="A", name=NAME)}]
    path = append_hdrlet(image.write(), headerlet_bytes())
    append_hdrlet(path, headerlet_bytes([chip_cards((85.2503, -2.4502), name=NAME)]), extver=2)
    append_hdrlet(path, headerlet_bytes([chip_cards((85.2503, -2.4502), name=NAME)]), extver=3)
    (other,) = read_facts(path).headerlets
    assert other.chips[0].crval_deg[0] == 85.2503


@pytest.fixture(scope="session")
def damaged_image(tmp_path_factory) -> tuple[Path, bytes, bytes]:
    path = ImageBuilder(tmp_path_factory.mktemp("hlet") / "ibxl50ivq_flt.fits").write()
    return path, path.read_bytes(), headerlet_bytes()


@given(st.integers(0, 5759), st.binary(min_size=1, max_size=80))
def test_a_damaged_headerlet_never_hides_the_image(damaged_image, at, junk) -> None:
    path, whole, payload = damaged_image
    damaged = payload[:at] + junk + payload[at + len(junk) :]
    path.write_bytes(whole)
    found = read_facts(append_hdrlet(path, damaged))
    assert found.primary.chips
    assert len(found.headerlets) + len(found.flaws) <= 1


def test_an_unreadable_headerlet_is_named(image: ImageBuilder) -> None:
    path = append_hdrlet(image.write(), b"\x1f\x8bno gzip at all", extver=4)
    found = read_facts(path)
    assert found.headerlets == ()
    assert found.flaws[0].startswith("HDRLET,4: ")


def test_the_wcs_of_a_headerlet_is_read_from_the_one_that_was_meant(image: ImageBuilder) -> None:
    path = append_hdrlet(image.write(), headerlet_bytes())
    other = headerlet_bytes([chip_cards((10.0, 20.0), name="OTHER")], name="OTHER")
    append_hdrlet(path, other, extver=2, name="OTHER")
    assert read_headerlet_wcs(path, f"of {NAME}", NAME)[1].wcs.crval[0] == 85.2501
    assert read_headerlet_wcs(path, "of OTHER", "OTHER")[1].wcs.crval[0] == 10.0
    with pytest.raises(NotFoundError, match="NOBODY"):
        read_headerlet_wcs(path, "NOBODY", "NOBODY")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ibxl50ivq_hlet.fits", True),
        ("ib4606cpq_flt_IDC_w3m18525i-FIT_REL_GAIAeDR3-hlet.fits", True),
        ("x.1_HLET.fits.gz", True),
        ("ibxl50ivq_flt.fits", False),
    ],
)
def test_a_headerlet_is_told_by_its_name(name, expected) -> None:
    assert is_named_headerlet(Path(name)) is expected


class TestRealFiles:
    """Headerlets that the archive put into real exposures."""

    def test_wfc3_ir(self, test_data: Path) -> None:
        found = read_facts(test_data / "wfc3_ir_flt_stub.fits")
        names = [wcs.name.text.removeprefix("IDC_w3m18525i-") for wcs in found.headerlets]
        assert names == ["GSC240", "FIT_REL_GAIADR1", "FIT_REL_GAIADR2", "FIT_SVM_GAIADR2"]
        assert found.headerlets[3].quality.nmatches == 307
        assert found.headerlets[3].quality.rms_ra_mas == pytest.approx(12.60, abs=0.01)
        assert found.flaws == () and not any("headerlet" in doubt for doubt in found.doubts)

    def test_wfc3_uvis_brings_lookup_tables_for_two_chips(self, test_data: Path) -> None:
        path = test_data / "wfc3_uvis_flc_stub.fits"
        gaia = next(w for w in read_facts(path).headerlets if w.name.catalog == "GAIADR2")
        with quiet_astropy():
            frames = read_headerlet_wcs(path, gaia.hdr_name, gaia.name.text)
        assert sorted(frames) == [1, 2]
        assert all(f.cpdis1 is not None and f.det2im1 is not None for f in frames.values())

    def test_a_headerlet_may_have_the_name_of_the_primary_wcs_and_another_one(
        self, test_data: Path
    ) -> None:
        """HDRLET,8 of this file and its primary WCS are 0.2 arcsec apart on chip 2."""
        found = read_facts(test_data / "wfc3_uvis_flc_stub.fits")
        last = found.headerlets[-1]
        assert last.name == found.primary.name
        assert last.chips[0].crval_deg == found.primary.chips[0].crval_deg
        assert last.chips[1].crval_deg != found.primary.chips[1].crval_deg
        assert not any("headerlet" in doubt for doubt in found.doubts)
        (sentence,) = contradictions(found)
        assert "WCS primary" in sentence and sentence.endswith("differ on SCI,2")
        assert contradictions(read_facts(test_data / "wfc3_ir_flt_stub.fits")) == []


def test_a_headerlet_whose_chips_are_named_differently_is_doubted(tmp_path: Path) -> None:
    path = tmp_path / "ibxl50ivq_hlet.fits"
    for other, doubts in ((NAME, 0), ("IDC_w3m18525i-FIT_IMG_GAIAeDR3", 1)):
        chips = [chip_cards((85.25, -2.45), name=name) for name in (NAME, other)]
        path.write_bytes(headerlet_bytes(chips))
        found = read_headerlet(path)
        assert found is not None and len(found.doubts) == doubts
        assert all(f"{NAME}, {other}" in doubt for doubt in found.doubts)
