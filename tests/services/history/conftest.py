"""A ledger with the real runs of 2019, imported once for each kind of database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.api.composition import Services


@pytest.fixture(scope="session")
def runs(test_data: Path) -> Path:
    """Directory of the real runs."""
    return test_data / "horsehead_runs"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def imported(
    request: pytest.FixtureRequest, runs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """Services of a ledger that the runs were imported to; tests add no runs to it."""
    home = tmp_path_factory.mktemp("imported")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), home / "ledger.sqlite")
        url = f"sqlite:///{home / 'ledger.sqlite'}"
    else:
        server = request.getfixturevalue("postgres_server")
        name = server.create_database(request.getfixturevalue("postgres_template"))
        request.addfinalizer(lambda: server.drop_database(name))
        url = server.url(name)
    services = Services.open(url, home / "data")
    services.history.import_dirs([runs])
    yield services
    services.close()
