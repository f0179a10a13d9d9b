"""The services of a new ledger, with tools that take milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.api.composition import Services
from tests.services.tools import Toolbox, write_catalog, write_visit


@pytest.fixture
def services(sqlite_ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    """Services of a ledger on SQLite."""
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    yield services
    services.close()


@pytest.fixture
def services_anywhere(ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    """Services of a ledger on SQLite, and of one on PostgreSQL."""
    services = Services.open(ledger_url, tmp_path / "data")
    yield services
    services.close()


@pytest.fixture
def tools() -> Toolbox:
    return Toolbox()


@pytest.fixture
def visit(tmp_path: Path) -> list[Path]:
    """Two exposures and the product they were drizzled to, outside the data root."""
    return write_visit(tmp_path / "visit")


@pytest.fixture
def catalog_file(tmp_path: Path) -> Path:
    return write_catalog(tmp_path)
