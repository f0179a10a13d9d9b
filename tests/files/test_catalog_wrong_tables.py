"""Tables that are not quite catalogues: read rightly, or refused in words."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable, Table

from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files import tables
from skydb.files.catalog import read_catalog

RA, DEC = np.array([85.25, 85.5, 86.0]), np.array([-2.45, -2.5, -2.6])


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("ascii.ecsv", u.hourangle),
        ("ascii.ecsv", u.rad),
        ("fits", u.rad),
        ("fits", u.arcsec),
        ("votable", u.rad),
    ],
)
def test_positions_in_another_unit_of_angle_are_converted(tmp_path, kind, unit) -> None:
    table = QTable({"RA": (RA * u.deg).to(unit), "Dec": (DEC * u.deg).to(unit)})
    table.write(tmp_path / "c", format=kind)
    found = read_catalog(tmp_path / "c", epoch_year=2016.0)
    np.testing.assert_allclose(found.ra_deg, RA, rtol=1e-13)
    np.testing.assert_allclose(found.dec_deg, DEC, rtol=1e-13)


@pytest.mark.parametrize("kind", ["ascii.ecsv", "ascii.csv", "fits", "votable"])
def test_degrees_as_words_are_degrees(tmp_path, kind) -> None:
    words = {"ra": [f"{ra:.9f}" for ra in RA], "dec": [f"{dec:.9f}" for dec in DEC]}
    Table(words).write(tmp_path / "c", format=kind)
    np.testing.assert_allclose(read_catalog(tmp_path / "c", epoch_year=2016.0).ra_deg, RA)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("RA,ra,dec\n1,2,3\n", "RA and ra may both be meant"),
        ("ra,dec\n05h41m00s,-02d27m00s\n", "not a column of numbers"),
        ("ra,dec\n1,2\n,3\n", "ra of row 2 is nan"),
        ("ra,dec\n-10,2\n", "ra of row 1 is -10"),
        ("ra,dec,epoch\n1,2,2016\n3,4,2015.5\n", "different epochs, 2015.5 to 2016"),
        ("ra,dec,epoch\n1,2,57388\n", "epoch 57388 is not a Julian year"),
        ("ra,dec,Ref_Epoch\n1,2,2000\n", "its own epoch is 2000, not 2016"),
        ("ra,dec,epoch\n1,2,J2000.0\n", "its own epoch is 2000, not 2016"),
        ("source_id,ra,dec\n7,1,2\n8,3,4\n7,3,4\n", "7 is at two places, in rows 1 and 3"),
    ],
)
def test_what_is_ambiguous_is_refused(tmp_path, content, reason) -> None:
    with pytest.raises(FileRejectedError, match=reason):
        read_catalog(text(tmp_path / "c.csv", content), epoch_year=2016.0)


@pytest.mark.parametrize("epoch", ["2016.0", "J2016.0", "j2016"])
def test_an_epoch_of_the_rows_is_taken_in_either_spelling(tmp_path, epoch) -> None:
    path = text(tmp_path / "c.csv", f"Ra,DEC,EPOCH\n1,2,{epoch}\n3,4,{epoch}\n")
    assert read_catalog(path, epoch_year=None).epoch_year == 2016.0


def test_a_source_in_several_rows_is_taken_once_with_its_motion(tmp_path) -> None:
    rows = ["1,10,20,,", "2,11,21,1,1", "1,10,20,5,6", "3,12,22,,", "4,12.00000000001,22,,"]
    path = text(tmp_path / "c.csv", "source_id,ra,dec,pmra,pmdec\n" + "\n".join(rows) + "\n")
    found = read_catalog(path, epoch_year=2016.0)
    assert found.ids is not None and found.pm_ra_mas_yr is not None
    assert (found.ids.tolist(), found.repeated) == (["2", "1", "3"], 2)
    assert found.pm_ra_mas_yr[:2].tolist() == [1.0, 5.0]


def test_many_rows_of_one_source_are_one(tmp_path) -> None:
    path = text(tmp_path / "c.txt", "10 20\n" * 3000 + "11 21\n")
    found = read_catalog(path, epoch_year=2016.0)
    assert (len(found), found.repeated) == (2, 2999)


def test_two_stars_that_are_near_each_other_stay_two(tmp_path) -> None:
    path = text(tmp_path / "c.txt", "0.0 80.0\n359.99999 80.0\n0.0 80.000001\n")
    assert len(read_catalog(path, epoch_year=2016.0)) == 3


@pytest.mark.parametrize("kind", ["ascii.ecsv", "ascii.csv", "fits", "votable"])
def test_a_packed_table_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, kind) -> None:
    Table({"ra": np.linspace(0, 359, 2000), "dec": np.zeros(2000)}).write(
        tmp_path / "c", format=kind
    )
    (tmp_path / "c.gz").write_bytes(gzip.compress((tmp_path / "c").read_bytes()))
    assert len(read_catalog(tmp_path / "c.gz", epoch_year=2016.0)) == 2000
    monkeypatch.setattr(tables, "LARGEST_TABLE_BYTES", 5000)
    with pytest.raises(UnreadableFileError, match="unpacks to more than"):
        read_catalog(tmp_path / "c.gz", epoch_year=2016.0)


def test_ids_keep_all_their_digits(tmp_path) -> None:
    ids = np.array([3216000000000000001, 3216000000000000002, 3216000000000000003])
    Table({"source_id": ids, "ra": RA, "dec": DEC}).write(tmp_path / "c.fits")
    found = read_catalog(tmp_path / "c.fits", epoch_year=2016.0)
    assert found.ids is not None
    assert found.ids.tolist() == [str(one) for one in ids]
