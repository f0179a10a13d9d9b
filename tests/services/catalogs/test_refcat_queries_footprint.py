"""drizzlepac's catalogue in the ledger: what the service really did with the epoch."""

import json
import shutil

import numpy as np
import pytest

from skydb.archive.endpoints import Endpoints
from skydb.drizzle.footprint_catalog import CatalogRequest, FootprintCatalog
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tasks.catalog import recorded as recording
from skydb.errors import ArchiveError, NotFoundError, ToolCrashedError, UsageError
from skydb.services.catalogs.catalog_queries import CatalogQueryService
from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.truth import FieldTruth
from tests.catalogs import (
    GOOD,
    IGNORED,
    REFUSED,
    Once,
    Replay,
    ledger_of,
    offsets_mas,
    stored,
)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    return Once(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def server(once):
    with LoopbackArchive(once.field) as archive:
        yield archive


@pytest.fixture(scope="module")
def recorded(once, server):
    """Real drizzlepac, in one subprocess for all tests of this module."""
    return once.recorded(server)


@pytest.fixture(scope="module")
def truth(once):
    return FieldTruth.load(once.field)


@pytest.fixture
def archive(server):
    yield server
    server.behave()


@pytest.fixture
def services(ledger_url, once, tmp_path):
    services = ledger_of(ledger_url, once.field, tmp_path / "data")
    yield services
    services.close()


@pytest.fixture
def sqlite_services(sqlite_ledger_url, once, tmp_path):
    services = ledger_of(sqlite_ledger_url, once.field, tmp_path / "data")
    yield services
    services.close()


def queries_of(services, archive, runner):
    return CatalogQueryService(
        services.context, Endpoints(gsss_url=archive.url), timeout_s=20.0, runner=runner
    )


@pytest.mark.slow
def test_drizzlepac_asks_once_with_the_epoch_and_again_without_it_after_an_error(recorded):
    def requests(name):
        return json.loads((recorded[name] / "requests.json").read_text())

    assert ["EPOCH=2012" in one["url"] for one in requests(GOOD)] == [True]
    assert ["EPOCH=2012" in one["url"] for one in requests(IGNORED)] == [True]
    assert ["EPOCH=2012" in one["url"] for one in requests(REFUSED)] == [True, False]
    assert requests(REFUSED)[0]["first_line"].startswith("Error")
    assert all(one["status"] == 200 for name in recorded for one in requests(name))
    # All of it says that the epoch is the one that was wanted.
    for name in recorded:
        assert "epoch: 2012.8" in (recorded[name] / "catalog.ecsv").read_text()


@pytest.mark.slow
def test_a_service_that_does_as_it_was_asked_is_believed_after_a_look(
    services, archive, recorded, truth, once
):
    row = queries_of(services, archive, Replay(recorded=recorded[GOOD])).footprint()
    assert row["epoch"] == row["epoch_asked"] == round(truth.epoch, 3)
    assert row["proper_motion_applied"] is True
    assert row["has_proper_motions"] is True
    assert row["truncated"] is False
    assert row["findings"] == []
    offsets = offsets_mas(stored(services, row), once.field / truth.refcat)
    assert offsets.max() < 0.5
    true = offsets_mas(stored(services, row), once.field / truth.stars)
    assert np.sqrt(np.mean(true**2) / 2) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lost", "evidence"),
    [(REFUSED, "asked again without EPOCH"), (IGNORED, "stayed where they were in 2016")],
)
def test_a_lost_epoch_is_recorded_as_lost(services, archive, recorded, truth, once, lost, evidence):
    row = queries_of(services, archive, Replay(recorded=recorded[lost])).footprint()
    assert row["epoch_asked"] == round(truth.epoch, 3)
    assert row["epoch"] == 2016.0
    assert row["proper_motion_applied"] is False
    assert evidence in row["findings"][0]
    [finding] = services.plain.findings()
    assert (finding["kind"], finding["during"]) == ("catalog", "catalog")
    # As the epoch on record is the true one, an alignment still moves the sources rightly.
    catalog = stored(services, row)
    assert np.median(offsets_mas(catalog, once.field / truth.refcat)) > 5
    assert offsets_mas(catalog.at_epoch(truth.epoch), once.field / truth.refcat).max() < 0.5


@pytest.mark.slow
def test_an_epoch_that_nobody_can_check_is_doubtful(sqlite_services, archive, recorded):
    archive.misbehave(Fault.HTTP_ERROR, service="gsss")
    row = queries_of(sqlite_services, archive, Replay(recorded=recorded[GOOD])).footprint()
    assert row["proper_motion_applied"] is None
    assert "nothing to compare with" in row["findings"][0]


