"""The geometry of a fit follows from the number of its matches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.fit import MATCHES_TO_CHOOSE
from skydb.drizzle.geometries import fit_by_matches, geometry_for
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FitStatus, ProductFit, TweakReg
from tests.drizzle.conftest import POINTING_ERROR_MAS
from tests.drizzle.exposures import moved_mas, pixel_sky, write_catalog


def linear_terms(path):
    """The CD matrix of an exposure."""
    header = fits.getheader(path, ("SCI", 1))
    return [[header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2)]


def fits_with(matches, fails=()):
    """Fits of products with so many matches; `fails` names geometries that give none."""

    def fit(products, settings, scratch, heard):
        geometry = settings.fitgeometry or "rscale"
        status = FitStatus.FAILED if geometry in fails else FitStatus.FITTED
        made = [
            ProductFit(one, status, scratch, "IDC", geometry, 80, matches[one]) for one in products
        ]
        for one in made:
            heard(one)
        return made

    return fit


@given(st.integers(0, 60))
def test_a_geometry_has_the_matches_that_it_wants_or_asks_least(nmatches):
    chosen = geometry_for(nmatches)
    assert chosen == "shift" or nmatches >= MATCHES_TO_CHOOSE[chosen]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.sets(st.sampled_from(["rscale", "rshift", "shift"])),
)
def test_each_product_gets_the_geometry_of_its_own_matches(counts, fails):
    matches = {Path(f"p{place}_drz.fits"): count for place, count in enumerate(counts)}
    told = []
    fit = fits_with(matches, fails)
    made = fit_by_matches(fit, list(matches), TweakRegSettings(), Path("scratch"), told.append)
    assert [one.product for one in made] == list(matches)
    # Each is told of once, and only when it will not be made anew.
    assert len(told) == len(made) and all(one in made for one in told)
    if fails:
        return
    for one in made:
        assert one.fit_geometry == geometry_for(matches[one.product])
        assert (one.geometry_why is None) == (one.fit_geometry == "rscale")


def turned_fits(turn_deg, tmp_path, fails=()):
    """Fits with 5 matches of an image that is turned, whose match files follow each other."""
    away = np.array([(-80.0, 60.0), (70.0, 90.0), (50.0, -75.0), (-60.0, -40.0), (20.0, -35.0)])
    noise = np.random.default_rng(5).normal(0.0, 0.003, (5, 2))

    def fit(products, settings, scratch, heard):
        geometry = settings.fitgeometry or "rscale"
        status = FitStatus.FAILED if geometry in fails else FitStatus.FITTED
        left = np.radians(turn_deg) if geometry == "shift" else 0.0
        off = left * np.column_stack((-away[:, 1], away[:, 0])) + noise
        file = tmp_path / "same.match"
        titles = ("X (reference)", "Y (reference)", "X (residual)", "Y (residual)")
        lines = [f"# Column {n}: {title}" for n, title in enumerate(titles, start=1)]
        lines += [" ".join(map(str, row)) for row in np.hstack((away, off))]
        file.write_text("\n".join(lines))
        made = [
            ProductFit(one, status, scratch, "IDC", geometry, 80, 5, match_file=file)
            for one in products
        ]
        for one in made:
            heard(one)
        return made

    return fit


def test_a_shift_that_leaves_a_rotation_is_made_again_with_one(tmp_path):
    told = []
    (made,) = fit_by_matches(
        turned_fits(0.04, tmp_path), [Path("a_drz.fits")], TweakRegSettings(), tmp_path, told.append
    )
    assert told == [made]
    assert made.fit_geometry == "rshift"
    assert made.geometry_why.startswith("5 matches, a shift leaves a rotation of 0.04")


@pytest.mark.parametrize(("turn_deg", "fails"), [(0.0005, ()), (0.04, ("rshift",))])
def test_a_shift_without_a_rotation_or_without_a_better_fit_stays(tmp_path, turn_deg, fails):
    fit = turned_fits(turn_deg, tmp_path, fails)
    told = []
    (made,) = fit_by_matches(fit, [Path("a_drz.fits")], TweakRegSettings(), tmp_path, told.append)
    assert told == [made]
    assert (made.fit_geometry, made.geometry_why) == ("shift", "5 matches, rscale wants 12")


def test_a_shift_that_is_named_stays_whatever_it_leaves(tmp_path):
    settings = TweakRegSettings(fitgeometry="shift")
    (made,) = fit_by_matches(turned_fits(0.04, tmp_path), [Path("a_drz.fits")], settings, tmp_path)
    assert (made.fit_geometry, made.geometry_why) == ("shift", None)


def test_a_geometry_that_is_named_is_kept_however_few_match():
    matches = {Path("a_drz.fits"): 4}
    settings = TweakRegSettings(fitgeometry="rscale")
    (made,) = fit_by_matches(fits_with(matches), list(matches), settings, Path("scratch"))
    assert (made.fit_geometry, made.geometry_why) == ("rscale", None)


def test_a_lesser_geometry_that_fails_leaves_the_fit_that_there_was():
    matches = {Path("a_drz.fits"): 10}
    fit = fits_with(matches, fails={"rshift"})
    (made,) = fit_by_matches(fit, list(matches), TweakRegSettings(), Path("scratch"))
    assert (made.is_fitted, made.fit_geometry) == (True, "rscale")


def test_an_open_geometry_is_recorded_and_recalled_as_open():
    settings = replace(TweakRegSettings(), minobj=4)
    assert settings.as_parameters()["fitgeometry"] is None
    assert TweakRegSettings.recalled(settings.as_parameters()) == settings
    named = replace(settings, fitgeometry="rshift")
    assert TweakRegSettings.recalled(named.as_parameters()) == named


@pytest.mark.slow
def test_a_fit_of_rshift_turns_and_moves_but_keeps_the_scale(product, runner, tmp_path):
    catalog = write_catalog(tmp_path / "cat")
    found = {
        name: TweakReg(runner).fit(
            [product], catalog, TweakRegSettings(fitgeometry=name), tmp_path / name
        )[0]
        for name in ("rshift", "rscale")
    }
    held, free = found["rshift"], found["rscale"]
    assert (held.reason, held.fit_geometry) == (None, "rshift")
    assert held.scale == pytest.approx(1.0, abs=1e-9)
    assert abs(free.scale - 1.0) > 1e-6
    assert held.rotation_deg == pytest.approx(free.rotation_deg, abs=2e-4)
    moved = moved_mas(pixel_sky(held.fitted_copy), pixel_sky(product))
    assert moved.mean(axis=0) == pytest.approx([-error for error in POINTING_ERROR_MAS], abs=2.0)
    areas = [np.linalg.det(linear_terms(path)) for path in (held.fitted_copy, product)]
    assert areas[0] == pytest.approx(areas[1], rel=1e-8)
