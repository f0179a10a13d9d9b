"""Small fields that lie in a ledger as the pipeline and as HAP deliver them, aligned for real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from skydb.simulate.recalibration import Recalibration
from skydb.simulate.redelivery import Redelivery, redeliver_field
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas
from tests.commands import LedgerDirectory, Spoken, skydb
from tests.endtoend.conftest import Builder, Chain, align, simulate, take_in
from tests.endtoend.lookalikes import in_visit, svm_file
from tests.postgres import PostgresServer

__all__ = [
    "Recalibration",
    "alignment",
    "errors_mas",
    "ledger_on",
    "mixed_field",
    "redelivered",
    "redelivered_visit",
]

#: Both, to be named in turn where every case on both would cost too much.
SQLITE, POSTGRESQL = DATABASES = ("sqlite", "postgresql")

#: WCS of a file that a fit belongs to, and of one that it does not.
ALIGNED_MAS, UNTOUCHED_MAS = 5.0, 0.01


@pytest.fixture(scope="session")
def mixed_field(shared: Callable[[str, Builder], Chain]) -> Callable[[str], Chain]:
    """A field of two visits beside its exposures as HAP has them, fitted and accepted."""

    def build_on(detector: str) -> Chain:
        def build(root: Path) -> dict[str, Spoken]:
            ledger = LedgerDirectory(root / "ledger")
            made = simulate(root, "--detector", detector, "--size", 256, "--tiles", "2x1")
            # Their names differ from their FILENAME in every other file.
            for i, one in enumerate(FieldTruth.load(root / "field").exposures):
                svm_file(root / "field", one.rootname, root / "svm", knows_its_name=i % 2 == 0)
            taken_in = take_in(ledger, root / "field")
            beside = ledger("ingest", root / "svm", "--json")
            return {"simulate": made, **taken_in, "ingest svm": beside, **align(ledger)}

        return shared(f"mixed-{detector}", build)

    return build_on


@pytest.fixture(scope="session")
def redelivered_visit(
    mixed_field: Callable[[str], Chain], shared: Callable[[str, Builder], Chain]
) -> Chain:
    """Visit 50 of the IR field delivered anew, 120 mas farther off, with its product."""

    def build(root: Path) -> dict[str, Spoken]:
        field = mixed_field("IR").field
        anew = tuple(in_visit(field, "50"))
        redeliver_field(field, Redelivery(anew, shift_mas=120.0), root / "field")
        return {}

    return shared("redelivered-IR", build)


@cache
def _likeness(server: PostgresServer, ledger: LedgerDirectory) -> str:
    """Name of a PostgreSQL database that a ledger was copied into, only to be copied on."""
    name = server.create_database()
    copied = skydb("db", "copy", ledger.url, server.url(name))
    assert copied.code == 0, copied.err
    server.freeze(name)
    return name


Maker = Callable[..., LedgerDirectory]


@pytest.fixture
def ledger_on(request: pytest.FixtureRequest) -> Iterator[Maker]:
    """Makes a ledger in a directory on a named database: an empty one, or like another."""
    made: list[str] = []

    def make(database: str, home: Path, like: LedgerDirectory | None = None) -> LedgerDirectory:
        url = None
        if database == POSTGRESQL:
            server = request.getfixturevalue("postgres_server")
            made.append(server.create_database(like and _likeness(server, like)))
            url = server.url(made[-1])
        if like is not None:
            return like.copied_to(home, url)
        home.mkdir(parents=True)
        ledger = LedgerDirectory(home, url)
        ledger.json("init")
        return ledger

    yield make
    for name in made:
        request.getfixturevalue("postgres_server").drop_database(name)


def redelivered(chain: Chain, out: Path, only: Iterable[str] = ()) -> FieldTruth:
    """Exposures as a later processing gives them; all in the same moved frame."""
    return redeliver_field(chain.field, Redelivery(tuple(only)), out)


def contents(ledger: LedgerDirectory, where: str = "1 = 1") -> list[dict[str, Any]]:
    """Every version of every exposure's file, with the places where it lies."""
    rows: list[dict[str, Any]] = ledger.json(
        "sql",
        "SELECT e.rootname, p.flavour, p.kind, pv.number, pv.delivery, pv.filename, pv.cal_ver,"
        " pv.derived_from_id, pv.sha256, pv.id, fl.path FROM product_versions pv"
        " JOIN products p ON p.id = pv.product_id JOIN exposures e ON e.id = p.exposure_id"
        " JOIN file_locations fl ON fl.version_id = pv.id"
        f" WHERE {where} ORDER BY e.rootname, p.flavour, pv.number",
    )
    return rows


def path_of(ledger: LedgerDirectory, row: dict[str, Any]) -> Path:
    """Find the path of a version."""
    path = Path(row["path"])
    return path if path.is_absolute() else ledger.path / "skydb-data" / path


def errors_mas(
    ledger: LedgerDirectory, truth: FieldTruth, rows: Iterable[dict[str, Any]]
) -> dict[str, float]:
    """Errors of the WCS of versions against the truth, by rootname."""
    return {
        row["rootname"]: pointing_error_mas(truth, row["rootname"], path_of(ledger, row))
        for row in rows
    }


def alignment(ledger: LedgerDirectory) -> dict[str, str]:
    """Inputs of a run by exposure, from --explain-inputs."""
    rows = ledger.json("sky", "run", "--explain-inputs", code=0)
    return {row["rootname"]: row["alignment"].partition(":")[0] for row in rows}
