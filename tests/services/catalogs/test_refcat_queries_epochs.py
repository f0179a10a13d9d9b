"""Each product gets the catalogue of its own time, and doubts one of another."""

from pathlib import Path

import numpy as np
import pytest

from skydb.drizzle.settings import TweakRegSettings
from skydb.files.catalog import CatalogTable
from skydb.services.alignment.align import _catalog_files, _doubts, _epochs_used, _Target
from skydb.services.catalogs.epochs import epoch_doubt, mean_epochs
from skydb.services.catalogs.region import archive_versions
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, ledger_of

PLAIN = TweakRegSettings()
EXPANDING = TweakRegSettings(expand_refcat=True)
OLD = _Target(1, Path("old_drz.fits"), 2004.0)
NEW = _Target(2, Path("new_drz.fits"), 2017.5)
UNKNOWN = _Target(3, Path("unknown_drz.fits"), None)


def table(motions=(100.0, -50.0, 20.0)):
    pm = np.array(motions)
    return CatalogTable(
        ra_deg=np.array([10.0, 10.1, 10.2]),
        dec_deg=np.array([60.0, 60.1, 60.2]),
        epoch_year=2016.0,
        pm_ra_mas_yr=pm,
        pm_dec_mas_yr=pm,
    )


def declinations(path):
    return np.loadtxt(path)[:, 1]


def test_each_product_gets_the_catalogue_of_its_own_epoch(tmp_path):
    files = _catalog_files(table(), [OLD, NEW, UNKNOWN], PLAIN, tmp_path)
    assert len(set(files.values())) == 3
    for target, years in ((OLD, -12.0), (NEW, 1.5), (UNKNOWN, 0.0)):
        moved_mas = (declinations(files[target.path]) - table().dec_deg) * 3.6e6
        assert moved_mas == pytest.approx(np.array([100.0, -50.0, 20.0]) * years, abs=0.01)


def test_a_catalogue_that_grows_is_one_at_the_mean_epoch(tmp_path):
    files = _catalog_files(table(), [OLD, NEW], EXPANDING, tmp_path)
    assert set(files.values()) == {tmp_path / "catalog.cat"}
    assert _epochs_used([OLD, NEW], EXPANDING) == [2010.75, 2010.75]
    assert _epochs_used([OLD, NEW], PLAIN) == [2004.0, 2017.5]
    assert set(_doubts(table(), [OLD, NEW], EXPANDING)) == {"old_drz.fits", "new_drz.fits"}


def test_a_catalogue_that_is_moved_to_each_epoch_is_not_doubted():
    assert _doubts(table(), [OLD, NEW], PLAIN) == {}


def test_a_catalogue_without_proper_motions_is_doubted_for_what_was_seen_long_before():
    still = table((np.nan, np.nan, 20.0))
    doubts = _doubts(still, [OLD, _Target(4, Path("now_drz.fits"), 2016.4)], PLAIN)
    assert list(doubts) == ["old_drz.fits"]
    assert doubts["old_drz.fits"] == (
        "2 of 3 sources have no proper motion: the catalogue stayed at 2016.0,"
        " and the product was seen in 2004.00."
    )


def test_a_few_sources_without_proper_motion_are_no_reason_to_doubt():
    assert epoch_doubt(table((np.nan, 1.0, 1.0)), 2004.0, 2004.0) is None


def test_a_product_of_unknown_time_is_doubted():
    assert "is not known" in _doubts(table(), [UNKNOWN], PLAIN)["unknown_drz.fits"]


def test_the_epoch_of_an_exposure_is_its_own(sqlite_ledger_url, tmp_path, tmp_path_factory):
    field = Once(tmp_path_factory.getbasetemp()).field
    services = ledger_of(sqlite_ledger_url, field, tmp_path)
    with services.context.store.reading() as session:
        versions = archive_versions(session)
        epochs = dict(
            zip([v.filename for v in versions], mean_epochs(session, versions), strict=True)
        )
    services.close()
    truth = {Path(one.path).name: one.epoch for one in FieldTruth.load(field).exposures}
    assert epochs == pytest.approx(truth, abs=0.01)
