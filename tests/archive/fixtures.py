"""A loopback archive over a small simulated field, for the tests of several packages.

Import the fixtures that a module needs; the fields are simulated once for all of them.
"""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydb.simulate.archive import LoopbackArchive
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector

FILES = ("ibxl50clq", "ibxl50cqq", "ibxl51cvq", "ibxl51d0q")
FLT = FILES[0] + "_flt.fits"
URI = f"mast:HST/product/{FLT}"


def simulated(factory: pytest.TempPathFactory, tiles: tuple[int, int], dithers: int) -> Path:
    """A field of small exposures without products, simulated when it is first wanted."""
    directory = factory.getbasetemp() / f"loopback-{tiles[0]}x{tiles[1]}x{dithers}"
    if not directory.exists():
        plan = FieldPlan(
            *(SimDetector.IR, tiles), dithers, size=64, seed=5, products=False, stars=0, nebula=0.0
        )
        simulate_field(directory, plan)
    return directory


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackArchive]:
    """An archive with four exposures, in whatever state the last test left it."""
    with LoopbackArchive(simulated(tmp_path_factory, (2, 1), 2)) as one:
        yield one


@pytest.fixture
def archive(server: LoopbackArchive, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackArchive]:
    """An archive with four exposures as they were made, which ``SKYDB_MAST_URL`` names."""
    monkeypatch.delenv("MAST_API_TOKEN", raising=False)
    monkeypatch.setenv("SKYDB_MAST_URL", server.url)
    held = dict(server.holdings._contents)
    server.reset_stats()
    yield server
    # A fetch that was interrupted may still ask, and would take the next test's faults.
    for thread in threading.enumerate():
        if thread.name.startswith("skydb-fetch"):
            thread.join(60)
    server.behave()
    server.holdings._contents = held
    if server._thread is None:
        server.start()


@pytest.fixture
def large_archive(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LoopbackArchive]:
    """An archive with 27 exposures, which ``SKYDB_MAST_URL`` names."""
    with LoopbackArchive(simulated(tmp_path_factory, (3, 3), 3)) as one:
        monkeypatch.setenv("SKYDB_MAST_URL", one.url)
        yield one


def content_of(archive: LoopbackArchive, name: str = FLT) -> bytes:
    """Return the archive's bytes of a file."""
    held = archive.holdings.content(name)
    assert held is not None
    return held.read()


def with_checksums(content: bytes) -> bytes:
    """The same file with DATASUM and CHECKSUM in every HDU."""
    target = io.BytesIO()
    with fits.open(io.BytesIO(content)) as opened:
        opened.writeto(target, checksum=True)
    return target.getvalue()


def reprocessed(content: bytes) -> bytes:
    """Other pixels in a file of the same size."""
    target = io.BytesIO()
    with fits.open(io.BytesIO(content)) as opened:
        opened["SCI"].data = opened["SCI"].data + np.float32(1)
        opened.writeto(target)
    return target.getvalue()
