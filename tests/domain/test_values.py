from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import AlignmentSolution, Exposure, Visit
from skydb.domain.values import (
    PLATE_SCALES_ARCSEC,
    ChipGeometry,
    Rootname,
    WcsName,
    plate_scale_arcsec,
    unit_vectors,
)
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod, WcsKind
from tests.domain.entities import CHIP, STEP_DEG, facts_of, file_of, wcs

rootnames = st.from_regex(r"[a-z0-9]{9}", fullmatch=True)
words = st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True)
wcs_names = st.one_of(
    st.text(max_size=68),
    st.builds("IDC_{}".format, words),
    st.builds("IDC_{}".format, st.text(max_size=64)),
    st.builds("IDC_{}-{}".format, words, words),
    st.builds("IDC_{}-FIT_{}_{}".format, words, words, words),
)


@given(rootnames)
def test_a_rootname_is_read_whatever_its_case_and_padding(text: str) -> None:
    name = Rootname.parse(f"  {text.upper()}  ")
    assert str(name) == text
    assert text == f"{text[0]}{name.program}{name.visit_number}{text[6:]}"


def test_a_rootname_names_program_and_visit() -> None:
    name = Rootname.parse("ibxl50ivq")
    assert (name.program, name.visit_number) == ("bxl", "50")


@given(st.text(max_size=12).filter(lambda text: len(text.strip()) != 9))
def test_a_text_of_another_length_is_no_rootname(text: str) -> None:
    with pytest.raises(ValueError, match="nine lower-case characters"):
        Rootname.parse(text)


@pytest.mark.parametrize(
    "text", ["ibxl50iv_", "ibxl50iv\n", "ibxl5 ivq", "\u0131bxl50ivq", "IBXL50IVQ"]
)
def test_only_lower_case_letters_and_digits_make_a_rootname(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rootname"):
        Rootname(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("IDC_w3m18525i", (WcsKind.DISTORTION, "w3m18525i", None, None)),
        (
            "IDC_w3m18525i-FIT_REL_GAIAeDR3",
            (WcsKind.FIT, "w3m18525i", "REL", "GAIAeDR3"),
        ),
        ("IDC_w3m18525i-FIT_SVM_GAIADR2", (WcsKind.FIT, "w3m18525i", "SVM", "GAIADR2")),
        ("IDC_2731450pi-FIT_IMG_GSC242", (WcsKind.FIT, "2731450pi", "IMG", "GSC242")),
        ("IDC_2731450pi-GSC240", (WcsKind.A_PRIORI, "2731450pi", None, "GSC240")),
        ("IDC_0461802ej-HSC30", (WcsKind.A_PRIORI, "0461802ej", None, "HSC30")),
        ("IDC_w3m18525i-FIT_SKYDB_gaia", (WcsKind.FIT, "w3m18525i", "SKYDB", "gaia")),
        ("IDC_w3m18525i-FIT_REL_NONE_x", (WcsKind.FIT, "w3m18525i", "REL", "NONE_x")),
        ("OPUS", (WcsKind.PIPELINE, None, None, None)),
        ("TWEAK", (WcsKind.USER, None, None, None)),
        ("", (WcsKind.USER, None, None, None)),
    ],
)
def test_a_real_wcsname_is_understood(text: str, parts: tuple[object, ...]) -> None:
    name = WcsName.parse(text)
    assert (name.kind, name.distortion, name.scope, name.catalog) == parts
    assert name.text == text


@given(wcs_names)
def test_any_wcsname_is_kept_verbatim_and_its_parts_stand_in_it(text: str) -> None:
    name = WcsName.parse(text)
    assert str(name) == text.strip()
    assert all(part in text for part in (name.distortion, name.scope, name.catalog) if part)
    assert WcsName.parse(str(name)) == name


@given(wcs_names)
def test_no_part_of_a_wcsname_is_too_long_for_its_column(text: str) -> None:
    name = WcsName.parse(text)
    columns = AlignmentSolution.__table__.c
    parts = {"distortion": name.distortion, "fit_scope": name.scope, "fit_catalog": name.catalog}
    assert all(len(part or "") <= columns[column].type.length for column, part in parts.items())


@given(wcs_names, st.text(max_size=80))
def test_the_name_of_a_fit_by_skydb_fits_tweakback_and_says_that_it_is_one(original, catalog):
    name = WcsName.fitted_by_skydb(WcsName.parse(original), catalog)
    assert len(name.text) <= 40
    assert name.text.isascii() and name.text.isprintable()
    assert (name.kind, name.scope) == (WcsKind.FIT, "SKYDB")
    assert name.catalog


@pytest.mark.parametrize(
    ("original", "catalog", "expected"),
    [
        ("IDC_w3m18525i-FIT_REL_GAIAeDR3", "gaia", "IDC_w3m18525i-FIT_SKYDB_gaia"),
        ("IDC_2731450pi", "Gaia DR3 (2016)", "IDC_2731450pi-FIT_SKYDB_GaiaDR32016"),
        ("IDC_2731450pi", "a-very-long-catalogue-name", "IDC_2731450pi-FIT_SKYDB_averylongcatalog"),
        ("OPUS", "gaia", "IDC_unknown-FIT_SKYDB_gaia"),
        ("TWEAK", "…", "IDC_unknown-FIT_SKYDB_catalog"),
    ],
)
def test_a_fit_by_skydb_is_named_after_distortion_and_catalogue(original, catalog, expected):
    assert WcsName.fitted_by_skydb(WcsName.parse(original), catalog).text == expected


