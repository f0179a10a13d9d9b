"""Cards that contradict each other are told; what the archive writes is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.errors import NotHstImageError
from skydb.files.reader import read_facts
from tests.files.builders import ImageBuilder, chip_cards

MJD = 56244.5
TIMES = {"EXPSTART": MJD, "EXPEND": MJD + 503 / 86400, "EXPTIME": 502.9}


@pytest.mark.parametrize(
    ("cards", "doubt"),
    [
        ({"DATE": "yesterday"}, "DATE is 'yesterday', which is not a date"),
        ({"DATE": "2999-01-01"}, "DATE is 2999-01-01, which is in the future"),
        ({"DATE": "2001-01-01"}, "DATE is 2001-01-01, before the exposure was taken (2012-11-13)"),
        ({**TIMES, "EXPTIME": 5029.0}, "EXPTIME is 5029 s, of 503.0 s from EXPSTART to EXPEND."),
        ({**TIMES, "EXPTIME": 250.0}, "EXPTIME is 250 s, of 503.0 s from EXPSTART to EXPEND"),
    ],
)
def test_a_time_that_another_card_denies_is_told(image: ImageBuilder, cards, doubt) -> None:
    image.primary |= cards
    (told,) = read_facts(image.write()).doubts
    assert told.startswith(doubt)


@pytest.mark.parametrize(
    "cards",
    [
        {"DATE": "2012-11-13"},
        {"DATE": "2012-11-14T07:08:09"},
        {"DATE": "14/11/12"},
        TIMES,
        {**TIMES, "EXPTIME": 250.0, "EXPFLAG": "INTERRUPTED"},
        {**TIMES, "EXPTIME": 250.0, "CRSPLIT": 2},
        {"EXPSTART": MJD, "EXPEND": MJD + 401.05 / 86400, "EXPTIME": 400.0},
    ],
)
def test_times_of_the_archive_are_not_doubted(image: ImageBuilder, cards) -> None:
    image.primary |= cards
    assert read_facts(image.write()).doubts == ()


@pytest.mark.parametrize(
    ("cards", "doubt"),
    [
        ({"EXPNAME": "ibxl50zzq"}, "ROOTNAME is ibxl50ivq, and EXPNAME of SCI,1 is ibxl50zzq"),
        ({"VAFACTOR": 1.01}, "VAFACTOR of SCI,1 is 1.01: so fast HST never moves."),
        ({"ORIENTAT": 90.0}, "CD of SCI,1 is turned by -90.00 degrees from ORIENTAT."),
        ({"RA_APER": 86.25, "DEC_APER": -2.45}, "CRVAL of SCI,1 is 0.999 degrees from its"),
        ({"RA_APER": 85.25 / 15, "DEC_APER": -2.45}, "CRVAL of SCI,1 is 79.5 degrees from its"),
        (
            {"DISTNAME": "x_w3m-npl1-NOMODEL", "NPOLFILE": "iref$npl1_npl.fits"},
            "DISTNAME and NPOLFILE name npl1, and SCI,1 has no correction",
        ),
        (
            {"DISTNAME": "x_w3m-NOMODEL-d2i1", "D2IMFILE": "iref$d2i1_d2i.fits"},
            "DISTNAME and D2IMFILE name d2i1, and SCI,1 has no correction",
        ),
        ({"IDCV2REF": 1.0}, "IDCSCALE of SCI,1 is missing beside IDCV2REF"),
        ({"IDCTHETA": 0.0}, "IDCSCALE of SCI,1 is missing beside IDCTHETA"),
        ({"OCX10": 0.001}, "IDCSCALE of SCI,1 is missing beside OCX10"),
        ({"A_ORDER": 4, "B_ORDER": 4}, "IDCSCALE of SCI,1 is missing beside A_ORDER"),
        ({"IDCSCALE": 0.135}, "IDCSCALE of SCI,1 is 0.135, and its pixels (CD) have 0.128 arcsec"),
        ({"IDCSCALE": 0.064}, "IDCSCALE of SCI,1 is 0.064, and its pixels (CD) have 0.128 arcsec"),
    ],
)
def test_a_wcs_that_another_card_denies_is_told(image: ImageBuilder, cards, doubt) -> None:
    if doubt.startswith("IDCSCALE of SCI,1 is missing"):
        del image.chips[0]["IDCSCALE"]
    image.chips[0].update(cards)
    (told,) = read_facts(image.write()).doubts
    assert told.startswith(doubt)


@pytest.mark.parametrize(
    "cards",
    [
        {"ORIENTAT": 0.3},
        {"VAFACTOR": 0.99988},
        {"EXPNAME": "IBXL50IVQ"},
        {"EXPNAME": "ibxl50ivs"},  # another copy of the same telemetry
        {"EXPNAME": "ibxl50010"},
        {"ORIENTAT": 360.0},
        {"RA_APER": 85.31 - 360, "DEC_APER": -2.40},
        {"DISTNAME": "x_w3m-NOMODEL-NOMODEL", "NPOLFILE": "N/A", "D2IMFILE": "N/A"},
        {"DISTNAME": "x_w3m-NOMODEL-NOMODEL", "NPOLFILE": "iref$npl1_npl.fits"},
        {"IDCSCALE": 0.1282500028610229, "IDCV2REF": 1.0, "IDCTHETA": 0.0},
        {"IDCSCALE": 0.1282500028610229, "A_ORDER": 4, "B_ORDER": 4},
    ],
)
def test_a_wcs_of_the_archive_is_not_doubted(image: ImageBuilder, cards) -> None:
    image.chips[0].update(cards)
    assert read_facts(image.write()).doubts == ()


def test_calibrated_pixels_that_were_rounded_are_told(image: ImageBuilder) -> None:
    path = image.write()
    with fits.open(path) as hdus:
        hdus["SCI"].data = hdus["SCI"].data.astype(np.int16)
        hdus.writeto(path.with_name("rounded_flt.fits"))
    (told,) = read_facts(path.with_name("rounded_flt.fits")).doubts
    assert told.startswith("SCI,1 has whole numbers")


@pytest.mark.parametrize("kind", ["DARK", "BIAS", "flat "])
def test_a_calibration_exposure_shows_no_sky(image: ImageBuilder, kind) -> None:
    image.primary["IMAGETYP"] = kind
    with pytest.raises(NotHstImageError, match="no image of the sky"):
        read_facts(image.write())


#: Detector, side of a pixel by CD, IDCSCALE; those of ACS as in a delivered header.
SCALES = {
    "WFC1": ("ACS", "WFC", 0.04885, 0.05),
    "WFC2": ("ACS", "WFC", 0.05002, 0.05),
    "HRC": ("ACS", "HRC", 0.0265, 0.025),
    "SBC": ("ACS", "SBC", 0.0318, 0.025),
    "UVIS": ("WFC3", "UVIS", 0.03981, 0.03962),
    "PC": ("WFPC2", "WFPC2", 0.0455, 0.0996),
}


def doubts_of_scale(image: ImageBuilder, name: str, binning: int, factor: float) -> list[str]:
    """Doubts on a chip whose pixels are binned, by a factor of IDCSCALE from that of its kind."""
    instrument, detector, side, scale = SCALES[name]
    image.primary |= {"INSTRUME": instrument, "DETECTOR": detector, "FILTNAM1": "F606W"}
    image.primary |= {"FILTER1": "F606W", "CCDGAIN": 1.0}
    own = {"DETECTOR": 1} if instrument == "WFPC2" else {}
    bins = {"BINAXIS1": binning, "BINAXIS2": binning, "IDCSCALE": factor * scale}
    image.chips = [chip_cards(scale_arcsec=binning * side) | bins | own]
    return [one for one in read_facts(image.write()).doubts if "IDCSCALE" in one]


@pytest.mark.parametrize("binning", [1, 2])
@pytest.mark.parametrize("name", SCALES)
def test_the_scale_of_the_distortion_model_is_that_of_the_pixels_as_they_are_binned(
    image: ImageBuilder, name: str, binning: int
) -> None:
    assert doubts_of_scale(image, name, binning, binning) == []


@pytest.mark.parametrize("name", sorted({*SCALES} - {"PC"}))
def test_pixels_that_were_binned_without_their_scale_are_doubted(
    image: ImageBuilder, name: str
) -> None:
    (doubt,) = doubts_of_scale(image, name, 2, 1)
    assert "its sky is off by a factor of" in doubt


@pytest.mark.parametrize("name", ["wfc3_ir_flt_stub.fits", "wfc3_uvis_flc_stub.fits"])
def test_the_scale_of_real_exposures_is_not_doubted(test_data: Path, name: str) -> None:
    assert not [one for one in read_facts(test_data / name).doubts if "IDCSCALE" in one]
