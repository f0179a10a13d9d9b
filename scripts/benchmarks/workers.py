"""Many Dask workers on one PostgreSQL: fields a minute, and who is busy.

Fields are small and have no mosaics, so that the ledger has the most to do: this is the worst
case for the one database that all workers share.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from distributed import Client

from scripts.benchmarks import floors
from scripts.benchmarks.timing import Result, in_turns
from skydb.api.composition import Services
from skydb.domain.grouping import Division
from skydb.domain.vocabulary import COMPUTED_METHODS
from skydb.services.intake.selection import Selection
from skydb.services.skies.executors.cluster import DaskExecutor
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.store.schema import upgrade
from tests.postgres import PostgresServer
from tests.services.skies.executors.clusters import Cluster, cluster

_WORKERS = (1, 2, 4, 8, 16)
#: Visits, each a field of two exposures.
_PLAN = FieldPlan(SimDetector.IR, (48, 1), size=64, dithers=2, stars=0, products=False)


@dataclass(frozen=True)
class _Spent:
    """Seconds of a run of all fields, by the clock and of the processor by who spent them."""

    clock: float
    asking: float
    workers: float
    database: float

    @property
    def database_share(self) -> float:
        """The database's part of all processor time."""
        return self.database / (self.asking + self.workers + self.database)


def measure(workdir: Path, repeats: int) -> Iterator[Result]:
    """All fields by one worker and by more; `repeats` is not used, for each has a new ledger."""
    exposures = workdir / "exposures"
    if not exposures.exists():
        simulate_field(exposures, _PLAN)
    server = PostgresServer.start()
    try:
        template = _ledger(server, exposures, workdir / "data")
        alone: _Spent | None = None
        images = floors.images_of(sorted(exposures.glob("*_flt.fits")))
        for workers in _WORKERS:
            home = workdir / f"{workers}"
            home.mkdir(exist_ok=True)
            url = server.url(server.create_database(template))
            spent = _run(url, workdir / "data", home, workers)
            alone = alone or spent
            (floor,) = in_turns(lambda: floors.read_pixels(images), repeats=3)
            yield {**_result(workers, spent, alone), "floor_s": floor.wall_s}
    finally:
        server.stop()


def _ledger(server: PostgresServer, exposures: Path, data: Path) -> str:
    """Name of a database that has the exposures."""
    name = server.create_database()
    url = server.url(name)
    upgrade(url)
    data.mkdir(exist_ok=True)
    services = Services.open(url, data)
    services.ingest.ingest(sorted(exposures.glob("*_flt.fits")))
    services.close()
    return name


def _run(url: str, data: Path, home: Path, workers: int) -> _Spent:
    services = Services.open(url, data)
    try:
        with _running(home, workers) as made:
            service = SkyRunService(services.context, executor=DaskExecutor(made.address))
            fields = service.fields(Selection(), Division.VISIT)
            before = _clocks(made)
            rows = service.run(COMPUTED_METHODS, mosaic=False, fields=fields)
            after = _clocks(made)
    finally:
        services.close()
    if any(row["status"] != "succeeded" for row in rows):
        raise RuntimeError(rows[0]["error"])
    return _Spent(*(end - start for start, end in zip(before, after, strict=True)))


@contextmanager
def _running(home: Path, workers: int) -> Iterator[Cluster]:
    """A cluster of which every worker has imported what it needs."""
    with cluster(home) as made:
        for _ in range(workers):
            made.start_worker()
        with Client(made.address.replace("dask", "tcp"), set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=300)
            client.run(_imported)
        yield made


def _imported() -> None:
    import skydb.services.skies.executors.work  # noqa: F401


def _clocks(made: Cluster) -> tuple[float, float, float, float]:
    """The clock, and the processor time of this process, of the cluster and of the database."""
    cluster_s = sum(_of(psutil.Process(one.pid)) for one in made.processes)
    servers = [one for one in psutil.process_iter(["name"]) if one.info["name"] == "postgres"]
    # A connection that has ended left its time to the server that had made it.
    database_s = sum(_of(one, ended=True) for one in servers)
    return time.perf_counter(), _of(psutil.Process()), cluster_s, database_s


def _of(process: psutil.Process, *, ended: bool = False) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    children = times.children_user + times.children_system if ended else 0.0
    return float(times.user + times.system + children)


def _result(workers: int, spent: _Spent, alone: _Spent) -> Result:
    fields = _PLAN.visit_count
    return {
        "name": f"{fields} fields of two small exposures on PostgreSQL, {workers} Dask workers",
        "target": "reported",
        "ratio": spent.clock / alone.clock,
        "median_reference_s": alone.clock,
        "median_s": spent.clock,
        "passed": True,
        "fields_a_minute": 60 * fields / spent.clock,
        "cpu_ms_a_field": {
            "asking process": 1e3 * spent.asking / fields,
            "workers and scheduler": 1e3 * spent.workers / fields,
            "database": 1e3 * spent.database / fields,
        },
        "database_share": spent.database_share,
        "note": "four methods without mosaics; the reference is one worker",
    }
