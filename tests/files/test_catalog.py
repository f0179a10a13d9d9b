"""Reference catalogues from files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, Table
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import FileRejectedError, ParseError, UnreadableFileError, UsageError
from skydb.files.catalog import CatalogTable, read_catalog

RA = np.array([85.25, 85.123456789012, 359.999999999999])
DEC = np.array([-2.45, -2.512345678901, 89.5])


def table(**extra: object) -> Table:
    return Table({"ra": RA, "dec": DEC, **extra})


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("c.ecsv", "ascii.ecsv"), ("c.csv", "ascii.csv"), ("c.fits", "fits"), ("c.vot", "votable")],
)
def test_every_format_gives_the_same_positions(tmp_path: Path, name: str, kind: str) -> None:
    table(mag=np.array([18.0, 19.5, 20.25])).write(tmp_path / name, format=kind)
    found = read_catalog(tmp_path / name, epoch_year=2016.0)
    np.testing.assert_array_equal(found.ra_deg, RA)
    np.testing.assert_array_equal(found.dec_deg, DEC)
    assert found.mag is not None
    np.testing.assert_array_equal(found.mag, [18.0, 19.5, 20.25])
    assert (len(found), found.epoch_year, found.moved) == (3, 2016.0, 0)
    assert found.ra_deg.dtype == np.float64


@pytest.mark.parametrize(
    "text",
    [
        "85.25 -2.45\n85.5 -2.5\n",
        "# made by hand\n85.25 -2.45 18.1 # bright\n\n85.5 -2.5 INDEF\n",
        "RA DEC\n85.25 -2.45\n85.5 -2.5\n",
        "# dec ra\n-2.45 85.25\n-2.5 85.5\n",
        "85.25,-2.45\r\n85.5,-2.5\r\n",
        "# GSSS\nID,RA,DEC,pmra,pmdec\r\nG1,85.25,-2.45,1.0,2.0\r\nG2,85.5,-2.5,,\r\n",
        "name RAJ2000 DEJ2000\nS1 85.25 -2.45\nS2 85.5 -2.5\n",
        "\ufeffra_deg dec_deg\n85.25 -2.45\n85.5 -2.5\n",
    ],
)
def test_text_is_read_however_it_is_laid_out(tmp_path: Path, text: str) -> None:
    found = read_catalog(write(tmp_path / "c.txt", text), epoch_year=None)
    np.testing.assert_array_equal(found.ra_deg, [85.25, 85.5])
    np.testing.assert_array_equal(found.dec_deg, [-2.45, -2.5])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("85.25 -2.45\n85.5\n", 2, "1 columns where 2 are due"),
        ("# x\n85.25 -2.45\n85.5 south\n", 3, "'south' is not a number"),
        ("", 0, "no line with data"),
        ("# only\n# comments\n", 0, "no line with data"),
    ],
)
def test_text_that_is_no_catalogue_is_named_by_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    with pytest.raises(ParseError, match=problem) as caught:
        read_catalog(write(tmp_path / "c.txt", text), epoch_year=None)
    assert caught.value.line_number == line


@pytest.mark.parametrize("content", [b"\xff\xfe\x00binary", b"a\0b"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.cat").write_bytes(content)
    with pytest.raises(ParseError, match="neither text nor a table"):
        read_catalog(tmp_path / "c.cat", epoch_year=None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ra dec\n", "no rows"),
        ("x y\n1 2\n", "no column of right ascension among x, y"),
        ("ra flux\n1 2\n", "no column of declination"),
        ("ra dec\n361 2\n", "ra of row 1 is 361"),
        ("ra dec\n1 2\n1 -91\n", "dec of row 2 is -91"),
        ("ra dec\nnan 2\n", "ra of row 1 is nan"),
        ("ra dec\n1 inf\n", "dec of row 1 is inf"),
        ("ra,dec\n05:41:00,-02:27:00\n", "not a column of numbers"),
        ("ra,dec,pmra\n1,2,3\n", "proper motion in one coordinate only"),
        ("ra,dec,ref_epoch\n1,2,2016\n1,2,2015.5\n", "different epochs"),
    ],
)
def test_positions_that_make_no_sense_are_rejected_with_a_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(FileRejectedError, match=reason):
        read_catalog(write(tmp_path / "c.txt", text), epoch_year=None)


@pytest.mark.parametrize("kind", ["ascii.ecsv", "ascii.csv", "fits", "votable"])
@pytest.mark.parametrize("name", ["c.gz", "packed"])
def test_a_packed_catalogue_is_read_whatever_its_format_and_its_name(tmp_path, kind, name):
    table().write(tmp_path / "c", format=kind)
    (tmp_path / name).write_bytes(gzip.compress((tmp_path / "c").read_bytes()))
    found = read_catalog(tmp_path / name, epoch_year=2016.0)
    np.testing.assert_array_equal(found.ra_deg, RA)


@pytest.mark.parametrize(("name", "kind"), [("c.fits", "fits"), ("c.vot", "votable")])
def test_single_precision_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    Table({"ra": RA.astype(np.float32), "dec": DEC}).write(tmp_path / name, format=kind)
    with pytest.raises(FileRejectedError, match=r"ra is 32-bit, which is 0\.027 arcsec"):
        read_catalog(tmp_path / name, epoch_year=None)


def test_units_of_columns_are_converted(tmp_path: Path) -> None:
    made = Table({"ra": np.radians(RA) * u.rad, "dec": DEC * u.deg})
    made["pmra"] = [1e-3, 2e-3, 3e-3] * u.arcsec / u.yr
    made["pmdec"] = [1.0, 2.0, 3.0] * u.mas / u.yr
    made.write(tmp_path / "c.ecsv")
    found = read_catalog(tmp_path / "c.ecsv", epoch_year=None)
    np.testing.assert_allclose(found.ra_deg, RA, rtol=1e-15)
    assert found.pm_ra_mas_yr is not None
    np.testing.assert_allclose(found.pm_ra_mas_yr, [1.0, 2.0, 3.0])


def test_a_column_in_the_wrong_kind_of_unit_is_rejected(tmp_path: Path) -> None:
    Table({"ra": RA * u.Jy, "dec": DEC}).write(tmp_path / "c.ecsv")
    with pytest.raises(FileRejectedError, match="ra is in 'Jy', not in deg"):
        read_catalog(tmp_path / "c.ecsv", epoch_year=None)


def test_a_masked_position_is_not_a_position(tmp_path: Path) -> None:
    made = table()
    made["ra"] = MaskedColumn(RA, mask=[False, True, False])
    made.write(tmp_path / "c.ecsv")
    with pytest.raises(FileRejectedError, match="ra of row 2 is nan"):
        read_catalog(tmp_path / "c.ecsv", epoch_year=None)


def test_the_epoch_of_the_file_is_used_when_none_is_given(tmp_path: Path) -> None:
    table(ref_epoch=[2016.0] * 3).write(tmp_path / "c.ecsv")
    assert read_catalog(tmp_path / "c.ecsv", epoch_year=None).epoch_year == 2016.0


def test_an_epoch_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    table(ref_epoch=[2016.0] * 3).write(tmp_path / "c.ecsv")
    with pytest.raises(FileRejectedError, match=r"its own epoch is 2016, not 2012\.87"):
        read_catalog(tmp_path / "c.ecsv", epoch_year=2012.87)


def test_a_missing_catalogue_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_catalog(tmp_path / "missing.cat", epoch_year=None)


def test_a_damaged_table_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path / "c.vot", "<VOTABLE><RESOURCE><TABLE>")
    with pytest.raises(UnreadableFileError, match="not a table"):
        read_catalog(tmp_path / "c.vot", epoch_year=None)


def moving(pm_ra: float, pm_dec: float, dec: float = -2.45) -> CatalogTable:
    return CatalogTable(
        ra_deg=np.array([85.25, 85.3]),
        dec_deg=np.array([dec, dec]),
        epoch_year=2016.0,
        pm_ra_mas_yr=np.array([pm_ra, np.nan]),
        pm_dec_mas_yr=np.array([pm_dec, 5.0]),
    )


def test_only_sources_with_a_proper_motion_move() -> None:
    moved = moving(100.0, -50.0, dec=60.0).at_epoch(2006.0)
    assert moved.moved == 1
    assert moved.epoch_year == 2006.0
    shift = (moved.dec_deg - 60.0) * 3.6e6
    np.testing.assert_allclose(shift, [500.0, 0.0], atol=0.01)
    east = (moved.ra_deg - [85.25, 85.3]) * np.cos(np.radians(60.0)) * 3.6e6
    np.testing.assert_allclose(east, [-1000.0, 0.0], atol=0.01)


def test_a_catalogue_without_proper_motions_stays() -> None:
    moved = CatalogTable(RA, DEC, 2016.0).at_epoch(2006.0)
    np.testing.assert_array_equal(moved.ra_deg, RA)
    assert moved.moved == 0


def test_a_catalogue_without_an_epoch_cannot_move() -> None:
    with pytest.raises(UsageError, match="without an epoch"):
        CatalogTable(RA, DEC).at_epoch(2006.0)


@pytest.mark.parametrize("year", [float("nan"), float("inf"), 9999.0, -5.0, 20160.0])
def test_a_year_that_is_none_is_refused(year: float) -> None:
    with pytest.raises(UsageError, match="not an epoch"):
        moving(1.0, 1.0).at_epoch(year)


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(1990, 2030))
def test_moving_there_and_back_returns(pm_ra: float, pm_dec: float, year: float) -> None:
    start = moving(pm_ra, pm_dec)
    back = start.at_epoch(year).at_epoch(2016.0)
    # Proper motions are not turned with the position: 500 mas/yr over 26 yr leaves 0.1 mas.
    np.testing.assert_allclose(back.ra_deg, start.ra_deg, atol=3e-8)
    np.testing.assert_allclose(back.dec_deg, start.dec_deg, atol=3e-8)


@given(
    st.lists(
        st.tuples(
            st.builds(float.__add__, st.integers(0, 359).map(float), st.floats(0, 0.5)),
            st.floats(-89.5, 89.5),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda position: int(position[0]),
    )
)
def test_what_is_written_for_tweakreg_reads_back(
    tmp_path_factory: pytest.TempPathFactory, positions: list[tuple[float, float]]
) -> None:
    path = tmp_path_factory.mktemp("cat") / "refcat.cat"
    ra, dec = np.array(positions).T
    CatalogTable(ra, dec, 2016.0).write_tweakreg(path)
    found = read_catalog(path, epoch_year=2016.0)
    np.testing.assert_allclose(found.ra_deg, ra, atol=6e-13)
    np.testing.assert_allclose(found.dec_deg, dec, atol=6e-13)


def test_tweakreg_gets_twelve_decimals_and_the_magnitude(tmp_path: Path) -> None:
    CatalogTable(RA[:1], DEC[:1], mag=np.array([18.25])).write_tweakreg(tmp_path / "r.cat")
    assert (tmp_path / "r.cat").read_text() == "85.250000000000 -2.450000000000 18.2500\n"
