"""A small ledger as SQL, by which later versions prove that they can still read this one."""

from __future__ import annotations

import os
import shlex
import socket
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from skydb.api.composition import Services
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from skydb.store.engine import open_engine, resolve_url
from skydb.store.summaries import renew
from tests.commands import LedgerDirectory
from tests.cookbook import Cookbook
from tests.files.loglines import DrizzleLog, write_log
from tests.store.anyrows import fill_every_table

#: In the place of the directory in which the ledger was made.
ROOT = "@ROOT@"

#: Commands on a ledger of entities, beside the files that they name, with their exit codes.
COMMANDS: tuple[tuple[int, str], ...] = (
    (5, "ingest field broken_flt.fits"),
    (0, "refcat import field/gaia.ecsv --epoch 2016 --name simulated"),
    (0, "history import old"),
    (0, "sky run --engine skydb --no-mosaic --rootname ibxl50clq --rootname ibxl50cqq"),
    (0, "books note ibxl50aaq 'the brightest of them'"),
    (0, "books flag ibxl50abq satellite --why 'a trail crosses the chip'"),
    (0, "books ignore bxl51 never-matched --why 'overlaps nothing'"),
    (0, "books deliveries add flat --began 2024-05-01 --ended 2024-05-09 --what 'bad flat'"),
)


def ledger_as_sql() -> str:
    """Make the ledger, with rows in every table, and dump it."""
    os.environ |= {"SKYDB_SELFTEST": "never", "LOGNAME": "somebody"}
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        ledger = LedgerDirectory(root)
        _make_files(root)
        ledger.json("init")
        _fill_with_entities(ledger)
        for code, command in COMMANDS:
            words = shlex.split(command)
            ledger.json(*(root / word if (root / word).exists() else word for word in words),
                        code=code)  # fmt: skip
        _fill_empty_tables(ledger)
        dump = _dump(root / "skydb.sqlite").replace(str(root), ROOT)
        return dump.replace(f"'{socket.gethostname()}:", "'somewhere:")


def _make_files(root: Path) -> None:
    simulate_field(root / "field", FieldPlan(tiles=(1, 1), size=64, products=False))
    (root / "broken_flt.fits").write_bytes(b"not FITS")
    write_log(root / "old" / "astrodrizzle.log", DrizzleLog().lines())


def _fill_with_entities(ledger: LedgerDirectory) -> None:
    services = Services.open(ledger.url, ledger.path / "skydb-data")
    with services.context.store.writing() as session:
        Cookbook(session).fill()
        session.commit()
    services.close()


def _fill_empty_tables(ledger: LedgerDirectory) -> None:
    engine = open_engine(resolve_url(ledger.url))
    with engine.begin() as connection:
        fill_every_table(connection)
        # Of one visit the counts are kept, others are noted, and so is a run.
        renew(connection, 1)
        connection.exec_driver_sql(
            "UPDATE sky_values SET mdrizsky = mdrizsky + 1"
            " WHERE exposure_id = (SELECT MAX(exposure_id) FROM sky_values)"
        )
    engine.dispose()


def _dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump()) + "\n"
