"""The catalogue service that drizzlepac asks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import requests
from astropy.table import Table

from skydb.simulate.archive import Fault

CONE = {"RA": 85.26, "DEC": -2.46, "SR": 0.02, "FORMAT": "CSV", "CAT": "GAIAedr3", "MINDET": 5}


def ask(archive, **query):
    return requests.get(f"{archive.url}/vo/CatalogSearch.aspx", params=CONE | query, timeout=300)


def read(answer) -> Table:
    """Read the answer as drizzlepac does."""
    lines = answer.text.split("\r\n")
    del lines[0]
    return Table.read(lines, format="ascii.csv")


@pytest.fixture(scope="module")
def gaia_file(archived) -> Table:
    table = Table.read(archived / "gaia.ecsv", format="ascii.ecsv")
    table.sort("source_id")
    return table


@pytest.fixture(scope="module")
def moved_file(archived) -> Table:
    table = Table.read(archived / "refcat.ecsv", format="ascii.ecsv")
    table.sort("source_id")
    return table


def same_stars(found: Table, expected: Table, tolerance_mas: float) -> None:
    found = found.copy()
    found.sort("objID")
    assert list(found["objID"]) == list(expected["source_id"])
    for name in ("ra", "dec"):
        np.testing.assert_allclose(found[name], expected[name], atol=tolerance_mas / 3.6e6, rtol=0)


def test_without_an_epoch_positions_are_those_of_2016(archive, gaia_file):
    table = read(ask(archive))
    same_stars(table, gaia_file, 1e-6)
    assert set(table["epoch"]) == {2016.0}


def test_an_epoch_moves_the_stars_by_their_proper_motions(archive, truth, gaia_file, moved_file):
    table = read(ask(archive, EPOCH=f"{truth.epoch:.6f}"))
    same_stars(table, moved_file, 0.001)
    assert np.ptp(table["epoch"]) == 0
    table.sort("objID")
    shift_mas = np.abs(table["dec"] - gaia_file["dec"]) * 3.6e6
    assert np.median(shift_mas) > 1


def test_the_answer_has_what_drizzlepac_wants(archive, gaia_file):
    text = ask(archive).text
    first, header, *rows = text.split("\r\n")
    assert first == f"Objects found: {len(gaia_file)}"
    assert {"objID", "ra", "dec", "ra_error", "pmra", "pmdec_error", "mag", "epoch"} <= set(
        header.split(",")
    )
    assert len(rows) == len(gaia_file) + 1
    assert rows[-1] == ""


def test_a_small_cone_has_the_stars_within_its_radius(archive, gaia_file):
    star = gaia_file[0]
    table = read(ask(archive, RA=star["ra"], DEC=star["dec"], SR=0.1 / 3600))
    assert list(table["objID"]) == [star["source_id"]]


def test_an_empty_place_gives_a_header_and_no_stars(archive):
    assert len(read(ask(archive, DEC=60))) == 0


def test_a_footprint_has_the_stars_inside(archive, gaia_file):
    ra, dec, d = np.median(gaia_file["ra"]) + 1e-6, np.median(gaia_file["dec"]) + 1e-6, 0.02
    shape = f"polygon {ra} {dec} {ra + d} {dec} {ra + d} {dec + d} {ra} {dec + d}"
    inside = (gaia_file["ra"] > ra) & (gaia_file["dec"] > dec)
    table = read(ask(archive, STCS=shape))
    assert set(table["objID"]) == set(gaia_file["source_id"][inside])


@pytest.mark.parametrize(
    "query",
    [
        {"CAT": "2MASS"},
        {"FORMAT": "VOTABLE"},
        {"RA": "east"},
        {"EPOCH": "nan"},
        {"STCS": "polygon 1 2 3 4"},
        {"STCS": "circle 1 2 3 4 5 6"},
    ],
)
def test_a_bad_question_is_answered_with_a_text_that_begins_with_error(archive, query):
    assert ask(archive, **query).text.startswith("Error")


SCRIPT = """
import json, sys
import numpy as np
from drizzlepac.haputils.astrometric_utils import create_astrometric_catalog

def ask(**options):
    table = create_astrometric_catalog([sys.argv[1]], catalog="GAIAedr3", output=None,
                                       full_catalog=True, user_epoch="match", **options)
    table.sort("objID")
    return table

cone, footprint = ask(), ask(use_footprint=True)
import urllib.request
fault = json.dumps({"fault": "epoch_refused"}).encode()
urllib.request.urlopen(sys.argv[2] + "/_control/misbehave", data=fault).read()
lost = ask()
print(json.dumps({
    "cone": len(cone), "footprint": len(footprint), "converted": bool(cone.meta["converted"]),
    "same": cone["objID"].tolist() == lost["objID"].tolist(),
    "moved_mas": float(np.median(np.abs(cone["DEC"] - lost["DEC"])) * 3.6e6),
    "claimed": float(lost.meta["epoch"]), "obtained": float(lost["epoch"][0]),
    "epoch": float(cone["epoch"][0]),
}))
"""


@pytest.mark.slow
def test_the_real_drizzlepac_gets_its_catalogue_and_loses_its_epoch_silently(
    archive, archived, flt, truth, tmp_path, monkeypatch, forked_workers
):
    monkeypatch.setenv("ASTROMETRIC_CATALOG_URL", archive.url)
    script = tmp_path / "ask.py"
    script.write_text(SCRIPT)
    said = forked_workers.script(script, archived / flt, archive.url, cwd=tmp_path)
    found = json.loads(said.splitlines()[-1])
    assert 0 < found["footprint"] <= found["cone"]
    assert found["converted"]
    assert found["same"]
    assert found["moved_mas"] > 1
    assert found["epoch"] == pytest.approx(truth.exposures[0].epoch, abs=0.01)
    assert found["claimed"] == pytest.approx(truth.exposures[0].epoch, abs=0.01)
    assert found["obtained"] == 2016.0
    assert archive.stats().faults == {Fault.EPOCH_REFUSED: 1}
