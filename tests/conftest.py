"""Fixtures of every test: databases, data, and a home that is not the user's."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest

from tests.engines import leave_unsynced, share_differences, share_schemas
from tests.postgres import PostgresServer, PostgresUnavailableError
from tests.workers import Subprocesses, is_fresh

REPOSITORY = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")

#: astropy must neither fetch nor look for anything, nor complain that it could not.
ASTROPY_CFG = """\
[utils.data]
allow_internet = False
[utils.iers.iers]
auto_download = False
auto_max_age = None
"""

#: Where a subprocess, which pytest-socket does not guard, would go for anything outside.
NOWHERE = "http://127.0.0.1:9"

ALTERNATING = (
    "alternating: cases are by turns on SQLite and on PostgreSQL; "
    "SKYDB_EVERY_CASE=1 has each on both"
)

hypothesis.settings.register_profile(
    "skydb",
    # Two busy cores say nothing of how long an example takes.
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    # A check that fails here fails everywhere; away from CI new examples are welcome.
    derandomize=IN_CI,
    print_blob=True,
)
hypothesis.settings.load_profile("skydb")


def _home_of_tests() -> Path:
    """Make a home, and keep all that is imported or started from now on in it."""
    home = Path(tempfile.mkdtemp(prefix="skydb-home-"))
    for name in ("config", "cache", "data", "state", "runtime"):
        (home / name).mkdir(mode=0o700)
    for name in ("SKYDB_URL", "SKYDB_DATA", "ASTROPY_CONFIG_DIR", "ASTROPY_CACHE_DIR"):
        os.environ.pop(name, None)
    os.environ |= {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(home / "runtime"),
        "MPLBACKEND": "Agg",
        # Twenty seconds for every new ledger: the tests of the self-test ask for it themselves.
        "SKYDB_SELFTEST": "never",
        # Threads that wait for each other take a quarter more of the processors, which workers of
        # pytest keep busy. They read it when they start: numpy is imported before this is.
        "OPENBLAS_NUM_THREADS": "1",
    }
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ |= {name: NOWHERE, name.upper(): NOWHERE}
    os.environ |= {"no_proxy": "127.0.0.1,localhost,::1", "NO_PROXY": "127.0.0.1,localhost,::1"}
    _share_compiled(home / "cache" / "skydb" / "numba")
    astropy_cfg = home / "config" / "astropy" / "astropy.cfg"
    astropy_cfg.parent.mkdir()
    astropy_cfg.write_text(ASTROPY_CFG)
    return home


def _share_compiled(cache: Path) -> None:
    """Let all workers, and what they start, have what numba compiled in the tree of the tests."""
    kept = Path(__file__).parents[1] / ".pytest_cache" / "numba"
    cache.parent.mkdir()
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError:  # A tree that can only be read.
        cache.mkdir()
    else:
        cache.symlink_to(kept)
    os.environ["NUMBA_CACHE_DIR"] = str(cache)


#: Made before pytest imports the conftest of a directory, which may import astropy: that reads
#: its settings once.
_HOME = _home_of_tests()


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", ALTERNATING)


#: What a parameter of a test is called that is a kind of database.
KINDS = ("sqlite", "postgresql")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave each case of an alternating test on one of its databases, but one on each.

    ``SKYDB_EVERY_CASE=1`` has all of them on both.
    """
    if os.environ.get("SKYDB_EVERY_CASE") != "1":
        left_out = [item for item in items if _is_of_the_other_database(item)]
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    _put_together(items)


