"""Every WCS of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skydb.domain.values import FitQuality
from skydb.errors import FileRejectedError, NotHstImageError
from skydb.files.products import read_hstwcs
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards

SIP = {
    **chip_cards(),
    "CTYPE1": "RA---TAN-SIP",
    "CTYPE2": "DEC--TAN-SIP",
    "A_ORDER": 2,
    "B_ORDER": 2,
    "A_2_0": 3e-4,
    "B_0_2": -2e-4,
}


def distance_mas(first: np.ndarray, second: np.ndarray) -> float:
    first, second = np.asarray(first), np.asarray(second)
    cosine = np.cos(np.radians(first[:, 1]))
    return float(np.hypot((first - second)[:, 0] * cosine, (first - second)[:, 1]).max() * 3.6e6)


def test_the_primary_comes_first_and_alternates_by_letter(image: ImageBuilder) -> None:
    image.chips[0] |= chip_cards(key="O", name="OPUS") | chip_cards(key="B", name="IDC_x-HSC30")
    solutions = read_facts(image.write()).solutions
    assert [(s.key, s.name.text) for s in solutions] == [
        (" ", "IDC_w3m18525i-FIT_REL_GAIAeDR3"),
        ("B", "IDC_x-HSC30"),
        ("O", "OPUS"),
    ]


def test_an_alternate_has_its_own_linear_terms_and_no_outline(image: ImageBuilder) -> None:
    image.chips[0] |= chip_cards((85.3, -2.5), key="A", name="IDC_x") | {"WCSTYPEA": "not aligned"}
    alternate = read_facts(image.write()).solutions[1]
    assert alternate.chips[0].crval_deg == (85.3, -2.5)
    assert alternate.chips[0].polygon_deg == ()
    assert alternate.wcs_type == "not aligned"
    assert alternate.quality == FitQuality()


def test_linear_terms_are_read_in_double_precision(image: ImageBuilder) -> None:
    image.chips[0] |= {"CRVAL1": 85.123456789012, "CD1_1": -3.5512345678901e-05}
    (chip,) = read_facts(image.write()).primary.chips
    assert chip.crval_deg[0] == 85.123456789012
    assert chip.cd_deg[0] == -3.5512345678901e-05
    assert chip.crpix_pix == (16.5, 12.5)
    assert chip.naxis_pix == (32, 24)


def test_pc_and_cdelt_make_the_same_matrix_as_cd(image: ImageBuilder) -> None:
    expected = [image.chips[0].pop(f"CD{i}_{j}") for i in (1, 2) for j in (1, 2)]
    image.chips[0] |= {"CDELT1": expected[0], "CDELT2": expected[3]}
    assert read_facts(image.write()).primary.chips[0].cd_deg == pytest.approx(tuple(expected))


def test_the_outline_goes_around_the_edges_of_a_non_square_chip(image: ImageBuilder) -> None:
    (chip,) = read_facts(image.write()).primary.chips
    corners = np.array(chip.polygon_deg)[::5]
    expected = WCS(fits.Header(chip_cards())).all_pix2world(
        [[0.5, 0.5], [32.5, 0.5], [32.5, 24.5], [0.5, 24.5]], 1
    )
    assert len(chip.polygon_deg) == 20
    assert distance_mas(corners, expected) < 1e-6


def test_the_outline_follows_the_distortion(image: ImageBuilder) -> None:
    image.chips = [SIP]
    (chip,) = read_facts(image.write()).primary.chips
    expected = WCS(fits.Header(SIP)).all_pix2world([[0.5, 0.5]], 1)
    linear = WCS(fits.Header(chip_cards())).all_pix2world([[0.5, 0.5]], 1)
    assert distance_mas(np.array(chip.polygon_deg)[:1], expected) < 1e-6
    assert distance_mas(expected, linear) > 1.0


def test_an_outline_across_right_ascension_zero_stays_within_360(image: ImageBuilder) -> None:
    image.chips = [chip_cards((0.0, 10.0))]
    ras = np.array(read_facts(image.write()).primary.chips[0].polygon_deg)[:, 0]
    assert ((ras >= 0) & (ras < 360)).all()
    assert np.ptp(ras) > 359


def test_quality_belongs_to_the_primary(image: ImageBuilder) -> None:
    image.chips[0] |= {"NMATCHES": 50, "RMS_RA": 8.0, "RMS_DEC": 9.0}
    assert read_facts(image.write()).primary.quality == FitQuality(50, 8.0, 9.0)


def test_a_contradictory_unit_is_flagged_on_the_solution(image: ImageBuilder) -> None:
    image.chips[0] |= {"NMATCH": 50, "RMS_RA": 8.0, "RMS_DEC": 9.0}
    primary = read_facts(image.write()).primary
    assert not primary.rms_unit_known
    assert primary.quality.rms_ra_mas is None


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"CD1_1": 0.0, "CD2_2": 0.0}, "singular CD matrix"),
        ({"CTYPE1": "LAMBDA"}, "'LAMBDA' and 'DEC--TAN-SIP', not RA and Dec"),
        ({"CRVAL2": "north"}, "CRVAL2 of SCI,1 is a text"),
        ({"CPDIS1": "LOOKUP", "DP1": "EXTVER: 1"}, "names WCSDVARR,1, which is not in the file"),
        ({"CPDIS1": "SPLINE", "DP1": "EXTVER: 1"}, "cannot be built"),
    ],
)
def test_a_chip_whose_wcs_cannot_be_used_is_rejected_with_a_reason(
    image: ImageBuilder, cards: dict[str, object], reason: str
) -> None:
    image.chips[0] |= cards
    with pytest.raises(FileRejectedError, match=reason):
        read_facts(image.write())


def test_an_image_without_a_wcs_is_rejected(image: ImageBuilder) -> None:
    image.chips = [{}]
    with pytest.raises(FileRejectedError, match="no WCS"):
        read_facts(image.write())


def test_chips_under_different_names_are_not_one_solution(image: ImageBuilder) -> None:
    image.chips = [chip_cards(name="TWEAK"), chip_cards(name="IDC_x")]
    with pytest.raises(FileRejectedError, match="disagree on WCSNAME: 'IDC_x', 'TWEAK'"):
        read_facts(image.write())


def test_a_constant_image_has_the_size_it_stands_for(image: ImageBuilder) -> None:
    path = image.write()
    with fits.open(path) as hdus:
        science = fits.ImageHDU(header=hdus["SCI"].header)
        science.header.update({"NPIX1": 4096, "NPIX2": 2048, "PIXVALUE": 0.0})
        # The others are constants as well, which do not say how large they are.
        others = [fits.ImageHDU(header=hdu.header) for hdu in hdus[2:]]
        fits.HDUList([hdus[0], science, *others]).writeto(path, overwrite=True)
    assert read_facts(path).primary.chips[0].naxis_pix == (4096, 2048)


def test_wcs_objects_come_by_extver_with_their_shape_and_distortion(image: ImageBuilder) -> None:
    image.chips = [SIP, SIP | {"CRVAL1": 85.3}]
    chips = read_hstwcs(image.write())
    assert list(chips) == [1, 2]
    assert chips[1].pixel_shape == (32, 24)
    assert chips[1].sip is not None
    assert chips[2].wcs.crval[0] == 85.3


def test_wcs_objects_need_a_science_image(image: ImageBuilder) -> None:
    image.chips = []
    with pytest.raises(NotHstImageError, match="no SCI"):
        read_hstwcs(image.write())


def test_lookup_tables_of_uvis_count_as_astropy_counts_them(test_data: Path) -> None:
    path = test_data / "wfc3_uvis_flc_stub.fits"
    pixels = np.array([[1.0, 1.0], [4096.0, 10.0], [2048.0, 2051.0]])
    with fits.open(path) as hdus:
        expected = {
            hdus["SCI", v].ver: WCS(hdus["SCI", v].header, hdus).all_pix2world(pixels, 1)
            for v in (1, 2)
        }
    for extver, wcs in read_hstwcs(path).items():
        assert wcs.cpdis1 is not None
        assert wcs.det2im1 is not None
        assert distance_mas(wcs.all_pix2world(pixels, 1), expected[extver]) < 1e-6


def test_an_outline_that_is_not_finite_is_refused(image: ImageBuilder) -> None:
    path = image.write()
    content = path.read_bytes()
    at = content.index(b"CRPIX1  =")
    path.write_bytes(
        content[:at] + b"CRPIX1  =                  NaN".ljust(80) + content[at + 80 :]
    )
    with pytest.raises(FileRejectedError, match=r"the outline of SCI,1 is not finite"):
        read_facts(path)
