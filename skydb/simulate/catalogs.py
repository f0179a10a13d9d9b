"""Catalogue files beside a simulated field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.simulate.scene import Stars
from skydb.simulate.schedule import Stream, random_stream

if TYPE_CHECKING:
    from astropy.table import QTable

GAIA_NAME, REFCAT_NAME, STARS_NAME = "gaia.ecsv", "refcat.ecsv", "stars.ecsv"

#: Gaia lists nothing fainter.
GAIA_LIMIT_MAG = 21.0
_POSITION_ERROR_MAS = 0.2
_MOTION_ERROR_MAS = 0.1


def write_catalogs(directory: Path, seed: int, stars: Stars, epoch_year: float) -> None:
    """Write ``gaia.ecsv``, ``refcat.ecsv`` and ``stars.ecsv``.

    Parameters
    ----------
    stars : Stars
        All stars at the epoch of Gaia, without errors.
    epoch_year : float
        Epoch of the field.
    """
    seen = as_gaia_sees(seed, stars)
    _write(seen, directory / GAIA_NAME)
    _write(seen.at(epoch_year), directory / REFCAT_NAME)
    _write(stars.at(epoch_year), directory / STARS_NAME)


def as_gaia_sees(seed: int, stars: Stars) -> Stars:
    """The brighter stars, with errors of position and motion."""
    bright = stars.g_mag <= GAIA_LIMIT_MAG
    rng = random_stream(seed, Stream.GAIA)
    dra, ddec = rng.normal(0.0, _POSITION_ERROR_MAS / 3.6e6, (2, len(stars)))[:, bright]
    dpmra, dpmdec = rng.normal(0.0, _MOTION_ERROR_MAS, (2, len(stars)))[:, bright]
    dec = stars.dec_deg[bright]
    return Stars(
        stars.epoch_year,
        stars.ra_deg[bright] + dra / np.cos(np.radians(dec)),
        dec + ddec,
        stars.pmra_mas[bright] + dpmra,
        stars.pmdec_mas[bright] + dpmdec,
        stars.flux[bright],
        stars.g_mag[bright],
    )


def _table(stars: Stars) -> QTable:
    from astropy import units as u
    from astropy.table import QTable

    table = QTable(meta={"epoch": stars.epoch_year, "frame": "ICRS"})
    table["source_id"] = 3_216_000_000_000_000_000 + np.arange(len(stars))
    table["ra"], table["dec"] = stars.ra_deg * u.deg, stars.dec_deg * u.deg
    table["pmra"] = stars.pmra_mas * u.mas / u.yr
    table["pmdec"] = stars.pmdec_mas * u.mas / u.yr
    table["phot_g_mean_mag"] = stars.g_mag * u.mag
    table["ref_epoch"] = np.full(len(stars), stars.epoch_year) * u.yr
    return table


def _write(stars: Stars, path: Path) -> None:
    _table(stars).write(path, format="ascii.ecsv", overwrite=True)
