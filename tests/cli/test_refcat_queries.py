"""``skydb refcat gaia`` and ``skydb refcat footprint``, as scripts see them."""

import json

import pytest

from skydb.simulate.archive import Fault, LoopbackArchive
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, ledger_of
from tests.commands import LedgerDirectory

KEYS = {
    *("name", "sources", "epoch", "epoch_asked", "proper_motion_applied", "truncated", "sha256"),
    *("reused", "service"),
}


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    return Once(tmp_path_factory.getbasetemp()).field


@pytest.fixture(scope="module")
def server(field):
    with LoopbackArchive(field) as archive:
        yield archive


@pytest.fixture
def archive(server, monkeypatch):
    monkeypatch.setenv("SKYDB_GAIA_URL", server.url)
    monkeypatch.setenv("SKYDB_GSSS_URL", server.url)
    yield server
    server.behave()


@pytest.fixture
def ledger(sqlite_template, field, tmp_path, archive):
    """A ledger of the field, with the services on loopback."""
    here = LedgerDirectory(tmp_path)
    (tmp_path / "skydb.sqlite").write_bytes(sqlite_template.read_bytes())
    ledger_of(here.url, field, tmp_path / "skydb-data").close()
    return here


def test_gaia_answers_with_one_document(ledger, tmp_path):
    row = ledger.json("refcat", "gaia", "--name", "g")
    assert set(row) >= KEYS
    assert (row["name"], row["epoch"], row["truncated"]) == ("g", 2016.0, False)
    assert row["reused"] is False
    assert ledger.json("refcat", "gaia", "--name", "g") == {**row, "reused": True}
    listed = ledger.json("refcat", "list")[0]
    assert listed["sha256"] == row["sha256"]
    assert listed["path"] == row["path"] == str(tmp_path / "skydb-data" / row["stored_path"])


def test_a_truncated_catalogue_ends_with_five_and_says_so(ledger):
    spoken = ledger("refcat", "gaia", "--max-rows", "9")
    assert spoken.code == 5
    assert "these are only 9" in spoken.err
    assert "these are only 9" not in spoken.out
    assert ledger.json("refcat", "gaia", "--max-rows", "9", code=5)["truncated"] is True


def test_a_position_and_a_limit_are_taken(ledger, field):
    ra_deg, dec_deg = FieldTruth.load(field).exposures[0].chips[0].crval
    words = ("refcat", "gaia", "--ra", ra_deg, "--dec", dec_deg, "--radius", "0.5")
    row = ledger.json(*words, "--name", "all")
    bright = ledger.json(*words, "--mag-limit", "18.5", "--name", "bright")
    assert 0 < bright["sources"] < row["sources"]


def test_what_was_fetched_is_there_without_the_service(ledger, archive):
    row = ledger.json("refcat", "gaia")
    archive.misbehave(Fault.DOWN)
    assert ledger.json("refcat", "gaia")["sha256"] == row["sha256"]
    assert ledger("refcat", "gaia", "--refresh").code == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--target", "nowhere"), 4, "no exposure of nowhere"),
        (("--ra", "10"), 2, "--ra and --dec"),
        (("--radius", "900"), 2, "cannot be asked for"),
        (("--max-rows", "0"), 2, "0 rows"),
        (("--ra", "10", "--dec", "10"), 1, "no source within"),
    ],
)
def test_what_cannot_be_asked_ends_with_a_code_and_a_reason(ledger, words, code, message):
    spoken = ledger("refcat", "gaia", *words)
    assert (spoken.code, spoken.out) == (code, "")
    assert message in spoken.err


@pytest.mark.slow
def test_a_footprint_whose_epoch_was_lost_ends_with_five(ledger, archive, field):
    archive.misbehave(Fault.EPOCH_REFUSED)
    before = {path: path.read_bytes() for path in field.glob("*.fits")}
    row = ledger.json("refcat", "footprint", code=5)
    assert {path: path.read_bytes() for path in field.glob("*.fits")} == before
    assert set(row) >= KEYS
    assert row["epoch_asked"] == round(FieldTruth.load(field).epoch, 3)
    assert (row["epoch"], row["proper_motion_applied"]) == (2016.0, False)
    archive.misbehave(Fault.DOWN)
    again = ledger("refcat", "footprint")
    assert again.code == 5
    assert "asked again without EPOCH" in " ".join(again.err.split())
    assert json.loads(ledger("refcat", "list", "--json").out)[0]["sources"] == row["sources"]


@pytest.mark.slow
def test_a_service_that_is_down_ends_with_one_and_a_failed_row(ledger, archive):
    archive.misbehave(Fault.DOWN)
    spoken = ledger("refcat", "footprint", "--epoch", "2012.8")
    assert (spoken.code, spoken.out) == (1, "")
    assert "GSSS" in spoken.err
    rows = ledger.json("sql", "SELECT status FROM activities WHERE kind = 'catalog'")
    assert rows == [{"status": "failed"}]
    assert not list((ledger.path / "skydb-data" / "scratch").iterdir())
