"""Gaia's TAP service, through the real astroquery."""

from __future__ import annotations

import io

import astropy.units as u
import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.table import Table

CENTRE = SkyCoord(85.26, -2.46, unit="deg")
QUERY = "SELECT source_id, ra FROM gaiadr3.gaia_source"


@pytest.fixture(scope="module")
def gaia_file(archived) -> Table:
    return Table.read(archived / "gaia.ecsv", format="ascii.ecsv")


@pytest.fixture
def tap(archive) -> str:
    return f"{archive.url}/tap-server/tap"


def test_a_cone_has_the_stars_sorted_by_distance(gaia, gaia_file):
    table = gaia.cone_search_async(CENTRE, radius=8 * u.arcsec).get_results()
    stars = SkyCoord(gaia_file["ra"], gaia_file["dec"], unit="deg")
    distance = stars.separation(CENTRE)
    inside = distance < 8 * u.arcsec
    assert 0 < inside.sum() < len(gaia_file)
    assert set(table["source_id"]) == set(gaia_file["source_id"][inside])
    assert (np.diff(table["dist"]) > 0).all()
    # astroquery sends the centre in FK5, which is 23 mas away.
    np.testing.assert_allclose(table["dist"], np.sort(distance[inside].deg), atol=0.03 / 3600)


def test_the_columns_have_their_units_and_all_their_digits(gaia, gaia_file):
    table = gaia.query_object_async(CENTRE, radius=1 * u.deg)
    table.sort("source_id")
    assert table["ra"].unit == u.deg
    assert table["pmra"].unit == u.mas / u.yr
    for name in ("source_id", "ra", "dec", "pmra", "pmdec", "phot_g_mean_mag", "ref_epoch"):
        np.testing.assert_array_equal(np.asarray(table[name]), np.asarray(gaia_file[name]))
    assert {"ra_error", "dec_error", "pmra_error", "parallax"} <= set(table.colnames)
    assert np.ma.getmaskarray(table["radial_velocity"]).all()


def test_a_limit_of_rows_is_obeyed_without_a_word(gaia):
    gaia.ROW_LIMIT = 3
    assert len(gaia.query_object_async(CENTRE, radius=1 * u.deg)) == 3


def test_a_box_and_chosen_columns(gaia, gaia_file):
    columns = ["source_id", "ra"]
    table = gaia.query_object_async(CENTRE, width=1 * u.deg, height=1 * u.deg, columns=columns)
    assert table.colnames == ["dist", *columns]
    assert len(table) == len(gaia_file)


def test_a_synchronous_query_works_too(gaia, gaia_file):
    table = gaia.launch_job(f"{QUERY} WHERE phot_g_mean_mag < 19").get_results()
    assert len(table) == (gaia_file["phot_g_mean_mag"] < 19).sum()


def test_stars_can_be_counted(gaia, gaia_file):
    query = "SELECT COUNT(*) FROM gaiadr3.gaia_source"
    assert gaia.launch_job_async(query).get_results()[0][0] == len(gaia_file)


def test_messages_to_users_are_none(gaia, capsys):
    gaia.get_status_messages()
    assert capsys.readouterr().out == ""


def test_a_query_that_is_not_understood_fails(gaia):
    with pytest.raises(requests.HTTPError):
        gaia.launch_job("SELECT colour FROM gaiadr3.gaia_source")
    with pytest.raises(requests.HTTPError):
        gaia.launch_job_async("SELECT ra FROM gaiadr3.vari_cepheid")


def test_a_job_runs_when_it_is_told_to(tap):
    form = {"REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "csv", "QUERY": QUERY}
    created = requests.post(f"{tap}/async", form, allow_redirects=False, timeout=300)
    job = created.headers["Location"]
    assert created.status_code == 303
    assert requests.get(f"{job}/phase", timeout=300).text == "PENDING"
    assert requests.get(f"{job}/results/result", timeout=300).status_code == 404
    requests.post(f"{job}/phase", {"PHASE": "RUN"}, timeout=300)
    assert requests.get(f"{job}/phase", timeout=300).text == "COMPLETED"
    assert "<uws:phase>COMPLETED</uws:phase>" in requests.get(job, timeout=300).text
    assert requests.get(f"{job}/results/result", timeout=300).text.startswith("source_id,ra\n")


def test_astroquery_finds_its_job_again(gaia):
    job = gaia.launch_job_async(QUERY)
    again = gaia.load_async_job(jobid=job.jobid, load_results=False)
    assert again.get_phase() == "COMPLETED"


def test_a_job_can_be_aborted_and_an_unknown_one_is_not_found(tap):
    job = requests.post(f"{tap}/async", {"QUERY": QUERY}, allow_redirects=False, timeout=300)
    url = job.headers["Location"]
    assert requests.post(f"{url}/phase", {"PHASE": "ABORT"}, timeout=300).text == "ERROR"
    assert requests.get(f"{tap}/async/none/phase", timeout=300).status_code == 404


def test_maxrec_is_an_overflow(tap):
    form = {"FORMAT": "votable_plain", "QUERY": QUERY, "MAXREC": "2"}
    answer = requests.post(f"{tap}/sync", form, timeout=300)
    assert 'value="OVERFLOW"' in answer.text
    assert len(Table.read(io.BytesIO(answer.content), format="votable")) == 2


@pytest.mark.parametrize(
    "form", [{}, {"QUERY": QUERY, "FORMAT": "fits"}, {"QUERY": "DROP TABLE x"}]
)
def test_a_bad_question_is_refused_with_a_votable(tap, form):
    answer = requests.post(f"{tap}/sync", form, timeout=300)
    assert answer.status_code == 400
    assert '<INFO name="QUERY_STATUS" value="ERROR">' in answer.text
