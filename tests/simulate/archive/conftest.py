"""One small field on loopback, and the real clients pointed at it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.simulate.archive import LoopbackArchive
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from skydb.simulate.truth import FieldTruth

PLAN = FieldPlan(tiles=(2, 1), size=128, seed=11, products=False)


@pytest.fixture(scope="session")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A field of two visits; only the first has a product."""
    directory = tmp_path_factory.mktemp("archived")
    truth = simulate_field(directory, PLAN)
    first, second = truth.visits
    product = f"{first.asn_id}_drz.fits"
    science = fits.ImageHDU(np.ones((32, 32), np.float32), name="SCI", ver=1)
    fits.HDUList([fits.PrimaryHDU(), science]).writeto(directory / product)
    visits = (replace(first, product=product), second)
    replace(truth, visits=visits, products=(product,)).save(directory)
    return directory


@pytest.fixture(scope="session")
def truth(archived: Path) -> FieldTruth:
    return FieldTruth.load(archived)


@pytest.fixture(scope="session")
def flt(truth: FieldTruth) -> str:
    """Name of the first exposure's file."""
    return truth.exposures[0].path


@pytest.fixture(scope="session")
def server(archived: Path) -> Iterator[LoopbackArchive]:
    with LoopbackArchive(archived) as archive:
        yield archive


@pytest.fixture
def archive(server: LoopbackArchive) -> Iterator[LoopbackArchive]:
    """The archive, well-behaved and with its counters at zero."""
    server.reset_stats()
    yield server
    server.behave()


@pytest.fixture
def file_url(archive: LoopbackArchive, flt: str) -> str:
    """Address of the first exposure's file."""
    return f"{archive.url}/api/v0.1/Download/file?uri=mast:HST/product/{flt}"


@pytest.fixture
def mast(archive: LoopbackArchive):
    """astroquery's ``Observations``, pointed at the archive."""
    from astroquery.mast import ObservationsClass

    observations = ObservationsClass()
    portal = observations._portal_api_connection
    portal.MAST_REQUEST_URL = f"{archive.url}/api/v0/invoke"
    portal.COLUMNS_CONFIG_URL = f"{archive.url}/portal/Mashup/Mashup.asmx/columnsconfig"
    portal.MAST_DOWNLOAD_URL = f"{archive.url}/api/v0.1/Download/file"
    return observations


@pytest.fixture
def gaia(archive: LoopbackArchive, monkeypatch: pytest.MonkeyPatch):
    """astroquery's ``GaiaClass``, pointed at the archive, without a limit of rows."""
    with monkeypatch.context() as patch:
        # Importing astroquery.gaia asks the real service for messages; it must not.
        patch.setattr(socket, "getaddrinfo", _no_such_host)
        from astroquery.gaia import GaiaClass
    service = GaiaClass(
        gaia_tap_server=archive.url, gaia_data_server=archive.url, show_server_messages=False
    )
    service.ROW_LIMIT = -1
    return service


def _no_such_host(*_: object, **__: object) -> None:
    raise socket.gaierror("tests look nothing up")
