"""Reference catalogues from files: positions in double precision, at a known epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skydb.errors import FileRejectedError, UsageError
from skydb.files.odd import rejecting
from skydb.files.quiet import quiet_astropy
from skydb.files.repeats import repeated_rows
from skydb.files.tables import Column, read_columns

Floats = NDArray[np.float64]

_RA_NAMES = (
    *("ra", "ra_deg", "radeg", "_ra", "raj2000", "_raj2000", "ra_icrs", "ra_j2000", "alpha"),
    "alpha_j2000",
)
_DEC_NAMES = (
    *("dec", "dec_deg", "decdeg", "dedeg", "_de", "dej2000", "_dej2000", "decj2000"),
    *("de_icrs", "dec_icrs", "dec_j2000", "delta", "delta_j2000"),
)
_PM_RA_NAMES = ("pmra", "pm_ra", "pmra_mas_yr", "pm_ra_mas_yr", "pm_ra_cosdec")
_PM_DEC_NAMES = ("pmdec", "pm_dec", "pmde", "pmdec_mas_yr", "pm_dec_mas_yr")
_MAG_NAMES = ("mag", "phot_g_mean_mag", "gmag", "magnitude")
_EPOCH_NAMES = ("ref_epoch", "refepoch", "epoch", "epoch_year")
#: Names that no two sources share, and names that may begin again with each chip.
_UNIQUE_NAMES = ("source_id", "sourceid")
_ID_NAMES = (*_UNIQUE_NAMES, "objid", "id", "name")
_FIRST_YEAR, _LAST_YEAR = 1850.0, 2150.0
_FLOAT32_REASON = "{} is 32-bit, which is 0.027 arcsec off at RA 85; double precision is needed"


_REPEATED = "Rows that repeat the source of another row"
#: The fastest of a catalogue move by more, and most of no field by as much: in arcseconds a
#: year, or in microarcseconds, they would be a thousand times slower or faster.
_LEAST_FAST_MAS_YR, _MOST_USUAL_MAS_YR = 0.05, 1000.0


@dataclass(frozen=True, eq=False)
class CatalogTable:
    """Sources of a reference catalogue.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray, shape (N,)
        ICRS positions at ``epoch_year``.
    epoch_year : float or None
        Julian year of the positions; None when it is unknown.
    pm_ra_mas_yr, pm_dec_mas_yr : ndarray, shape (N,), or None
        Proper motions, that in RA with cos Dec; NaN for a source without one.
    mag : ndarray, shape (N,), or None
        Magnitudes; NaN for a source without one.
    moved : int
        Sources that :meth:`at_epoch` moved; the others stayed where they were.
    ids : ndarray of str, shape (N,), or None
        What the file calls each source.
    repeated : int
        Rows that were left out because an earlier one is the same source.
    """

    ra_deg: Floats
    dec_deg: Floats
    epoch_year: float | None = None
    pm_ra_mas_yr: Floats | None = None
    pm_dec_mas_yr: Floats | None = None
    mag: Floats | None = None
    moved: int = 0
    ids: NDArray[np.str_] | None = None
    repeated: int = 0

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self.ra_deg)

    @property
    def has_proper_motion(self) -> NDArray[np.bool_]:
        """Whether each source has a proper motion, shape (N,)."""
        if self.pm_ra_mas_yr is None or self.pm_dec_mas_yr is None:
            return np.zeros(len(self), dtype=bool)
        return np.isfinite(self.pm_ra_mas_yr) & np.isfinite(self.pm_dec_mas_yr)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Sentences on rows that were left out, and on motions that cannot be in their unit.

        Motions of Gaia DR3 have errors of 0.02 mas/yr at the least, 0.5 at G = 20 (Lindegren et
        al. 2021, A&A 649, A2): of sources that stand still, too, some seem to move by more.
        """
        found = []
        if self.repeated:
            found.append(f"{_REPEATED}: {self.repeated}; they were left out.")
        motions = self._speeds_mas_yr
        usual, fast = np.percentile(motions, (50, 95)) if len(motions) else (0.0, 0.0)
        if 0 < fast < _LEAST_FAST_MAS_YR or usual > _MOST_USUAL_MAS_YR:
            found.append(
                f"Half of its sources move by less than {usual:.2g} mas/yr, 95 % by less than "
                f"{fast:.2g}, as no field does: the unit of its proper motions is wrong. Correct "
                "it, and register the catalogue under another name."
            )
        return tuple(found)

    @property
    def _speeds_mas_yr(self) -> Floats:
        if self.pm_ra_mas_yr is None or self.pm_dec_mas_yr is None:
            return np.empty(0)
        return np.hypot(self.pm_ra_mas_yr, self.pm_dec_mas_yr)[self.has_proper_motion]

    @property
    def radec_deg(self) -> Floats:
        """Positions, shape (N, 2)."""
        return np.column_stack((self.ra_deg, self.dec_deg))

    def subset(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the sources, in order; `chosen` has a value for each."""
        return replace(
            self,
            ra_deg=self.ra_deg[chosen],
            dec_deg=self.dec_deg[chosen],
            pm_ra_mas_yr=_some(self.pm_ra_mas_yr, chosen),
            pm_dec_mas_yr=_some(self.pm_dec_mas_yr, chosen),
            mag=_some(self.mag, chosen),
            ids=None if self.ids is None else self.ids[chosen],
        )

    def within(self, mag_min: float | None, mag_max: float | None) -> Self:
        """Sources of these magnitudes, both included; without limits, all of them.

        Raises
        ------
        UsageError
            When there is a limit and no magnitude, or nothing is left.
        """
        if mag_min is None and mag_max is None:
            return self
        if self.mag is None:
            raise UsageError(
                "The catalogue has no magnitudes.", advice="Leave out --mag-min and --mag-max."
            )
        inside = np.isfinite(self.mag)
        inside &= self.mag >= (-np.inf if mag_min is None else mag_min)
        inside &= self.mag <= (np.inf if mag_max is None else mag_max)
        if not inside.any():
            words = f"{mag_min or '...'} to {mag_max or '...'}"
            raise UsageError(f"No source of the catalogue has a magnitude of {words}.")
        return self.subset(inside)

    def at_epoch(self, year: float) -> Self:
        """Positions at another epoch, by rigorous space motion without parallax.

        Parameters
        ----------
        year : float
            Julian year.

        Raises
        ------
        UsageError
            When the epoch of the catalogue is not known, or the year is none.
        """
        if self.epoch_year is None:
            advice = "Say at which epoch its positions are."
            raise UsageError("A catalogue without an epoch cannot be moved.", advice=advice)
        require_epoch(year)
        movable = self.has_proper_motion
        ra_deg, dec_deg = self.ra_deg.copy(), self.dec_deg.copy()
        if year != self.epoch_year and movable.any():
            ra_deg[movable], dec_deg[movable] = self._moved_positions(movable, year)
        moved = int(movable.sum()) if year != self.epoch_year else 0
        return replace(self, ra_deg=ra_deg, dec_deg=dec_deg, epoch_year=year, moved=moved)

    def write_tweakreg(self, path: Path) -> None:
        """Write the text that TweakReg takes as ``refcat``: RA, Dec and, if any, magnitude."""
        columns = [self.ra_deg, self.dec_deg]
        formats = "{:.12f} {:.12f}"
        if self.mag is not None:
            columns.append(self.mag)
            formats += " {:.4f}"
        lines = (formats.format(*row) for row in zip(*columns, strict=True))
        path.write_text("\n".join(lines) + "\n", encoding="ascii")

    def _moved_positions(self, movable: NDArray[np.bool_], year: float) -> tuple[Floats, Floats]:
        from astropy import units as u
        from astropy.coordinates import SkyCoord
        from astropy.time import Time

        assert self.pm_ra_mas_yr is not None and self.pm_dec_mas_yr is not None
        # ERFA replaces the unknown parallax by a tiny one and warns of it for every source.
        with quiet_astropy():
            now = SkyCoord(
                ra=self.ra_deg[movable] * u.deg,
                dec=self.dec_deg[movable] * u.deg,
                pm_ra_cosdec=self.pm_ra_mas_yr[movable] * u.mas / u.yr,
                pm_dec=self.pm_dec_mas_yr[movable] * u.mas / u.yr,
                obstime=Time(self.epoch_year, format="jyear", scale="tdb"),
            )
            then = now.apply_space_motion(Time(year, format="jyear", scale="tdb"))
        return np.asarray(then.ra.deg), np.asarray(then.dec.deg)


def _some(column: Floats | None, chosen: NDArray[np.bool_]) -> Floats | None:
    return None if column is None else column[chosen]


def read_catalog(path: Path, *, epoch_year: float | None) -> CatalogTable:
    """Reference catalogue from ECSV, CSV, FITS, VOTable or text of two or more columns.

    Columns are found by their names (``ra``/``dec``, ``RAJ2000``/``DEJ2000``, ``ra_deg``...,
    ``pmra``/``pmdec``, ``mag``, ``ref_epoch``); text without names is RA, Dec and magnitude.
    A source that stands in several rows is taken once, from the first with a proper motion.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    epoch_year : float or None
        Julian year of the positions; None takes it from the ``ref_epoch`` column, if any.

    Raises
    ------
    ParseError
        When a text file does not follow its format.
    FileRejectedError
        When the catalogue has no rows, no positions, two columns of one name, positions out
        of range or of single precision, one source at two places, or an epoch other than the
        one given.
    """
    with rejecting(path):
        columns = read_columns(path)
    ra = _required(path, columns, _RA_NAMES, "right ascension")
    dec = _required(path, columns, _DEC_NAMES, "declination")
    ra_deg, dec_deg = _angles(path, ra), _angles(path, dec)
    _check_range(path, ra.name, ra_deg, 0.0, 360.0)
    _check_range(path, dec.name, dec_deg, -90.0, 90.0)
    pm_ra, pm_dec = _proper_motions(path, columns)
    table = CatalogTable(
        ra_deg=ra_deg % 360.0,
        dec_deg=dec_deg,
        epoch_year=_epoch(path, columns, epoch_year),
        pm_ra_mas_yr=pm_ra,
        pm_dec_mas_yr=pm_dec,
        mag=_optional(path, columns, _MAG_NAMES, ""),
        ids=_ids(columns, _ID_NAMES),
    )
    unique = _ids(columns, _UNIQUE_NAMES)
    repeated = repeated_rows(path, table.radec_deg, table.has_proper_motion, unique)
    if not repeated.any():
        return table
    return replace(table.subset(~repeated), repeated=int(repeated.sum()))


def _find(path: Path, columns: dict[str, Column], names: tuple[str, ...]) -> Column | None:
    by_lower: dict[str, list[Column]] = {}
    for name, column in columns.items():
        by_lower.setdefault(name.strip().lower(), []).append(column)
    found = next((by_lower[name] for name in names if name in by_lower), [None])
    if len(found) > 1:
        words = " and ".join(column.name for column in found if column)
        raise FileRejectedError(path, f"{words} may both be meant", advice="Rename one of them.")
    return found[0]


def _ids(columns: dict[str, Column], names: tuple[str, ...]) -> NDArray[np.str_] | None:
    """Names of the sources; None when no column keeps all their digits."""
    named = {name.strip().lower(): column for name, column in columns.items()}
    for column in (named[name] for name in names if name in named):
        if column.whole is not None:
            return np.array([str(value) for value in column.whole], dtype=np.str_)
        if column.values.dtype.kind == "U":
            return np.array([str(value).strip() for value in column.values], dtype=np.str_)
    return None


def _required(path: Path, columns: dict[str, Column], names: tuple[str, ...], what: str) -> Column:
    column = _find(path, columns, names)
    if column is None:
        seen = ", ".join(list(columns)[:12])
        advice = f"Name one of the columns {names[0]!r}."
        raise FileRejectedError(path, f"no column of {what} among {seen}", advice=advice)
    if not len(column.values):
        raise FileRejectedError(path, "the catalogue has no rows")
    return column


def _angles(path: Path, column: Column) -> Floats:
    if column.values.dtype == np.float32:
        raise FileRejectedError(path, _FLOAT32_REASON.format(column.name))
    return column.in_unit(path, "deg")


def _check_range(path: Path, name: str, values: Floats, low: float, high: float) -> None:
    bad = np.flatnonzero(~((values >= low) & (values <= high)))
    if len(bad):
        value = values[bad[0]]
        reason = f"{name} of row {bad[0] + 1} is {value:g}, not within {low:g} to {high:g} degrees"
        raise FileRejectedError(path, reason)


def _optional(
    path: Path, columns: dict[str, Column], names: tuple[str, ...], unit: str
) -> Floats | None:
    column = _find(path, columns, names)
    return None if column is None else column.in_unit(path, unit)


def _proper_motions(path: Path, columns: dict[str, Column]) -> tuple[Floats | None, Floats | None]:
    pm_ra = _optional(path, columns, _PM_RA_NAMES, "mas/yr")
    pm_dec = _optional(path, columns, _PM_DEC_NAMES, "mas/yr")
    if (pm_ra is None) != (pm_dec is None):
        raise FileRejectedError(path, "proper motion in one coordinate only")
    return pm_ra, pm_dec


def require_epoch(year: float) -> None:
    """Refuse a number that is no Julian year of observations.

    Raises
    ------
    UsageError
        When it is none.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        advice = "Give the Julian year of the positions, e.g. 2016.0."
        raise UsageError(f"{year:g} is not an epoch.", advice=advice)


def _epoch(path: Path, columns: dict[str, Column], given: float | None) -> float | None:
    """Epoch given, or that of the file; the two must not contradict each other."""
    if given is not None:
        require_epoch(given)
    found = _epochs(path, columns)
    if len(found) > 1:
        reason = f"its rows have different epochs, {found[0]:g} to {found[-1]:g}"
        advice = "Move all sources to one epoch first."
        raise FileRejectedError(path, reason, advice=advice)
    if found and given is not None and abs(found[0] - given) > 1e-3:
        reason = f"its own epoch is {found[0]:g}, not {given:g}"
        raise FileRejectedError(path, reason, advice="Leave the epoch out to use its own.")
    return given if given is not None or not found else found[0]


def _epochs(path: Path, columns: dict[str, Column]) -> list[float]:
    """The different epochs of the rows, Julian years such as 2016.0 or J2016.0."""
    column = _find(path, columns, _EPOCH_NAMES)
    if column is None:
        return []
    if column.values.dtype.kind == "U":
        years = [str(value).strip().upper().removeprefix("J") for value in column.values]
        column = replace(column, values=np.array([year or "nan" for year in years]))
    values = column.in_unit(path, "yr")
    found = sorted(set(values[np.isfinite(values)].tolist()))
    wrong = [year for year in found if not _FIRST_YEAR <= year <= _LAST_YEAR]
    if wrong:
        raise FileRejectedError(path, f"its {column.name} {wrong[0]:g} is not a Julian year")
    return found
