"""The unit of a fit's RMS, told by who wrote it."""

from __future__ import annotations

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.values import FitQuality
from skydb.files.quality import read_quality


def header(**cards: object) -> fits.Header:
    return fits.Header(
        [(key, *v) if isinstance(v, tuple) else (key, v) for key, v in cards.items()]
    )


MAS = "RMS in RA of WCS fit(mas)"
DEG = "RMS in RA of WCS fit(deg)"
APART = pytest.approx


def test_the_archive_writes_nmatches_and_mas() -> None:
    reading = read_quality(
        header(NMATCHES=276, RMS_RA=(9.63, MAS), RMS_DEC=(10.2, MAS), FITGEOM="rscale")
    )
    assert reading.quality == FitQuality(276, 9.63, 10.2, "rscale")
    assert reading.unit_known


def test_tweakreg_writes_nmatch_and_degrees() -> None:
    reading = read_quality(header(NMATCH=40, RMS_RA=2.5e-6, RMS_DEC=5e-6))
    assert reading.quality == FitQuality(40, APART(9.0), APART(18.0), None)
    assert reading.unit_known


def test_tweakreg_after_the_archive_leaves_stale_cards_that_are_not_believed() -> None:
    old = {"NMATCHES": 276, "FITGEOM": "rscale", "NMATCH": 40}
    reading = read_quality(header(**old, RMS_RA=(2.5e-6, MAS), RMS_DEC=(5e-6, MAS)))
    assert reading.quality == FitQuality(40, APART(9.0), APART(18.0), None)
    assert reading.unit_known


def test_minus_one_is_no_value() -> None:
    reading = read_quality(header(NMATCHES=-1, RMS_RA=(-1.0, MAS), RMS_DEC=(-1.0, MAS)))
    assert (reading.quality, reading.unit_known) == (FitQuality(), True)


def test_zero_without_matches_is_a_failed_fit_and_not_a_perfect_one() -> None:
    assert read_quality(header(NMATCH=0, RMS_RA=0.0, RMS_DEC=0.0)).quality == FitQuality()
    both = header(NMATCHES=276, NMATCH=0, RMS_RA=0.0, RMS_DEC=0.0)
    assert read_quality(both).quality == FitQuality()


def test_zero_with_matches_stays_zero() -> None:
    assert read_quality(header(NMATCHES=2, RMS_RA=0.0, RMS_DEC=0.0)).quality.rms_ra_mas == 0.0


#: Two writers, of which neither says whose RMS it is.
BOTH = {"NMATCH": 30, "NMATCHES": 276}


@pytest.mark.parametrize(
    "cards",
    [
        {"NMATCHES": 30, "RMS_RA": (2e-6, MAS), "RMS_DEC": (2e-6, MAS)},
        {"NMATCH": 30, "RMS_RA": 12.0, "RMS_DEC": 9.0},
        {"NMATCHES": 30, "RMS_RA": (12.0, DEG), "RMS_DEC": (9.0, DEG)},
    ],
)
def test_a_header_that_contradicts_itself_gives_no_rms_and_says_so(
    cards: dict[str, object],
) -> None:
    reading = read_quality(header(**cards))
    assert reading.quality == FitQuality(nmatches=30)
    assert not reading.unit_known


def test_an_rms_that_nothing_speaks_for_has_no_unit() -> None:
    reading = read_quality(header(**BOTH, RMS_RA=0.01, RMS_DEC=0.01))
    assert (reading.quality, reading.unit_known) == (FitQuality(), False)


def test_size_alone_tells_the_unit_when_both_writers_counted() -> None:
    assert read_quality(header(**BOTH, RMS_RA=10.0, RMS_DEC=9.0)).quality.rms_ra_mas == 10.0
    degrees = header(**BOTH, RMS_RA=1e-6, RMS_DEC=1e-6)
    assert read_quality(degrees).quality.rms_ra_mas == APART(3.6)


@pytest.mark.parametrize("name", ["", "IDC_w3m18525i-FIT_REL_GAIAeDR3", "TWEAK", "IDC_x-GSC240"])
@pytest.mark.parametrize("count", [{}, {"NMATCHES": -1}, {"NMATCHES": 0}, {"NMATCHES": "N/A"}])
@given(rms=st.floats(1e-9, 900.0))
def test_an_rms_of_no_matches_is_left_over_from_another_wcs(
    name: str, count: dict[str, object], rms: float
) -> None:
    reading = read_quality(header(WCSNAME=name, RMS_RA=(rms, MAS), RMS_DEC=(rms / 2, MAS), **count))
    assert (reading.quality, reading.unit_known) == (FitQuality(), True)


@pytest.mark.parametrize("name", ["IDC_w3m18525i-GSC240", "IDC_x-HSC30", "IDC_qbu1641sj", "OPUS"])
@pytest.mark.parametrize("count", [{}, {"NMATCHES": 27}, {"NMATCH": 27}])
def test_what_was_never_fitted_has_no_quality_whatever_cards_are_left(
    name: str, count: dict[str, object]
) -> None:
    cards = header(WCSNAME=name, RMS_RA=(17.6, MAS), RMS_DEC=(11.7, MAS), FITGEOM="rscale", **count)
    reading = read_quality(cards)
    assert (reading.quality, reading.unit_known) == (FitQuality(), True)


def test_alternates_have_no_quality_whatever_their_crder_says() -> None:
    cards = header(NMATCHES=276, RMS_RA=(9.63, MAS), CRDER1B=12.6, CRDER2B=12.9)
    assert read_quality(cards, "B").quality == FitQuality()


def test_a_name_given_by_tweakback_does_not_inherit_the_archives_numbers() -> None:
    cards = header(WCSNAME="TWEAK", NMATCHES=276, RMS_RA=(9.63, MAS), RMS_DEC=(10.2, MAS))
    assert read_quality(cards).quality == FitQuality()


def test_a_header_without_a_fit_has_no_quality() -> None:
    assert read_quality(header(WCSNAME="IDC_w3m18525i-GSC240")).quality == FitQuality()


@pytest.mark.parametrize("value", ["N/A", True, ""])
def test_what_is_not_a_number_is_no_value(value: object) -> None:
    assert read_quality(header(NMATCHES=value, RMS_RA=value, RMS_DEC=value)).quality == FitQuality()


@given(st.floats(0.05, 999.0), st.integers(1, 10_000))
def test_the_same_fit_reads_the_same_from_either_writer(rms_mas: float, count: int) -> None:
    archive = read_quality(header(NMATCHES=count, RMS_RA=(rms_mas, MAS), RMS_DEC=(rms_mas, MAS)))
    degrees = rms_mas / 3.6e6
    tweakreg = read_quality(header(NMATCH=count, RMS_RA=degrees, RMS_DEC=degrees))
    assert archive.unit_known
    # Above 360 mas, degrees are no longer small enough to speak for themselves, but
    # nothing contradicts the count either.
    assert tweakreg.unit_known
    assert tweakreg.quality.nmatches == archive.quality.nmatches == count
    assert tweakreg.quality.rms_ra_mas == APART(archive.quality.rms_ra_mas)
