"""Gaia's stars as the catalogue services hold them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Errors that the simulator's catalogue leaves out (mas, mas a year), as of a bright source.
_POSITION_ERROR_MAS = 0.2
_MOTION_ERROR_MAS = 0.1
_PARALLAX_ERROR_MAS = 0.1
#: Nothing in the field has a parallax: what Gaia would measure is noise, of either sign.
_PARALLAX_SEED = 3216

Columns = dict[str, NDArray[np.float64] | NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class CatalogStars:
    """Columns of ``gaia_source`` by name, each (n,): degrees, mas, mas a year, magnitudes."""

    columns: Columns

    @classmethod
    def read(cls, path: Path) -> CatalogStars:
        """Read ``gaia.ecsv``."""
        from astropy.table import QTable

        table = QTable.read(path, format="ascii.ecsv")
        length = len(table)
        known = {name: np.asarray(getattr(table[name], "value", table[name])) for name in _READ}
        rng = np.random.default_rng(_PARALLAX_SEED)
        return cls(
            {
                **known,
                "ra_error": np.full(length, _POSITION_ERROR_MAS),
                "dec_error": np.full(length, _POSITION_ERROR_MAS),
                "parallax": rng.normal(0.0, _PARALLAX_ERROR_MAS, length),
                "parallax_error": np.full(length, _PARALLAX_ERROR_MAS),
                "pmra_error": np.full(length, _MOTION_ERROR_MAS),
                "pmdec_error": np.full(length, _MOTION_ERROR_MAS),
                "radial_velocity": np.full(length, np.nan),
                "ruwe": np.ones(length),
            }
        )

    def __len__(self) -> int:
        return len(self.columns["ra"])

    @property
    def radec_deg(self) -> NDArray[np.float64]:
        """Positions (n, 2)."""
        return np.column_stack((self.columns["ra"], self.columns["dec"]))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> CatalogStars:
        """Some of the stars: by mask, or in the order of indices."""
        return CatalogStars({name: column[chosen] for name, column in self.columns.items()})

    def at(self, epoch_year: float) -> CatalogStars:
        """The stars moved by their proper motions, linearly as GSSS does."""
        years = epoch_year - self.columns["ref_epoch"]
        dec_deg = self.columns["dec"]
        ra = self.columns["ra"] + years * self.columns["pmra"] / 3.6e6 / np.cos(np.radians(dec_deg))
        moved = {
            "ra": ra % 360.0,
            "dec": dec_deg + years * self.columns["pmdec"] / 3.6e6,
            "ref_epoch": np.full(len(self), epoch_year),
        }
        return CatalogStars({**self.columns, **moved})


_READ = ("source_id", "ra", "dec", "pmra", "pmdec", "phot_g_mean_mag", "ref_epoch")
