"""Gaia through the real astroquery, on a loopback service that can misbehave."""

import subprocess
import sys
import time

import numpy as np
import pytest

from skydb.archive.gaia import COLUMNS, Cone, GaiaArchive, GaiaQuery
from skydb.errors import ArchiveError, UsageError
from skydb.files.catalog import CatalogTable
from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, offsets_mas

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    return Once(tmp_path_factory.getbasetemp()).field


@pytest.fixture(scope="module")
def server(field):
    with LoopbackArchive(field) as archive:
        yield archive


@pytest.fixture
def archive(server):
    yield server
    server.behave()


@pytest.fixture(scope="module")
def cone(field):
    first = FieldTruth.load(field).exposures[0].chips[0]
    return Cone(*first.crval, 0.02)


@pytest.fixture
def gaia(archive):
    return GaiaArchive(archive.url, timeout_s=20)


def as_catalog(answer):
    columns = {name: np.asarray(answer.table[name]) for name in ("ra", "dec", "pmra", "pmdec")}
    return CatalogTable(
        columns["ra"], columns["dec"], answer.epoch, columns["pmra"], columns["pmdec"]
    )


def test_all_sources_come_however_few_rows_astroquery_gives_by_default(gaia, cone):
    answer = gaia.query(GaiaQuery(cone))
    assert len(answer.table) == answer.available > 50
    assert not answer.is_truncated
    assert answer.epoch == 2016.0
    assert tuple(answer.table.colnames) == COLUMNS


def test_sources_moved_to_the_epoch_of_the_field_are_where_its_stars_are(gaia, cone, field):
    truth = FieldTruth.load(field)
    moved = as_catalog(gaia.query(GaiaQuery(cone))).at_epoch(truth.epoch)
    # The same errors of measurement are in this file, which the simulator moved linearly.
    assert offsets_mas(moved, field / truth.refcat).max() < 0.02
    assert np.sqrt(np.mean(offsets_mas(moved, field / truth.stars) ** 2) / 2) < 0.5


def test_sources_that_are_not_moved_are_not_there(gaia, cone, field):
    truth = FieldTruth.load(field)
    assert np.median(offsets_mas(as_catalog(gaia.query(GaiaQuery(cone))), field / truth.refcat)) > 5


def test_more_sources_than_were_wanted_are_a_truncated_answer_of_the_brightest(gaia, cone):
    everything = gaia.query(GaiaQuery(cone))
    answer = gaia.query(GaiaQuery(cone, max_rows=60))
    assert answer.is_truncated
    assert (len(answer.table), answer.available) == (60, everything.available)
    brightest = np.sort(everything.table["phot_g_mean_mag"])[:60]
    assert np.array_equal(np.sort(answer.table["phot_g_mean_mag"]), brightest)


def test_exactly_as_many_sources_as_were_wanted_are_no_truncated_answer(gaia, cone):
    count = gaia.query(GaiaQuery(cone)).available
    assert not gaia.query(GaiaQuery(cone, max_rows=count)).is_truncated
    assert gaia.query(GaiaQuery(cone, max_rows=count - 1)).is_truncated


def test_a_service_that_gives_fewer_rows_than_it_has_is_found_out(gaia, archive, cone):
    archive.misbehave(Fault.ROW_CAP, rows=60)
    answer = gaia.query(GaiaQuery(cone))
    assert answer.is_truncated
    assert len(answer.table) == 60


def test_a_service_that_gives_more_rows_than_the_limit_is_cut(gaia, archive, cone):
    archive.misbehave(Fault.MORE_ROWS, rows=7)
    answer = gaia.query(GaiaQuery(cone, max_rows=20))
    assert answer.is_truncated
    assert len(answer.table) == 20


def test_rows_that_come_twice_are_counted_once(gaia, archive, cone):
    available = gaia.query(GaiaQuery(cone)).available
    archive.misbehave(Fault.MORE_ROWS, rows=7)
    answer = gaia.query(GaiaQuery(cone, max_rows=available))
    assert len(answer.table) == len(set(answer.table["source_id"])) == available
    assert answer.repeated == 8


def test_a_limit_of_magnitude_leaves_out_what_is_fainter(gaia, cone):
    everything = gaia.query(GaiaQuery(cone)).table["phot_g_mean_mag"]
    limit = float(np.median(everything))
    answer = gaia.query(GaiaQuery(cone, mag_limit=limit))
    assert len(answer.table) == answer.available == int((everything <= limit).sum())


