import shutil

import pytest

from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from tests.commands import LedgerDirectory


@pytest.fixture(scope="session")
def field(tmp_path_factory):
    """Two exposures of one visit without a drizzled product: nothing ran drizzlepac."""
    directory = tmp_path_factory.mktemp("cli") / "field"
    simulate_field(directory, FieldPlan(tiles=(1, 1), size=64, products=False))
    return directory


@pytest.fixture
def ledger(tmp_path, sqlite_template):
    """An empty ledger."""
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    return LedgerDirectory(tmp_path)


@pytest.fixture
def ingested(ledger, field):
    """A ledger with two exposures and a catalogue."""
    ledger.json("ingest", field)
    ledger.json("refcat", "import", field / "gaia.ecsv", "--epoch", 2016.0)
    return ledger
