"""A catalogue that is off as a whole: another one tells, and so do the archive's fits."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import ProductVersion
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.services.alignment.second_opinion import TrustedFit, second_opinions
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


def given_by_archive(directory: Path, visit: str, matches: int) -> Path:
    """An exposure that the archive has fitted to Gaia."""
    path = write_exposure(directory, f"ibxl{visit}iaq", wcs_name="IDC_w3m18525i-FIT_REL_GAIAeDR3")
    with fits.open(path, "update") as hdus:
        hdus["SCI"].header.update({"NMATCHES": matches, "RMS_RA": 12.0, "RMS_DEC": 9.0})
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


def ingested(services: Services, directory: Path, matches: int = 30) -> list[Path]:
    files = [given_by_archive(directory, visit, matches) for visit in VISITS]
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


def test_what_single_visits_or_bad_fits_of_the_archive_say_is_not_enough(
    services: Services, tmp_path: Path
) -> None:
    files = ingested(services, tmp_path / "visits")
    one = [fitted(services, files[0], EAST_DEG)]
    apart = [*one, fitted(services, files[1], -EAST_DEG, EAST_DEG)]
    near = [fitted(services, path, EAST_DEG / 30) for path in files]
    for fits_of_run in (one, apart, near):
        assert second_opinions(services.context, ["one"], fits_of_run) == []


def test_fits_of_the_archive_with_few_matches_say_nothing(
    services: Services, tmp_path: Path
) -> None:
    files = ingested(services, tmp_path / "visits", matches=5)
    moved = [fitted(services, path, EAST_DEG) for path in files]
    assert second_opinions(services.context, ["one"], moved) == []