def test_the_same_query_gives_the_same_rows_in_the_same_order(gaia, cone):
    first, second = (gaia.query(GaiaQuery(cone)).table for _ in range(2))
    assert first["source_id"].tolist() == second["source_id"].tolist()
    assert first["source_id"].dtype == np.int64


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        (Fault.DOWN, {}, "failed"),
        (Fault.HTTP_ERROR, {}, "Service Unavailable"),
        (Fault.JOB_ERROR, {}, "could not run the query"),
        (Fault.EMPTY, {}, "no answer to how many"),
        (Fault.DROPPED, {}, "failed"),
        (Fault.SLOW, {"delay_s": 60.0}, r"no answer within 0\.5 s"),
        (Fault.SLOW, {"bytes_per_s": 100.0}, r"no answer within 0\.5 s"),
    ],
)
def test_a_failure_of_the_service_is_an_error_in_time(archive, cone, fault, options, message):
    archive.misbehave(fault, service="gaia", **options)
    began_s = time.monotonic()
    timeout_s = 0.5 if fault is Fault.SLOW else 20
    with pytest.raises(ArchiveError, match=message) as caught:
        GaiaArchive(archive.url, timeout_s).query(GaiaQuery(cone))
    assert caught.value.service == "Gaia"
    assert time.monotonic() - began_s < 30


def test_a_field_without_sources_is_an_error_that_says_where(gaia):
    with pytest.raises(ArchiveError, match=r"no source within .* around 10\.00000 -30\.00000"):
        gaia.query(GaiaQuery(Cone(10.0, -30.0, 0.01)))


def test_an_answer_without_rows_contradicts_the_count(gaia, archive, cone, monkeypatch):
    monkeypatch.setattr("skydb.archive.gaia._count", lambda *_: 12)
    archive.misbehave(Fault.EMPTY)
    with pytest.raises(ArchiveError, match="although it counts 12"):
        gaia.query(GaiaQuery(cone))


def test_nobody_at_the_address_is_an_error_with_advice(cone):
    with pytest.raises(ArchiveError, match=r"failed \(.*Try again later"):
        GaiaArchive(NOWHERE, timeout_s=5).query(GaiaQuery(cone))


def test_nothing_is_printed_to_stdout(gaia, archive, cone, capfd):
    gaia.query(GaiaQuery(cone))
    archive.misbehave(Fault.JOB_ERROR)
    with pytest.raises(ArchiveError):
        gaia.query(GaiaQuery(cone))
    assert capfd.readouterr().out == ""


def test_the_settings_of_astroquery_are_left_alone(gaia, cone):
    gaia.query(GaiaQuery(cone, max_rows=7))
    from astroquery.gaia import Gaia, GaiaClass, conf
    from astroquery.utils.tap.conn.tapconn import TapConn

    assert Gaia.ROW_LIMIT == GaiaClass.ROW_LIMIT == conf.ROW_LIMIT == 50
    assert TapConn.execute_tapget.__qualname__ == "TapConn.execute_tapget"


def test_only_the_address_that_was_given_is_contacted_not_even_on_import():
    code = f"""
import os, socket
def look_up(host, *rest, real=socket.getaddrinfo, **more):
    return real(host, *rest, **more) if host == "127.0.0.1" else os._exit(7)
socket.getaddrinfo = look_up
from skydb.archive.gaia import *
from skydb.errors import ArchiveError
try:
    GaiaArchive({NOWHERE!r}, 5).query(GaiaQuery(Cone(1.0, 2.0, 0.1)))
except ArchiveError:
    os._exit(3)
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert result.returncode == 3, result.stderr
    assert result.stdout == b""


@pytest.mark.parametrize(
    "place", [(360.0, 0.0, 0.1), (0.0, 91.0, 0.1), (0.0, 0.0, 0.0), (0, 0, 3.0), (0, 0, np.nan)]
)
def test_a_cone_that_makes_no_sense_is_refused(place):
    with pytest.raises(UsageError):
        Cone(*place)


def test_a_query_for_no_rows_is_refused():
    with pytest.raises(UsageError, match="0 rows"):
        GaiaQuery(Cone(0.0, 0.0, 0.1), max_rows=0)


def test_the_adql_asks_for_one_row_more_than_wanted_and_keeps_every_digit():
    query = GaiaQuery(Cone(85.123456789012, -2.5, 0.1), max_rows=10, mag_limit=19.5)
    assert "SELECT TOP 11 source_id, ra," in query.adql
    assert "CIRCLE('ICRS', 85.123456789012, -2.5, 0.1)" in query.adql
    assert query.count_adql.endswith("AND phot_g_mean_mag <= 19.5")
