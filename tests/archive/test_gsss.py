"""Checks that the catalogue service moved its sources, by their positions."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.archive import gsss
from skydb.archive.gsss import Motion, Sources
from skydb.errors import ArchiveError
from skydb.files.catalog import CatalogTable
from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, offsets_mas

URL = "http://127.0.0.1/vo/CatalogSearch.aspx?RA=1&DEC=2&SR=0.1&FORMAT=CSV&CAT=GAIAedr3&MINDET=5"
WITH_EPOCH = f"{URL}&EPOCH=2012.834"
WANTED = 2012.834


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


@pytest.fixture
def url(archive, field):
    ra_deg, dec_deg = FieldTruth.load(field).exposures[0].chips[0].crval
    place = f"RA={ra_deg}&DEC={dec_deg}&SR=0.02"
    return f"{archive.url}/vo/CatalogSearch.aspx?{place}&FORMAT=CSV&CAT=GAIAedr3&MINDET=5"


def sources(count=40, seed=1, pm_mas_yr=8.0, ra_deg=359.9999, dec_deg=80.0):
    rng = np.random.default_rng(seed)
    positions = CatalogTable(
        ra_deg=(ra_deg + rng.uniform(0, 2e-4, count)) % 360.0,
        dec_deg=dec_deg + rng.uniform(0, 1e-3, count),
        epoch_year=2016.0,
        pm_ra_mas_yr=rng.normal(0, pm_mas_yr, count),
        pm_dec_mas_yr=rng.normal(0, pm_mas_yr, count),
    )
    return Sources(np.array([str(10**18 + n) for n in range(count)]), positions)


def moved(catalog, year=WANTED):
    return replace(catalog, positions=catalog.positions.at_epoch(year))


def still(catalog):
    nothing = np.full(len(catalog), np.nan)
    positions = replace(catalog.positions, pm_ra_mas_yr=nothing, pm_dec_mas_yr=nothing)
    return replace(catalog, positions=positions)


def test_the_epoch_of_a_request_is_read_and_taken_away():
    assert gsss.epoch_asked(WITH_EPOCH) == 2012.834
    assert gsss.epoch_asked(URL) is None
    assert gsss.without_epoch(WITH_EPOCH) == URL == gsss.without_epoch(URL)


def test_sources_where_their_motions_take_them_were_moved():
    verdict = gsss.check_epoch(WITH_EPOCH, moved(sources()), sources(), WANTED)
    assert (verdict.motion, verdict.epoch) == (Motion.APPLIED, WANTED)
    assert verdict.proper_motion_applied is True
    assert not verdict.is_doubtful


def test_sources_that_stayed_are_an_epoch_that_was_ignored():
    verdict = gsss.check_epoch(WITH_EPOCH, sources(), sources(), WANTED)
    assert (verdict.motion, verdict.epoch) == (Motion.LOST, 2016.0)
    assert verdict.proper_motion_applied is False
    assert verdict.is_doubtful
    assert "gave positions of 2016" in verdict.doubt(WANTED)


def test_a_request_without_epoch_is_a_lost_epoch_whatever_is_claimed():
    verdict = gsss.check_epoch(URL, sources(), None, WANTED)
    assert (verdict.motion, verdict.epoch) == (Motion.LOST, 2016.0)


def test_an_epoch_column_that_claims_the_epoch_asked_is_not_believed():
    claim = replace(sources(), positions=replace(sources().positions, epoch_year=WANTED))
    assert gsss.check_epoch(WITH_EPOCH, claim, sources(), WANTED).motion is Motion.LOST


def test_without_anything_to_compare_with_nobody_knows():
    verdict = gsss.check_epoch(WITH_EPOCH, moved(sources()), None, WANTED)
    assert verdict.motion is Motion.UNKNOWN
    assert verdict.proper_motion_applied is None
    assert verdict.is_doubtful


def test_without_proper_motions_nobody_knows():
    verdict = gsss.check_epoch(WITH_EPOCH, still(sources()), still(sources()), WANTED)
    assert verdict.motion is Motion.UNKNOWN
    assert "is not known" in verdict.doubt(WANTED)


def test_where_nothing_moves_enough_there_is_nothing_to_doubt():
    verdict = gsss.check_epoch(f"{URL}&EPOCH=2016.000", sources(), sources(), 2016.0)
    assert verdict.motion is Motion.UNKNOWN
    assert not verdict.is_doubtful


def test_sources_half_of_which_moved_are_of_no_epoch():
    catalog = sources()
    mixed = moved(catalog).positions
    mixed.ra_deg[::2], mixed.dec_deg[::2] = (
        catalog.positions.ra_deg[::2],
        catalog.positions.dec_deg[::2],
    )
    with pytest.raises(ArchiveError, match=r"20 of \d+ sources moved|no known epoch"):
        gsss.check_epoch(WITH_EPOCH, replace(catalog, positions=mixed), catalog, WANTED)


def test_sources_moved_to_another_epoch_are_of_no_known_one():
    with pytest.raises(ArchiveError, match="no known epoch"):
        gsss.check_epoch(WITH_EPOCH, moved(sources(), 2000.0), sources(), WANTED)


def test_a_catalogue_that_mixes_epochs_cannot_be_judged():
    catalog = replace(sources(), positions=replace(sources().positions, epoch_year=None))
    with pytest.raises(ArchiveError, match="give its epoch"):
        gsss.check_epoch(WITH_EPOCH, moved(sources()), catalog, WANTED)


def test_rows_are_compared_by_source_not_by_place_in_the_table():
    catalog = sources()
    answer = moved(catalog)
    order = np.random.default_rng(3).permutation(len(catalog))[:30]
    positions = replace(
        answer.positions,
        ra_deg=answer.positions.ra_deg[order],
        dec_deg=answer.positions.dec_deg[order],
    )
    shuffled = Sources(answer.ids[order], positions)
    assert gsss.check_epoch(WITH_EPOCH, shuffled, catalog, WANTED).motion is Motion.APPLIED


@settings(max_examples=40, deadline=None)
@given(
    wanted=st.floats(1990.0, 2030.0).filter(lambda year: abs(year - 2016.0) > 1.0),
    ra_deg=st.floats(0.0, 359.9),
    dec_deg=st.floats(-89.0, 89.0),
    seed=st.integers(0, 1000),
)
def test_moved_and_unmoved_sources_are_told_apart_anywhere_and_any_time(
    wanted, ra_deg, dec_deg, seed
):
    catalog = sources(seed=seed, ra_deg=ra_deg, dec_deg=dec_deg)
    url = f"{URL}&EPOCH={wanted:.3f}"
    assert gsss.check_epoch(url, moved(catalog, wanted), catalog, wanted).motion is Motion.APPLIED
    assert gsss.check_epoch(url, catalog, catalog, wanted).motion is Motion.LOST


def test_the_first_line_or_the_other_answer_tell_how_many_sources_there_are():
    answer = sources(40)
    assert gsss.available_rows("Objects found: 40", answer, sources(41)) == 40
    assert gsss.available_rows("Objects found: 55", answer, sources(41)) == 55
    assert gsss.available_rows("Objects found: 40", answer, sources(55)) == 55
    assert gsss.available_rows("", answer, None) is None


def test_a_real_answer_moved_by_the_service_is_where_the_stars_are(url, field):
    truth = FieldTruth.load(field)
    wanted = round(truth.epoch, 3)
    answer = gsss.ask(f"{url}&EPOCH={wanted:.3f}")
    assert offsets_mas(answer.positions, field / truth.refcat).max() < 0.02
    assert gsss.check_epoch(f"{url}&EPOCH={wanted}", answer, gsss.ask(url), wanted).motion is (
        Motion.APPLIED
    )


def test_a_service_that_ignores_the_epoch_is_found_out(url, archive):
    archive.misbehave(Fault.EPOCH_IGNORED)
    answer = gsss.ask(f"{url}&EPOCH={WANTED}")
    assert answer.positions.epoch_year == WANTED
    verdict = gsss.check_epoch(f"{url}&EPOCH={WANTED}", answer, gsss.ask(url), WANTED)
    assert (verdict.motion, verdict.epoch) == (Motion.LOST, 2016.0)


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        (Fault.DOWN, {}, "no answer"),
        (Fault.HTTP_ERROR, {"status": 500}, "HTTP status 500"),
        (Fault.DROPPED, {}, "no answer"),
        (Fault.EMPTY, {}, "without sources"),
        (Fault.EPOCH_REFUSED, {}, "Error: EPOCH is not supported"),
        (Fault.SLOW, {"delay_s": 60.0}, r"within 0\.5 s"),
        (Fault.SLOW, {"bytes_per_s": 200.0}, r"within 0\.5 s"),
    ],
)
def test_a_failure_of_the_service_is_an_error_in_time(url, archive, fault, options, message):
    archive.misbehave(fault, service="gsss", **options)
    began_s = time.monotonic()
    with pytest.raises(ArchiveError, match=message) as caught:
        gsss.ask(f"{url}&EPOCH={WANTED}", 0.5 if fault is Fault.SLOW else 20)
    assert caught.value.service == "GSSS"
    assert time.monotonic() - began_s < 30


def test_a_page_that_is_no_table_is_an_error(archive):
    with pytest.raises(ArchiveError):
        gsss.ask(f"{archive.url}/_control/stats", 5)


def test_a_table_of_drizzlepac_without_positions_is_an_error(tmp_path):
    path = tmp_path / "catalog.ecsv"
    path.write_text("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\na\n1\n")
    with pytest.raises(ArchiveError, match="not a source table"):
        gsss.read_answer(path)
