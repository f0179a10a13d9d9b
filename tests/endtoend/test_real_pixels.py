"""A genuine ACS/HRC exposure of 47 Tuc, untouched since the archive sent it."""

import pytest

from tests.commands import LedgerDirectory
from tests.endtoend.conftest import checksums

pytestmark = pytest.mark.slow

#: What AstroDrizzle gives when it is run by hand on this file.
MDRIZSKY_E = 230.1465


@pytest.fixture(scope="module")
def ledger(acs_hrc_flt, tmp_path_factory):
    ledger = LedgerDirectory(tmp_path_factory.mktemp("hrc"))
    ledger.json("init")
    (row,) = ledger.json("ingest", acs_hrc_flt)
    assert (row["rootname"], row["status"], row["reason"]) == ("j8bt06nyq", "new", None)
    return ledger


def test_its_header_is_read(ledger):
    (row,) = ledger.json("inspect", "headers")
    assert (row["instrument"], row["detector"], row["filter"]) == ("ACS", "HRC", "F606W")
    assert row["exptime_s"] == 60.0
    assert row["date_obs"] == "2002-04-13"
    assert row["proposal_id"] == 9019


def test_its_wcs_has_no_name_and_no_quality(ledger):
    (row,) = ledger.json("inspect", "wcs")
    assert (row["filename"], row["origin"]) == ("j8bt06nyq_flt.fits", "archive")
    assert not row["wcs_name"]
    assert {row[key] for key in row if key.startswith("rms_")} == {None}
    assert row["nmatches"] is None


def test_its_sky_is_the_one_that_astrodrizzle_gives(ledger, acs_hrc_flt):
    before = checksums(acs_hrc_flt.parent)
    (run,) = ledger.json("sky", "run", "--method", "localmin")
    assert (run["status"], run["effective_method"]) == ("succeeded", "localmin")
    (row,) = ledger.json("sky", "compare")
    assert row["localmin"] == pytest.approx(MDRIZSKY_E, abs=0.0005)
    assert (row["rootname"], row["extver"], row["unit"]) == ("j8bt06nyq", 1, "electron")
    assert checksums(acs_hrc_flt.parent) == before
