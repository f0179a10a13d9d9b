"""Images and WCS that cannot be are refused; those that HST has are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.errors import FileRejectedError, NotHstImageError
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards, hdrtab


def matrix_of(*arcsec: float) -> dict[str, float]:
    """CD matrix by its elements, row by row."""
    names = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
    return {name: value / 3600 for name, value in zip(names, arcsec, strict=True)}


#: Detectors as their headers have them: cards, and the CD matrix of a chip in arcsec.
DETECTORS = {
    "UVIS1": ({"DETECTOR": "UVIS"}, (-0.026135, 0.027748, 0.029785, 0.027929)),
    "UVIS2": ({"DETECTOR": "UVIS"}, (-0.026475, 0.028048, 0.02978, 0.028296)),
    "IR": ({"DETECTOR": "IR"}, (-0.1354, 0.0, 0.0, 0.121)),
    "WFC1": ({"DETECTOR": "WFC"}, (-0.0494, 0.0, 0.0, 0.0486)),
    "WFC2": ({"DETECTOR": "WFC"}, (-0.0498, 0.002, 0.0015, 0.0503)),
    "HRC": ({"DETECTOR": "HRC"}, (-0.0284, 0.0, 0.0, 0.0248)),
    "SBC": ({"DETECTOR": "SBC"}, (-0.0336, 0.0, 0.0, 0.0301)),
    "PC": ({"INSTRUME": "WFPC2"}, (-0.0455, 0.0, 0.0, 0.0455)),
    "WF": ({"INSTRUME": "WFPC2"}, (-0.0996, 0.0, 0.0, 0.0996)),
    "NIC1": ({"INSTRUME": "NICMOS", "CAMERA": 1}, (-0.0432, 0.0, 0.0, 0.043)),
    "NIC2": ({"INSTRUME": "NICMOS", "CAMERA": 2}, (-0.076, 0.0, 0.0, 0.0753)),
    "NIC3": ({"INSTRUME": "NICMOS", "CAMERA": 3}, (-0.2038, 0.0, 0.0, 0.1999)),
    "CCD": ({"INSTRUME": "STIS", "DETECTOR": "CCD"}, (-0.0507, 0.0, 0.0, 0.0508)),
    "NUV": ({"INSTRUME": "STIS", "DETECTOR": "NUV-MAMA"}, (-0.0247, 0.0, 0.0, 0.0248)),
    "FUV": ({"INSTRUME": "STIS", "DETECTOR": "FUV-MAMA"}, (-0.0246, 0.0, 0.0, 0.0247)),
}
FILTERS = {"FILTER1": "F606W", "FILTNAM1": "F606W", "OPT_ELEM": "MIRVIS"}


def as_detector(image: ImageBuilder, name: str, **chip: object) -> ImageBuilder:
    cards, matrix = DETECTORS[name]
    image.primary |= {**FILTERS, **cards}
    if name.startswith(("WFC", "HRC", "SBC")):
        image.primary["INSTRUME"] = "ACS"
    number = {"PC": 1, "WF": 3}.get(name)
    own = {"DETECTOR": number} if number else {}
    image.chips = [chip_cards() | matrix_of(*matrix) | own | chip]
    return image


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_the_pixels_that_it_has(image: ImageBuilder, name: str) -> None:
    assert read_facts(as_detector(image, name).write()).primary.chips


@pytest.mark.parametrize("name", ["UVIS1", "UVIS2", "IR", "WFC1", "WFC2", "HRC"])
@pytest.mark.parametrize("flip", [(-1, -1, 1, 1), (1, 1, -1, -1), (-1, 1, -1, 1), (1, -1, 1, -1)])
def test_a_sky_that_is_mirrored_is_refused(
    image: ImageBuilder, name: str, flip: tuple[int, ...]
) -> None:
    mirrored = [sign * value for sign, value in zip(flip, DETECTORS[name][1], strict=True)]
    as_detector(image, name, **matrix_of(*mirrored))
    with pytest.raises(FileRejectedError, match="CD matrix of SCI,1 is mirrored"):
        read_facts(image.write())


@pytest.mark.parametrize("name", DETECTORS)
def test_a_chip_that_is_mirrored_against_another_is_refused(image: ImageBuilder, name: str) -> None:
    as_detector(image, name)
    one, two, three, four = DETECTORS[name][1]
    image.chips.append(image.chips[0] | matrix_of(-one, -two, three, four))
    with pytest.raises(FileRejectedError, match="CD matrix of SCI,2 is mirrored"):
        read_facts(image.write())


@pytest.mark.parametrize("turned_deg", range(0, 360, 45))
def test_an_image_may_be_turned(image: ImageBuilder, turned_deg: int) -> None:
    angle = np.radians(turned_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (np.diag([-0.05, 0.05]) @ turn).ravel().tolist()
    assert read_facts(as_detector(image, "WFC1", **matrix_of(*matrix)).write())


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("factor", [0.85, 1.16])
def test_a_scale_off_the_detectors_is_refused(
    image: ImageBuilder, name: str, factor: float
) -> None:
    matrix = tuple(factor * value for value in DETECTORS[name][1])
    as_detector(image, name, **matrix_of(*matrix))
    with pytest.raises(FileRejectedError, match="the scale of SCI,1 is off"):
        read_facts(image.write())


@pytest.mark.parametrize(("factor", "is_good"), [(0.94, False), (1.04, True), (1.06, False)])
def test_with_a_distortion_model_a_scale_may_be_5_percent_off(
    image: ImageBuilder, factor: float, is_good: bool
) -> None:
    image.chips = [chip_cards(scale_arcsec=0.1283 * factor)]
    if is_good:
        assert read_facts(image.write())
        return
    with pytest.raises(FileRejectedError, match=r"arcsec per pixel, WFC3/IR 0\.1283"):
        read_facts(image.write())


def test_pixels_much_longer_than_wide_are_refused(image: ImageBuilder) -> None:
    image.chips[0] |= matrix_of(-0.1283 * 1.3, 0.0, 0.0, 0.1283 / 1.3)
    with pytest.raises(FileRejectedError, match="the scale of SCI,1 is off"):
        read_facts(image.write())


def test_binned_pixels_are_larger(image: ImageBuilder) -> None:
    binned = {"BINAXIS1": 2, "BINAXIS2": 3, **matrix_of(-0.1014, 0.0, 0.0, 0.1524)}
    assert read_facts(as_detector(image, "CCD", **binned).write())


def test_the_planetary_camera_is_chip_1(image: ImageBuilder) -> None:
    as_detector(image, "PC", DETECTOR=2)
    with pytest.raises(FileRejectedError, match=r"WFPC2/WFPC2 0\.0996"):
        read_facts(image.write())


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"CRVAL1": 1e6}, r"not on the sky: 1000000\.0"),
        ({"CRVAL1": 400.0}, "not on the sky"),
        ({"CRVAL2": -91.0}, "not on the sky|cannot be built"),
        ({"CRPIX1": 1e30}, "CRPIX of SCI,1 is 1e[+]30 pixels away|outline"),
        ({"CRPIX2": -2e4}, "CRPIX of SCI,1 is 2e[+]04 pixels away"),
        ({"CD1_1": 10.0, "CD2_2": 10.0}, "the scale of SCI,1 is off|outline"),
        ({"CD1_1": 0.0}, "singular CD matrix"),
        ({"A_2_0": 1e10}, "the distortion of SCI,1|outline"),
        ({"B_0_2": 0.5}, "the distortion of SCI,1"),
        ({"A_ORDER": 99}, "A_ORDER of SCI,1 is 99, which is not valid"),
        ({"B_ORDER": 10}, "B_ORDER of SCI,1 is 10, which is not valid"),
        ({"LONPOLE": 90.0}, "LONPOLE of SCI,1 is 90.0, which no HST image has"),
        ({"RADESYS": "FK4"}, "RADESYS of SCI,1 is FK4, which no HST image has"),
        ({"EQUINOX": 1950.0}, "EQUINOX of SCI,1 is 1950.0, which no HST image has"),
        ({"CUNIT2": "arcsec"}, "CUNIT2 of SCI,1 is arcsec, which no HST image has"),
    ],
)
def test_numbers_that_no_image_has_are_refused(
    image: ImageBuilder, cards: dict[str, object], reason: str
) -> None:
    image.chips[0] |= cards
    with pytest.raises(FileRejectedError, match=reason):
        read_facts(image.write())


@pytest.mark.parametrize(
    "cards",
    [
        {"RADESYS": "ICRS", "EQUINOX": 2000.0, "LONPOLE": 180.0, "CUNIT1": "deg", "CUNIT2": "DEG"},
        {"RADESYS": "FK5", "EQUINOX": "J2000"},
        {"A_ORDER": 9, "B_ORDER": 9},
    ],
)
def test_frames_that_hst_has_are_taken(image: ImageBuilder, cards: dict[str, object]) -> None:
    image.chips[0] |= cards
    assert read_facts(image.write())


def test_a_detector_that_the_camera_does_not_have_is_refused(image: ImageBuilder) -> None:
    image.primary["DETECTOR"] = "WFC"
    with pytest.raises(FileRejectedError, match=r"WFC3 has no detector WFC \(DETECTOR\)"):
        read_facts(image.write())


@pytest.mark.parametrize("name", ["IDC_w3m18525i", "IDC_x-FIT_REL_G", "IDC_x-HSC30", "FIT_REL_G"])
def test_a_wcs_named_after_a_distortion_model_must_have_it(image: ImageBuilder, name: str) -> None:
    image.chips = [chip_cards(name=name, is_rectified=True)]
    with pytest.raises(FileRejectedError, match=f"WCSNAME {name} promises a distortion model"):
        read_facts(image.write())


@pytest.mark.parametrize("axis", ["RA---TAN", "RA---TAN-SIP "])
def test_a_distortion_model_is_named_by_the_axes(image: ImageBuilder, axis: str) -> None:
    image.chips = [chip_cards(name="IDC_w3m18525i")]
    image.chips[0] |= {"A_ORDER": 2, "B_ORDER": 2, "CTYPE1": axis, "CTYPE2": "DEC--TAN-SIP"}
    if "SIP" in axis:
        assert read_facts(image.write())
        return
    with pytest.raises(FileRejectedError, match=r"distortion \(SIP\), and axes 'RA---TAN'"):
        read_facts(image.write())


@pytest.mark.parametrize("key", ["CD1_2", "CD2_1"])
def test_a_matrix_of_pixels_is_whole(image: ImageBuilder, key: str) -> None:
    image.chips[0] |= matrix_of(0.1283, 0.005, 0.005, -0.1283)
    del image.chips[0][key]
    with pytest.raises(FileRejectedError, match=f"has no {key} beside its other cards of CD"):
        read_facts(image.write())


@pytest.mark.parametrize("name", [None, "OPUS", "TWEAK"])
def test_any_other_wcs_may_go_without(image: ImageBuilder, name: str | None) -> None:
    image.chips = [chip_cards(name=name)]
    assert "A_ORDER" not in image.chips[0]
    assert read_facts(image.write())


def test_a_drizzled_product_is_free_of_distortion_and_in_its_own_scale(
    image: ImageBuilder,
) -> None:
    image.path = image.path.with_name("ibxl50030_drz.fits")
    image.primary |= {"ROOTNAME": "ibxl50030", "NDRIZIM": 1}
    image.companions, image.extra = ("WHT",), [hdrtab("ibxl50ivq")]
    plain = chip_cards(scale_arcsec=0.04, name="IDC_x-FIT_REL_G", is_rectified=True)
    image.chips = [plain | {"CRPIX1": -23700.0, "CRPIX2": 225144.0}]
    assert read_facts(image.write()).primary.name.text == "IDC_x-FIT_REL_G"


def _edited(image: ImageBuilder, change: Callable[[fits.HDUList], None]) -> Path:
    path = image.write()
    with fits.open(path, memmap=False) as hdus:
        change(hdus)
        hdus.writeto(path, overwrite=True, output_verify="silentfix")
    return path


def _one_dimension(hdus: fits.HDUList) -> None:
    hdus["SCI"].data = np.zeros(32, np.float32)


def _cube(hdus: fits.HDUList) -> None:
    hdus["SCI"].data = np.zeros((2, 24, 32), np.float32)


def _no_data(hdus: fits.HDUList) -> None:
    hdus["SCI"].data = None


def _small_flags(hdus: fits.HDUList) -> None:
    hdus["DQ"].data = np.zeros((24, 31), np.int16)


def _flat_flags(hdus: fits.HDUList) -> None:
    hdus["DQ"].data = np.zeros(24 * 32, np.int16)


def _large_constant(hdus: fits.HDUList) -> None:
    hdus["ERR"].data = None
    hdus["ERR"].header.update({"NPIX1": 64, "NPIX2": 24, "PIXVALUE": 1.0})


def _negative_version(hdus: fits.HDUList) -> None:
    hdus["SCI"].header["EXTVER"] = -1


def _long_version(hdus: fits.HDUList) -> None:
    hdus["SCI"].header["EXTVER"] = 2**31


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_one_dimension, "SCI,1 has 1 dimensions, not two"),
        (_cube, "SCI,1 has 3 dimensions, not two"),
        (_no_data, "SCI,1 has no pixels"),
        (_small_flags, "DQ,1 has another shape than its SCI"),
        (_flat_flags, "DQ,1 has another shape than its SCI"),
        (_large_constant, "ERR,1 has another shape than its SCI"),
        (_negative_version, "a SCI extension has EXTVER -1"),
        (_long_version, "a SCI extension has EXTVER 2147483648"),
    ],
)
def test_extensions_that_do_not_fit_together_are_refused(
    image: ImageBuilder, change: Callable[[fits.HDUList], None], reason: str
) -> None:
    with pytest.raises(FileRejectedError, match=reason):
        read_facts(_edited(image, change))


@pytest.mark.parametrize("number", [-7, 2**31, 10**25])
def test_a_proposal_that_cannot_be_is_refused(image: ImageBuilder, number: int) -> None:
    image.primary["PROPOSID"] = number
    with pytest.raises(NotHstImageError, match="is not a proposal number"):
        read_facts(image.write())


def test_a_product_of_several_proposals_goes_under_the_first(image: ImageBuilder) -> None:
    image.primary["PROPOSID"] = "10001; 12812"
    assert read_facts(image.write()).facts.proposal_id == 10001


@pytest.mark.parametrize("text", ["", "  ", "N/A"])
def test_a_blank_filter_is_not_a_clear_one(image: ImageBuilder, text: str) -> None:
    image.primary["FILTER"] = text
    with pytest.raises(NotHstImageError, match="FILTER in its header is blank"):
        read_facts(image.write())


def test_both_wheels_of_a_camera_may_not_be_blank(image: ImageBuilder) -> None:
    as_detector(image, "WFC1").primary |= {"FILTER1": "", "FILTER2": " "}
    with pytest.raises(NotHstImageError, match="FILTER1 and FILTER2 in its header is blank"):
        read_facts(image.write())


class TestStis:
    """Files of one STIS association have its ROOTNAME; EXPNAME tells the exposures."""

    def test_an_exposure_is_known_by_expname(self, image: ImageBuilder) -> None:
        as_detector(image, "CCD", EXPNAME="o4k19ac1q").primary["ROOTNAME"] = "o4k19a010"
        found = read_facts(image.write())
        assert (found.facts.rootname.text, found.header_rootname) == ("o4k19ac1q", "o4k19a010")

    def test_a_combination_is_known_by_rootname(self, image: ImageBuilder) -> None:
        image.path = image.path.with_name("o4k19a010_crj.fits")
        as_detector(image, "CCD", EXPNAME="o4k19ac1q").primary["ROOTNAME"] = "o4k19a010"
        assert read_facts(image.write()).facts.rootname.text == "o4k19a010"

    def test_one_file_of_several_exposures_is_refused_with_their_names(
        self, image: ImageBuilder
    ) -> None:
        as_detector(image, "CCD", EXPNAME="o4k19ac1q").primary["ROOTNAME"] = "o4k19a010"
        image.chips.append(image.chips[0] | {"EXPNAME": "o4k19ac2q"})
        with pytest.raises(NotHstImageError, match=r"2 exposures \(o4k19ac1q, o4k19ac2q\)"):
            read_facts(image.write())


def test_cd_beside_another_matrix_is_refused(image: ImageBuilder) -> None:
    image.chips[0] |= {"PC1_1": 1.0, "CDELT1": 2.0}
    with pytest.raises(FileRejectedError, match="CD of SCI,1 says otherwise than its PC"):
        read_facts(image.write())


def test_cd_beside_the_same_matrix_is_read(image: ImageBuilder) -> None:
    cards = image.chips[0]
    keys = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
    image.chips[0] |= {key.replace("CD", "PC"): cards.get(key, 0.0) for key in keys}
    read_facts(image.write())
