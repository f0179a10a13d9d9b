"""The story of the Python interface, with a second mosaic, as pages."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

import skydb
from tests.api.story import told_once
from tests.browse.asked import Pages, pages


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the ledger, in which run 8 has a mosaic, too, and run 6 is noted."""
    home = tmp_path_factory.mktemp("browse")
    told_once(tmp_path_factory.getbasetemp()).copy(home)
    with closing(sqlite3.connect(home / "skydb.sqlite")) as connection:
        science, weight = connection.execute(
            "SELECT science_path, weight_path FROM mosaics WHERE run_id = 6"
        ).fetchone()
        other = home / "skydb-data" / "runs" / "8"
        other.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / "skydb-data" / weight, other / "wht.fits")
        with fits.open(home / "skydb-data" / science) as hdus:
            hdus[0].data = hdus[0].data * 2.0
            hdus.writeto(other / "sci.fits")
        connection.execute(
            "INSERT INTO mosaics SELECT 8, 'runs/8/sci.fits', 'runs/8/wht.fits',"
            " science_sha256, weight_sha256, naxis1_pix, naxis2_pix, size_bytes, NULL"
            " FROM mosaics WHERE run_id = 6"
        )
        connection.commit()
    return home


@pytest.fixture(scope="session")
def url(home: Path) -> str:
    return f"sqlite:///{home / 'skydb.sqlite'}"


@pytest.fixture(scope="module")
def get(url: str) -> Iterator[Pages]:
    """Ask for a page of the story."""
    with pages(url) as asked:
        yield asked


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            break
    else:
        pytest.skip("No Chromium on this machine.")
    sync_api = pytest.importorskip("playwright.sync_api")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with skydb.open(f"sqlite:///{home / 'skydb.sqlite'}") as ledger, ledger.browse() as site:
        yield site.url