def _put_together(items: list[pytest.Item]) -> None:
    """Order files: those with slow tests first, and files of a directory beside each other.

    Of two workers one then has nearly all that uses a field of the session, which is made once,
    and the other one waits for none. What is left for the end is short, and so both end together.
    Directories, files and tests keep the random order they have among themselves.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    rank: dict[Path, int] = {}
    for item in items:
        rank.setdefault(item.path.parent, len(rank))
    items.sort(key=lambda item: (item.path not in slow, rank[item.path.parent]))


def _is_of_the_other_database(item: pytest.Item) -> bool:
    """Whether the case before or after this one is that of this database."""
    call = getattr(item, "callspec", None)
    if call is None or item.get_closest_marker("alternating") is None:
        return False
    kinds = {k: v for k, v in call.params.items() if isinstance(v, str) and v in KINDS}
    others = [index for name, index in call.indices.items() if name not in kinds]
    if len(kinds) != 1 or not others:
        return False
    return bool((sum(others) + KINDS.index(*kinds.values())) % 2)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while tests are collected, and never in them: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Remove the home of the tests."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def forked_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subprocesses]:
    """Workers of drizzlepac that do not import it anew each time, unless told to."""
    subprocesses = Subprocesses(tmp_path_factory.mktemp("workers"))
    with pytest.MonkeyPatch.context() as patch:
        if not is_fresh():
            patch.setattr("skydb.drizzle.runner.subprocess", subprocesses)
        yield subprocesses
    subprocesses.stop()


@pytest.fixture(scope="session", autouse=True)
def shared_schemas() -> Iterator[None]:
    """Schemas that are read once for all ledgers that have them; no waiting for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        share_schemas(patch)
        share_differences(patch)
        leave_unsynced(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def settled_astropy() -> Iterator[None]:
    """Settings of astropy that are looked up once: it asks three for every card of a header.

    Cards are found and verified as in drizzlepac's processes.
    """
    # Not before the home of the tests is there.
    from astropy.config import ConfigItem
    from astropy.io.fits import Card, Header

    from skydb.drizzle.tasks.lookups import (
        copy_headers_whole,
        count_on_few_cards,
        find_cards_by_index,
        pass_sound_cards,
    )

    known: dict[ConfigItem, object] = {}
    ask, change = ConfigItem.__call__, ConfigItem.set

    def remembered(item: ConfigItem) -> object:
        try:
            return known[item]
        except KeyError:
            return known.setdefault(item, ask(item))

    def changed(item: ConfigItem, value: object) -> object:
        known.pop(item, None)
        return change(item, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConfigItem, "__call__", remembered)
        patch.setattr(ConfigItem, "set", changed)
        for name in ("index", "copy", "_updateindices"):
            patch.setattr(Header, name, getattr(Header, name))
        patch.setattr(Card, "_verify", Card._verify)
        find_cards_by_index()
        count_on_few_cards()
        copy_headers_whole()
        pass_sound_cards()
        yield


@pytest.fixture
def fresh_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that start from nothing, as they do outside of tests."""
    monkeypatch.setattr("skydb.drizzle.runner.subprocess", subprocess)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this worker, started by the first test that needs it."""
    try:
        server = PostgresServer.start()
    except PostgresUnavailableError as error:
        if IN_CI or os.environ.get("SKYDB_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"PostgreSQL is required here and did not start: {error}")
        pytest.skip(f"PostgreSQL did not start: {error}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """Name of a PostgreSQL database migrated to head, only to be copied."""
    from skydb.store.schema import upgrade

    name = postgres_server.create_database()
    upgrade(postgres_server.url(name))
    postgres_server.freeze(name)
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file migrated to head, only to be copied."""
    from skydb.store.schema import upgrade

    path = tmp_path_factory.mktemp("template") / "ledger.sqlite"
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_ledger_url(tmp_path: Path, sqlite_template: Path) -> str:
    """URL of an SQLite database migrated to head."""
    path = tmp_path / "ledger.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_ledger_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """URL of a PostgreSQL database migrated to head."""
    name = postgres_server.create_database(postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database; the test runs on both kinds."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """URL of a database migrated to head; the test runs on both kinds."""
    fixture = {"sqlite": "sqlite_ledger_url", "postgresql": "postgres_ledger_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Directory of header stubs of real exposures: ``$SKYDB_TEST_DATA``."""
    path = Path(os.environ.get("SKYDB_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"{path} does not exist; set SKYDB_TEST_DATA to the directory of test data.")
    return path


@pytest.fixture(scope="session")
def acs_hrc_flt() -> Path:
    """A genuine ACS/HRC exposure (47 Tuc, F606W), read-only: copy it before changing it."""
    spec = importlib.util.find_spec("spherical_geometry")
    assert spec is not None and spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    return package / "tests" / "data" / "j8bt06nyq_flt.fits"