@pytest.mark.slow
def test_rows_that_the_service_keeps_back_are_noticed(sqlite_services, archive, recorded, tmp_path):
    short = shutil.copytree(recorded[GOOD], tmp_path / "short")
    lines = (short / "catalog.ecsv").read_text().splitlines()
    (short / "catalog.ecsv").write_text("\n".join(lines[:-60]) + "\n")
    row = queries_of(sqlite_services, archive, Replay(recorded=short)).footprint()
    assert row["truncated"] is True
    assert "The service has" in row["findings"][-1]


@pytest.mark.slow
def test_the_same_footprint_is_asked_for_once(services, archive, recorded):
    runner = Replay(recorded=recorded[GOOD])
    first = queries_of(services, archive, runner).footprint()
    archive.misbehave(Fault.DOWN)
    assert queries_of(services, archive, runner).footprint() == {**first, "reused": True}
    assert runner.runs == 1


@pytest.mark.slow
def test_positions_of_another_epoch_than_the_one_wanted_are_no_catalogue(
    sqlite_services, archive, recorded
):
    catalogs = queries_of(sqlite_services, archive, Replay(recorded=recorded[GOOD]))
    with pytest.raises(ArchiveError, match="no known epoch"):
        catalogs.footprint(epoch=2006.0)


@pytest.mark.slow
def test_some_products_are_another_footprint(sqlite_services, archive, recorded):
    runner = Replay(recorded=recorded[GOOD])
    catalogs = queries_of(sqlite_services, archive, runner)
    catalogs.footprint()
    known = sqlite_services.images.headers()[0]["filename"]
    catalogs.footprint([known], name="one")
    assert runner.runs == 2
    with pytest.raises(NotFoundError, match=r"no nothing_drz\.fits"):
        catalogs.footprint(["nothing_drz.fits"], name="none")
    with pytest.raises(UsageError, match="Choose another --name"):
        catalogs.footprint([known])
    used = "SELECT COUNT(*) FROM activity_used WHERE role = 'reference'"
    exposures = len(sqlite_services.images.headers())
    assert sqlite_services.plain.sql(used).rows[0][0] == exposures + 1


def request(**answer):
    return json.dumps([{"url": "http://127.0.0.1/?EPOCH=2012.8", **answer}])


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        (request(status=503, error=None, first_line="<html>"), "HTTP status 503"),
        (request(status=None, error="ReadTimeout: slow"), "ReadTimeout: slow"),
        (request(status=None, error="unfinished"), "no answer within 60 s"),
        (request(status=200, error=None, first_line="Error: no table"), "Error: no table"),
        (request(status=200, error=None, first_line="Objects found: 0"), "raised ValueError"),
    ],
)
def test_a_failure_of_the_service_is_no_catalogue(services, archive, requests, message):
    catalogs = queries_of(services, archive, Replay(requests=requests))
    with pytest.raises(ArchiveError, match=message):
        catalogs.footprint()
    failed = "SELECT status, error FROM activities WHERE kind = 'catalog'"
    [(status, error)] = services.plain.sql(failed).rows
    assert status == "failed"
    assert error.startswith("GSSS: http://127.0.0.1")
    assert services.refcat.listed() == []


def test_a_crash_before_anything_was_asked_is_no_fault_of_the_service(sqlite_services, archive):
    with pytest.raises(ToolCrashedError):
        queries_of(sqlite_services, archive, Replay(requests="[]")).footprint()


def test_a_request_is_written_down_and_ends_in_time(archive, tmp_path):
    import requests

    archive.misbehave(Fault.SLOW, service="gsss", delay_s=5.0)
    real, record = requests.get, tmp_path / "requests.json"
    with pytest.raises(requests.ReadTimeout), recording(record, 0.3):
        requests.get(f"{archive.url}/vo/CatalogSearch.aspx")
    assert requests.get is real
    [entry] = json.loads(record.read_text())
    assert CatalogRequest.from_json(entry).problem.startswith("ReadTimeout")


def test_no_images_or_two_of_one_name_are_refused(archive, tmp_path):
    catalog = FootprintCatalog(DrizzlepacRunner(), archive.url)
    for images in ([], [tmp_path / "a.fits", tmp_path / "b" / "a.fits"]):
        with pytest.raises(UsageError):
            catalog.ask(images, 2012.8, tmp_path / "scratch")


def test_a_request_knows_what_was_wrong_with_its_answer():
    assert CatalogRequest("u", 200, None, "Objects found: 3").problem is None
    assert CatalogRequest("u", 404).problem == "HTTP status 404"
    assert CatalogRequest("u", None, "ConnectionError: x").problem == "ConnectionError: x"
    assert CatalogRequest("u", 200, None, "Error: x").problem == "Error: x"
