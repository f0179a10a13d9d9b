"""A field that moves, fitted by the real TweakReg to a catalogue that lacks many motions."""

from __future__ import annotations

import json
import math
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from skydb.api.composition import Services
from skydb.domain.catalog import CatalogUse
from skydb.files.catalog import CatalogTable
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan

#: WFC3/IR.
PIXEL_MAS = 128.25
MOTION = (20.0, 15.0)


def catalog(directory: Path) -> CatalogTable:
    """The stars of a field where they were in 2016.0, if it moved by 25 mas a year."""
    seen = QTable.read(directory / "refcat.ecsv")
    epoch = json.loads((directory / "truth.json").read_text())["epoch"]
    rng = np.random.default_rng(3)
    motions = np.array(MOTION) + rng.normal(0.0, 1.0, (len(seen), 2))
    stars = CatalogTable(
        seen["ra"].to_value(u.deg), seen["dec"].to_value(u.deg), epoch, motions[:, 0], motions[:, 1]
    )
    return stars.at_epoch(2016.0)


def write(stars: CatalogTable, still: np.ndarray, path: Path) -> Path:
    """The catalogue, of whose sources some have no proper motion."""
    table = QTable({"ra": stars.ra_deg * u.deg, "dec": stars.dec_deg * u.deg})
    table["pmra"] = np.where(still, np.nan, stars.pm_ra_mas_yr) * u.mas / u.yr
    table["pmdec"] = np.where(still, np.nan, stars.pm_dec_mas_yr) * u.mas / u.yr
    table.write(path, format="ascii.ecsv")
    return path


@pytest.fixture(scope="module")
def fits(tmp_path_factory, sqlite_template) -> dict[str, tuple[dict, list[str]]]:
    """Fit and findings by what was done about 45 % of the stars; `all` had every motion."""
    home = tmp_path_factory.mktemp("moving")
    plan = FieldPlan(tiles=(1, 1), size=192, start_date=date(2012, 1, 1))
    simulate_field(home / "field", plan)
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    services = Services.open(f"sqlite:///{home / 'skydb.sqlite'}", home / "data")
    services.ingest.ingest([home / "field"])
    stars = catalog(home / "field")
    unknown = np.random.default_rng(4).random(len(stars)) < 0.45
    nobody = np.zeros(len(stars), dtype=bool)
    found = {}
    for name, word, still in (("all", None, nobody), ("rule", None, unknown),
                              ("keep", "keep", unknown)):  # fmt: skip
        path = write(stars, still, home / f"{name}.ecsv")
        services.refcat.import_file(path, 2016.0, name, CatalogUse.of(word))
        run = services.align.run(name)
        (row,) = services.solutions.fits(run)
        said = [one["message"] for one in services.runs.input_doubts(run)]
        found[name] = (row, said)
    services.close()
    return found


def apart_mas(one: dict, other: dict) -> float:
    """Distance of two fits of one product."""
    shift = math.hypot(one["dx_pix"] - other["dx_pix"], one["dy_pix"] - other["dy_pix"])
    return shift * PIXEL_MAS


def test_by_default_the_fit_is_that_of_a_catalogue_in_which_everything_moves(fits) -> None:
    row, (said,) = fits["rule"]
    assert apart_mas(row, fits["all"][0]) < 5.0
    assert row["trust"] >= 0.5
    assert row["without_motion"] == "drop"
    assert "sources have no proper motion and were dropped" in said


def test_stars_that_are_kept_pull_the_fit_and_it_is_said_and_not_trusted(fits) -> None:
    row, (said,) = fits["keep"]
    assert apart_mas(row, fits["all"][0]) > 20.0
    assert row["trust"] < 0.5
    assert row["expected_displacement_mas"] == pytest.approx(100.0, abs=2.0)
    assert "were kept where they were in 2016.00" in said
    assert f"the RMS of the fit is {max(row['rms_ra_mas'], row['rms_dec_mas']):.1f} mas" in said


def test_a_catalogue_in_which_everything_moves_is_not_flagged(fits) -> None:
    row, said = fits["all"]
    assert (row["without_motion"], said) == (None, [])