@pytest.mark.parametrize(
    ("instrument", "detector", "arcsec"),
    [
        ("WFC3", "IR", 0.1283),
        ("WFC3", "UVIS", 0.0396),
        ("ACS", "WFC", 0.05),
        ("acs", "wfc", 0.05),
        ("JWST", "NIRCAM", None),
    ],
)
def test_the_plate_scale_is_that_of_the_detector(instrument, detector, arcsec) -> None:
    assert plate_scale_arcsec(instrument, detector) == arcsec


def test_no_plate_scale_is_out_of_the_range_of_hst() -> None:
    assert all(0.02 < scale <= 0.2 for scale in PLATE_SCALES_ARCSEC.values())


def _polygon(ra_deg, dec_deg, radius_deg, angles):
    """Points around a position on the sphere, wherever on it that is."""
    centre = unit_vectors(np.array([[ra_deg, dec_deg]]))[0]
    helper = np.eye(3)[np.argmin(np.abs(centre))]
    east = np.cross(helper, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    radius = np.radians(radius_deg)
    turns = np.cos(angles)[:, None] * east + np.sin(angles)[:, None] * north
    x, y, z = (np.cos(radius) * centre + np.sin(radius) * turns).T
    ra = np.degrees(np.arctan2(y, x)) % 360.0
    dec = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return tuple(zip(ra.tolist(), dec.tolist(), strict=True))


@given(
    st.one_of(st.floats(0, 360), st.sampled_from([0.0, 1e-9, 359.9999999, 360.0, 180.0])),
    st.one_of(st.floats(-90, 90), st.sampled_from([90.0, -90.0, 89.9999, 0.0])),
    st.floats(1e-4, 2.0),
    st.lists(st.floats(0, 2 * np.pi), min_size=1, max_size=20),
)
def test_the_bounding_cap_contains_the_whole_outline(ra, dec, radius, angles) -> None:
    polygon = _polygon(ra, dec, radius, np.array(angles))
    chip = ChipGeometry(1, (10, 10), (5, 5), (ra, dec), (-1e-5, 0, 0, 1e-5), polygon)
    centre, reach_deg = chip.bounding_cap()
    assert np.linalg.norm(centre) == pytest.approx(1.0)
    away = np.linalg.norm(unit_vectors(np.array(polygon)) - centre, axis=1)
    assert np.degrees(2 * np.arcsin(away.max() / 2)) <= reach_deg + 1e-12
    assert reach_deg <= 2 * radius + 1e-9


def test_a_chip_without_an_outline_has_a_cap_of_no_size_at_its_reference_pixel() -> None:
    chip = ChipGeometry(1, (10, 10), (5, 5), (0.0, 90.0), (-1e-5, 0, 0, 1e-5))
    centre, reach_deg = chip.bounding_cap()
    assert centre == pytest.approx([0, 0, 1])
    assert reach_deg == 0.0


def test_an_outline_is_written_as_obscore_wants_it() -> None:
    assert CHIP.s_region.startswith("POLYGON ICRS 85.230000000 -2.480000000 85.270000000")
    assert ChipGeometry(1, (1, 1), (1, 1), (0, 0), (1, 0, 0, 1)).s_region == "POLYGON ICRS"


@given(st.floats(-179.9, 179.9))
def test_the_orientation_is_the_angle_from_north_through_east_of_the_y_axis(angle_deg) -> None:
    sine, cosine = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
    cd = (-STEP_DEG * cosine, STEP_DEG * sine, STEP_DEG * sine, STEP_DEG * cosine)
    chip = ChipGeometry(1, (10, 10), (5, 5), (0, 0), cd)
    assert chip.orientat_deg == pytest.approx(angle_deg, abs=1e-9)


def test_the_epoch_of_an_exposure_is_its_julian_year() -> None:
    facts = facts_of()
    year = Exposure(Visit.of(facts), facts).epoch_year
    assert year == pytest.approx(2012.8678, abs=1e-4)


def test_the_wcs_in_force_is_the_one_without_a_letter() -> None:
    file = file_of("ibxl50ivq_flt.fits", "a" * 64, wcs("OPUS", "O"), wcs("IDC_x"))
    assert file.primary.name.text == "IDC_x"
    with pytest.raises(LookupError, match=r"ibxl50ivq_flt\.fits has no primary WCS"):
        _ = file_of("ibxl50ivq_flt.fits", "a" * 64, wcs("OPUS", "O")).primary


def test_a_method_says_what_its_values_are() -> None:
    computed = ["localmin", "match", "globalmin_match", "globalmin"]
    assert [m.column for m in COMPUTED_METHODS] == computed
    assert set(SkyMethod) - set(COMPUTED_METHODS) == {SkyMethod.USER, SkyMethod.NONE}
    assert [m for m in SkyMethod if m.is_relative] == [SkyMethod.MATCH]
    assert {m for m in SkyMethod if m.needs_overlap} == {
        SkyMethod.MATCH,
        SkyMethod.GLOBALMIN_MATCH,
    }
