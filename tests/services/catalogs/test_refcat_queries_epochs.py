"""Each product gets the catalogue of its own time, and doubts one of another."""

from pathlib import Path

import numpy as np
import pytest

from skydb.drizzle.settings import TweakRegSettings
from skydb.files.catalog import CatalogTable
from skydb.services.alignment.reference import (
    Area,
    Reference,
    Target,
    epochs_used,
    write_references,
)
from skydb.services.catalogs.epochs import epoch_doubt, mean_epochs
from skydb.services.catalogs.region import archive_versions
from skydb.services.catalogs.usage import UsableCatalog
from skydb.simulate.truth import FieldTruth
from tests.catalogs import Once, ledger_of

PLAIN = TweakRegSettings()
EXPANDING = TweakRegSettings(expand_refcat=True)
OLD = Target(1, Path("old_drz.fits"), 2004.0)
NEW = Target(2, Path("new_drz.fits"), 2017.5)
UNKNOWN = Target(3, Path("unknown_drz.fits"), None)


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


def placed(targets, settings, table_=None):
    usable = UsableCatalog(table() if table_ is None else table_, None, 2016.0)
    return [
        Reference(target, epoch, usable.at(epoch), Area(), settings)
        for target, epoch in zip(targets, epochs_used(targets, settings), strict=True)
    ]


def doubts(found):
    return [epoch_doubt(one.motion, one.used_epoch, one.target.epoch_year) for one in found]


def test_each_product_gets_the_catalogue_of_its_own_epoch(tmp_path, monkeypatch):
    # There are no files to tell which sources are near.
    monkeypatch.setattr(Reference, "near", np.ones(3, dtype=bool))
    files = write_references(placed([OLD, NEW, UNKNOWN], PLAIN), tmp_path)
    assert len(set(files.values())) == 3
    for target, years in ((OLD, -12.0), (NEW, 1.5), (UNKNOWN, 0.0)):
        moved_mas = (declinations(files[target.path]) - table().dec_deg) * 3.6e6
        assert moved_mas == pytest.approx(np.array([100.0, -50.0, 20.0]) * years, abs=0.01)


def test_a_catalogue_that_grows_is_one_at_the_mean_epoch(tmp_path):
    found = placed([OLD, NEW], EXPANDING)
    assert set(write_references(found, tmp_path).values()) == {tmp_path / "catalog.cat"}
    assert epochs_used([OLD, NEW], EXPANDING) == [2010.75, 2010.75]
    assert epochs_used([OLD, NEW], PLAIN) == [2004.0, 2017.5]
    assert all("was moved to 2010.75" in doubt for doubt in doubts(found))


def test_a_catalogue_that_is_moved_to_each_epoch_is_not_doubted():
    assert doubts(placed([OLD, NEW], PLAIN)) == [None, None]


def test_a_catalogue_without_proper_motions_is_doubted_for_what_was_seen_long_before():
    still = table((np.nan, np.nan, np.nan))
    now = Target(4, Path("now_drz.fits"), 2016.4)
    old, near = doubts(placed([OLD, now], PLAIN, still))
    assert near is None
    assert old == (
        "None of the 3 sources has a proper motion; they were kept where they were in 2016.00: "
        "how far the field moved in the 12.00 years between 2016.00 and 2004.00 is not known."
    )


def test_a_product_of_unknown_time_is_doubted():
    (doubt,) = doubts(placed([UNKNOWN], PLAIN))
    assert doubt == "Its epoch is unknown: the catalogue stayed at 2016.0."


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
