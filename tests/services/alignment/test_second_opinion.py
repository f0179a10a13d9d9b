"""A catalogue that is off as a whole: another one tells, and so do the archive's fits."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import ProductVersion
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.services.alignment import second_opinion
from skydb.services.alignment.second_opinion import TrustedFit, _around, _mean, second_opinions
from skydb.sky.catalog_offsets import SIGMAS, Offset
from tests.services.tools import CENTRE_DEG, write_exposure

VISITS = ("50", "51", "52")
#: What is thought to be wrong.
EAST_DEG = 300.0 / 3_600_000


def catalog(path: Path, east_deg: float = 0.0) -> Path:
    steps = np.random.default_rng(11).uniform(-3e-3, 3e-3, (60, 2))
    places = np.array(CENTRE_DEG) + steps + (east_deg, 0.0)
    lines = (f"{ra:.9f},{dec:.9f}" for ra, dec in places)
    path.write_text("ra,dec\n" + "\n".join(lines) + "\n")
    return path


def given_by_archive(directory: Path, visit: str, matches: int, rms_mas: float) -> Path:
    """An exposure that the archive has fitted to Gaia."""
    path = write_exposure(directory, f"ibxl{visit}iaq", wcs_name="IDC_w3m18525i-FIT_REL_GAIAeDR3")
    with fits.open(path, "update") as hdus:
        hdus["SCI"].header.update({"NMATCHES": matches, "RMS_RA": rms_mas, "RMS_DEC": 9.0})
    return path


def fitted(services: Services, path: Path, east_deg: float, north_deg: float = 0.0) -> TrustedFit:
    """A fit that has moved an exposure."""
    home = path.parent / "fitted"
    home.mkdir(exist_ok=True)
    copy = Path(shutil.copy(path, home))
    with fits.open(copy, "update") as hdus:
        hdus["SCI"].header["CRVAL1"] += east_deg
        hdus["SCI"].header["CRVAL2"] += north_deg
    fit = ProductFit(
        product=path, status=FitStatus.FITTED, log=home / "log", original_wcs_name="",
        fit_geometry="rscale", catalog_sources=60, nmatches=50, rms_ra_mas=4.0, rms_dec_mas=3.0,
        fitted_copy=copy,
    )  # fmt: skip
    with services.context.store.reading() as session:
        versions = select(ProductVersion).where(ProductVersion.filename == path.name)
        return TrustedFit(session.scalars(versions).one().id, fit, "one", 2016.0)


def ingested(
    services: Services, directory: Path, matches: int = 30, rms_mas: float = 12.0
) -> list[Path]:
    files = [given_by_archive(directory, visit, matches, rms_mas) for visit in VISITS]
    services.ingest.ingest(files)
    return files


@pytest.mark.parametrize("is_off", [True, False])
def test_another_catalogue_that_is_elsewhere_speaks_against_a_fit(
    services: Services, tmp_path: Path, *, is_off: bool
) -> None:
    (path, *_) = ingested(services, tmp_path / "visits", matches=3)
    services.refcat.import_file(catalog(tmp_path / "one.csv"), 2016.0, "one")
    other = catalog(tmp_path / "other.csv", EAST_DEG if is_off else 0.0)
    services.refcat.import_file(other, 2016.0, "other")

    said = second_opinions(services.context, ["one", "other"], [fitted(services, path, 0.0)])

    assert [subject for subject, _ in said] == [path.name] * is_off
    for _, message in said:
        assert message.startswith("one, to which it was fitted, is 300 +- 0 mas off other in ")


def test_visits_that_all_leave_the_archives_fits_by_one_offset_speak_against_the_catalogue(
    services: Services, tmp_path: Path
) -> None:
    files = ingested(services, tmp_path / "visits")
    moved = [fitted(services, path, EAST_DEG) for path in files]

    ((subject, message),) = second_opinions(services.context, ["one"], moved)

    assert subject == "one"
    assert "of 3 visits (bxl50, bxl51, bxl52) are trusted, and all 300 +- " in message


def test_the_error_of_a_fit_is_that_of_the_mean_of_its_matches() -> None:
    numbers = {"rms_ra_mas": 4.0, "rms_dec_mas": 3.0, "nmatches": 25}
    for changed, error in (
        ({}, 1.0), ({"rms_ra_mas": None}, 0.6), ({"rms_dec_mas": None}, 0.8),
        ({"nmatches": 1}, 5.0), ({"nmatches": 0}, 5.0),
    ):  # fmt: skip
        fit: Any = SimpleNamespace(**{**numbers, **changed})
        assert TrustedFit(1, fit, "one", None).error_mas == pytest.approx(error)


def test_offsets_of_visits_from_the_archive_have_the_errors_of_both_fits(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ingested(services, tmp_path / "visits", matches=12, rms_mas=30.0)
    moved = [fitted(services, path, EAST_DEG, 40.0 / 3_600_000) for path in files]
    ((_, message),) = second_opinions(services.context, ["one"], moved)
    # 30 mas by the root of 12 matches, 0.7 mas of the fit itself, and three visits.
    assert "all 302 +- 5 mas off" in message
    # An offset has to be beyond its own error, and no other one.
    for more, is_told in ((0.0, False), (0.1, True)):
        limit = Offset(20.0 * SIGMAS + more, 0.0, 20.0, 3)
        with monkeypatch.context() as patch:
            patch.setattr(second_opinion, "common_offset", lambda _, found=limit: found)
            assert bool(second_opinions(services.context, ["one"], moved)) == is_told
    # Exposures of one visit are one offset: their catalogue is the same.
    again = [replace(moved[0], version_id=one.version_id) for one in moved]
    assert len(second_opinions(services.context, ["one"], again)) == 1
    with services.context.store.writing() as session:
        for version in session.scalars(select(ProductVersion)):
            version.product.visit = session.get_one(
                ProductVersion, moved[0].version_id
            ).product.visit
        session.commit()
    assert second_opinions(services.context, ["one"], moved) == []


def test_only_sources_around_the_middle_of_a_file_are_looked_at() -> None:
    grid = np.array([(10.0, 60.0), (10.02, 60.0), (10.0, 60.01), (10.02, 60.01)])
    # Half a diagonal of 25.4 arcsec, and 5 arcsec more.
    steps = (0.0, 30.0, 30.8, 1000.0)
    table: Any = SimpleNamespace(
        radec_deg=np.array([(10.01, 60.005 + step / 3600) for step in steps])
    )
    assert _around(table, grid) == pytest.approx(table.radec_deg[:2])


def test_the_offset_of_a_visit_is_the_mean_and_as_sure_as_its_best_file() -> None:
    files = [Offset(10.0, -4.0, 2.0, 1), Offset(20.0, 8.0, 3.0, 1), Offset(0.0, 2.0, 4.0, 1)]
    found = _mean(files)
    assert (found.east_mas, found.north_mas, found.error_mas, found.count) == (10.0, 2.0, 2.0, 3)


def test_what_single_visits_or_bad_fits_of_the_archive_say_is_not_enough(
    services: Services, tmp_path: Path
) -> None:
    files = ingested(services, tmp_path / "visits")
    one = [fitted(services, files[0], EAST_DEG)]
    apart = [*one, fitted(services, files[1], -EAST_DEG, EAST_DEG)]
    near = [fitted(services, path, EAST_DEG / 30) for path in files]
    for fits_of_run in (one, apart, near):
        assert second_opinions(services.context, ["one"], fits_of_run) == []


def test_a_bad_fit_of_the_archive_leaves_what_the_others_say(
    services: Services, tmp_path: Path
) -> None:
    bad = given_by_archive(tmp_path / "bad", VISITS[0], 5, 12.0)
    good = [given_by_archive(tmp_path / "good", visit, 30, 12.0) for visit in VISITS[1:]]
    services.ingest.ingest([bad, *good])
    moved = [fitted(services, path, EAST_DEG) for path in (bad, *good)]
    ((_, message),) = second_opinions(services.context, ["one"], moved)
    assert "of 2 visits (bxl51, bxl52) are trusted" in message


def test_fits_of_the_archive_with_few_matches_say_nothing(
    services: Services, tmp_path: Path
) -> None:
    files = ingested(services, tmp_path / "visits", matches=5)
    moved = [fitted(services, path, EAST_DEG) for path in files]
    assert second_opinions(services.context, ["one"], moved) == []
