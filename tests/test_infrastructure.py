"""The test infrastructure itself: databases are real and fresh, the outside is out of reach."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy

from tests.conftest import REPOSITORY
from tests.postgres import PostgresServer

#: A documentation address (RFC 5737): nobody answers there, and nobody should be asked.
OUTSIDE = "192.0.2.1"


def _select(url: str, statement: str) -> object:
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_the_postgresql_of_the_tests_is_a_real_server(postgres_url: str) -> None:
    assert str(_select(postgres_url, "SELECT version()")).startswith("PostgreSQL ")


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_empty_database(database_url: str, turn: int) -> None:
    _select(database_url, "CREATE TABLE only_mine (turn integer)")
    assert _select(database_url, "SELECT count(*) FROM only_mine") == 0


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_a_ledger_of_its_own_at_the_newest_revision(
    ledger_url: str, turn: int
) -> None:
    assert _select(ledger_url, "SELECT count(*) FROM alembic_version") == 1
    _select(ledger_url, "CREATE TABLE only_mine (turn integer)")


def test_a_dropped_database_is_gone_although_somebody_is_connected(
    postgres_server: PostgresServer,
) -> None:
    name = postgres_server.create_database()
    engine = sqlalchemy.create_engine(postgres_server.url(name))
    with engine.connect():
        postgres_server.drop_database(name)
    engine.dispose()
    with pytest.raises(sqlalchemy.exc.OperationalError, match="does not exist"):
        _select(postgres_server.url(name), "SELECT 1")


START_AND_TELL = """
from tests.conftest import REPOSITORY
from tests.postgres import PostgresServer
import time
server = PostgresServer.start()
print(server.url("postgres"), flush=True)
time.sleep(600)
"""


def test_a_server_ends_with_the_process_that_started_it(repository: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_TELL], cwd=repository, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        directory = Path(url.partition("host=")[2])
        data = (directory / "data").resolve(strict=True)
        assert _select(url, "SELECT 1") == 1
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 300
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()
    assert not data.exists()


def test_the_world_outside_is_out_of_reach() -> None:
    with pytest.raises(Exception, match="A test tried to use socket"):
        socket.create_connection((OUTSIDE, 80), timeout=1)


def test_loopback_is_within_reach() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_a_process_that_a_test_starts_has_another_home_than_the_user() -> None:
    code = "from astropy.config import get_config_dir_path as d; print(d('astropy'))"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(answer).is_relative_to(os.environ["HOME"])
    assert "skydb-home-" in os.environ["HOME"]


def test_astropy_has_no_use_for_the_internet() -> None:
    from astropy.utils import data, iers

    assert not data.conf.allow_internet
    assert not iers.conf.auto_download


def test_the_conftest_of_a_directory_is_imported_into_the_home_of_the_tests(tmp_path: Path) -> None:
    """It is imported before any hook is called, when a file of the directory is named."""
    code = (
        "import tests.conftest, tests.files.conftest; from astropy.utils import data; "
        "print(data.conf.allow_internet)"
    )
    user = tmp_path / "user"
    user.mkdir()
    environment = os.environ | {"HOME": str(user), "TMPDIR": str(tmp_path)}
    for name in [name for name in environment if name.startswith("XDG_")]:
        environment.pop(name)
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=REPOSITORY, env=environment,
    ).stdout  # fmt: skip
    assert answer.strip() == "False"
    assert not list(user.iterdir())


def test_the_real_exposure_is_there(acs_hrc_flt: Path) -> None:
    assert acs_hrc_flt.stat().st_size == 10_532_160
