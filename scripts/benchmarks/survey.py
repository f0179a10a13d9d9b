"""A ledger of a million exposures: how fast it is written, how large it is, how fast it answers.

The questions are those of ``docs/sql-cookbook.md`` as they stand there, cone searches, and
the comparison of one field. Each answer's 95th percentile over many calls is held against
50 ms; what the planner does for each is written to ``plans-*.txt`` beside the ledger.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import URL, Engine, text

import skydb
from scripts.benchmarks import floors
from scripts.benchmarks.timing import Result, p95, seconds
from scripts.survey import SurveyPlan, survey_rows
from skydb.api.composition import Services
from skydb.api.results import Record
from skydb.domain import SkyValue
from skydb.domain.entities import Base
from skydb.domain.grouping import StatisticsBy
from skydb.services.bookkeeping import StatusBy
from skydb.services.comparison import Comparisons
from skydb.store import schema
from skydb.store.bulk import BulkWriter
from skydb.store.engine import READ_ONLY, as_reader, open_engine, resolve_url
from skydb.store.scope import Scope
from skydb.store.statistics import refresh_statistics
from skydb.store.summaries import renew_all
from tests.postgres import PostgresServer

COOKBOOK = Path(__file__).parents[2] / "docs" / "sql-cookbook.md"
_QUESTION = re.compile(r"^## (\d+\. [^\n]+)\n.*?^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)

#: Sky values a second that have to be written, and how long an answer may take.
_RATES = {"sqlite": 20_000, "postgresql": 10_000}
_ANSWER_S = 0.05
_CALLS = 40

#: Rows of which the floor of writing is measured, and how often a floor of questions is at least.
_SAMPLE, _FLOORS = 100_000, 5

#: What an answer is found from that has far fewer rows.
_READ = {"sky stats --by filter": "SELECT * FROM visit_skies"}

#: A program, and a target, whose visits were aligned and matched.
_PROGRAM, _TARGET = 10005, "FIELD-42"


@dataclass(frozen=True)
class Filled:
    """How a survey was written: seconds in all, and sky values a second of their own time."""

    seconds: float
    rows: int
    values_per_s: float


def measure(workdir: Path, repeats: int, exposures: int = 1_000_000) -> Iterator[Result]:
    """Fill a ledger of each kind and ask it."""
    yield from _measure(f"sqlite:///{workdir / 'survey.sqlite'}", workdir, exposures)
    with _server() as url:
        yield from _measure(url, workdir, exposures)


def _measure(url: str, workdir: Path, exposures: int) -> Iterator[Result]:
    schema.upgrade(url)
    engine = open_engine(resolve_url(url))
    kind = engine.dialect.name
    kept = workdir / f"filled-{kind}.json"
    if not _size(engine, "exposures"):
        kept.write_text(json.dumps(asdict(fill(engine, exposures))))
    if kept.exists():
        yield _written(Filled(**json.loads(kept.read_text())), engine)
    _analyse(engine)
    renew_all(engine)
    yield _room(engine, exposures)
    plans = []
    for name, statement in questions():
        plans.append(f"-- {name}\n{_plan(engine, statement)}\n")
        yield _answered(f"{kind}: {name}", _sql(engine, statement), engine.url)
    (workdir / f"plans-{kind}.txt").write_text("\n".join(plans))
    engine.dispose()
    services = Services.open(url, workdir / "data")
    yield _answered(f"{kind}: cone search", _cones(services), engine.url)
    yield _answered(f"{kind}: sky compare of one field", _comparison(services), engine.url)
    for name, limit_s, calls, call in _commands(services, url, workdir):
        timed = _timed(lambda _, call=call: call(), calls, engine.url, _READ.get(name))
        yield _within(f"{kind}: {name}", limit_s, *timed)
    services.close()


def _commands(
    services: Services, url: str, workdir: Path
) -> Iterator[tuple[str, float, int, Callable[[], object]]]:
    """Commands on the whole survey and on a program: limit in seconds, and how often."""
    program, comparisons = Scope(proposal_id=_PROGRAM), Comparisons(services.context.store)
    yield "status of the ledger", 1.0, 3, services.todo.status
    yield "status by program", 1.0, 3, lambda: services.todo.status(StatusBy.PROGRAM)
    yield "status of a program", 0.2, 5, lambda: services.todo.status(scope=program)
    yield "first 100 rows of todo", 1.0, 3, lambda: services.todo.first(100)
    yield "align changes of a program", 0.5, 5, lambda: comparisons.deliveries.changes(program)
    statistics = comparisons.statistics.statistics
    yield "sky stats --by filter", 2.0, 1, lambda: statistics(StatisticsBy.FILTER)
    with skydb.open(url, data=workdir / "data") as ledger:
        out = workdir / "report.html"
        yield "report of a target", 10.0, 2, lambda: ledger.report(out, target=_TARGET)


def _timed(
    call: Callable[[int], object], calls: int, url: URL, statement: str | None = None
) -> tuple[list[float], float]:
    """Seconds of each call, and of fetching the rows of the answer where nothing else is.

    Parameters
    ----------
    call : callable
        It is given its number.
    calls : int
        How many; the answer of middle length counts.
    url : URL
        Where these rows are put.
    statement : str, optional
        What has to be read, where the answer is found from more rows than it has.
    """
    timed = [_once(call, number) for number in range(calls)]
    times = [spent for spent, _ in timed]
    middle = sorted(range(calls), key=lambda number: timed[number][1])[calls // 2]
    answer = call(middle)
    if isinstance(answer, Record):
        page = Path(answer.path)
        content, beside = page.read_bytes(), page.with_name("floor.html")
        return times, _median(lambda: beside.write_bytes(content), calls)
    rows = _rows(answer)
    floor = floors.rows_read(url, statement) if statement else floors.rows_kept(url, rows)
    with floor as fetch:
        return times, _median(fetch, calls)


def _once(call: Callable[[int], object], number: int) -> tuple[float, int]:
    """Seconds of a call and rows of its answer, which is not kept beside the next ones."""
    began = time.perf_counter()
    answer = call(number)
    spent = time.perf_counter() - began
    return spent, 0 if isinstance(answer, Record) else len(_rows(answer))


def _median(work: Callable[[], object], calls: int) -> float:
    return float(np.median([seconds(work) for _ in range(max(calls, _FLOORS))]))


def _rows(answer: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of any question
    """Rows of an answer, whatever they are made of."""
    rows = answer[0] if isinstance(answer, tuple) else answer
    if rows and is_dataclass(rows[0]):
        return [tuple(getattr(row, one.name) for one in fields(row)) for row in rows]
    if rows and isinstance(rows[0], dict):
        names = dict.fromkeys(name for row in rows for name in row)
        return [tuple(row.get(name) for name in names) for row in rows]
    return [tuple(row) for row in rows]


def _within(name: str, limit_s: float, times: list[float], floor_s: float) -> Result:
    median = float(np.median(times))
    return {
        "name": name,
        "target": f"<= {limit_s:g} s",
        "ratio": median / limit_s,
        "median_s": median,
        "floor_s": floor_s,
        "passed": median <= limit_s,
    }


def fill(engine: Engine, exposures: int) -> Filled:
    """Write the survey, a batch of fields in a transaction."""
    began, value_s, values, rows = time.perf_counter(), 0.0, 0, 0
    connection = engine.connect()
    writer = BulkWriter(connection)
    for entity, columns in survey_rows(SurveyPlan(exposures)):
        if not connection.in_transaction():
            connection.begin()
        needed = seconds(lambda e=entity, c=columns: writer.write(e.__table__, c))
        count = len(next(iter(columns.values())))
        rows += count
        if entity is SkyValue:
            value_s, values = value_s + needed, values + count
            connection.commit()
    if not connection.in_transaction():
        connection.begin()
    writer.advance_keys(Base.metadata.sorted_tables)
    connection.commit()
    connection.close()
    return Filled(time.perf_counter() - began, rows, values / value_s)


def questions() -> list[tuple[str, str]]:
    """Title and statement of every question of the cookbook."""
    return [
        (name, sql.strip().rstrip(";")) for name, sql in _QUESTION.findall(COOKBOOK.read_text())
    ]


def _written(filled: Filled, engine: Engine) -> Result:
    kind = engine.dialect.name
    values = _size(engine, "sky_values")
    sample = f"SELECT * FROM sky_values LIMIT {_SAMPLE}"
    return {
        "name": f"{kind}: bulk writing of sky values",
        "target": f">= {_RATES[kind]} a second",
        "ratio": _RATES[kind] / filled.values_per_s,
        "median_s": values / filled.values_per_s,
        "floor_s": values * floors.insertion_s(engine.url, sample),
        "passed": filled.values_per_s >= _RATES[kind],
        "values_per_s": filled.values_per_s,
        "rows": filled.rows,
        "all_rows_s": filled.seconds,
        "note": "ratio of what is asked for to what was reached",
    }


def _room(engine: Engine, exposures: int) -> Result:
    with as_reader(engine).connect() as connection:
        if engine.dialect.name == "sqlite":
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        else:
            size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    return {
        "name": f"{engine.dialect.name}: bytes per exposure",
        "target": "reported",
        "ratio": size / exposures,
        "passed": True,
        "note": "the ratio is bytes per exposure: with its 3 solutions and 10 sky values",
    }


def _answered(name: str, call: Callable[[int], object], url: URL) -> Result:
    times, floor_s = _timed(call, _CALLS, url)
    return {
        "name": name,
        "target": f"p95 <= {_ANSWER_S * 1000:.0f} ms",
        "ratio": p95(times) / _ANSWER_S,
        "median_s": float(np.median(times)),
        "floor_s": floor_s,
        "p95_s": p95(times),
        "passed": p95(times) <= _ANSWER_S,
    }


def _sql(engine: Engine, statement: str) -> Callable[[int], object]:
    def ask(_: int) -> object:
        with as_reader(engine).connect() as connection:
            return connection.execute(text(statement)).all()

    return ask


def _cones(services: Services) -> Callable[[int], object]:
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, _CALLS), np.degrees(np.arcsin(rng.uniform(-1, 1, _CALLS)))
    return lambda number: services.finder.search(
        {"cone": (float(ra[number]), float(dec[number]), 60.0)}
    )


def _comparison(services: Services) -> Callable[[int], object]:
    """Four runs of a field somewhere in the survey, by their numbers."""
    with services.context.store.reading() as session:
        last = session.scalar(text("SELECT MAX(id) FROM sky_runs"))
        first = session.scalar(text("SELECT MIN(id) FROM sky_runs"))
        asked = text("SELECT (id - :first) / 4 FROM sky_runs WHERE downgraded")
        downgraded = set(session.scalars(asked, {"first": first}))
    drawn = np.random.default_rng(8).integers(0, (last - first + 1) // 4, 2 * _CALLS).tolist()
    # A group with a run that did another one's method has nothing to compare.
    groups = [group for group in drawn if group not in downgraded]
    return lambda number: services.comparison.methods.values(
        [first + 4 * groups[number] + method for method in range(4)]
    )


def _plan(engine: Engine, statement: str) -> str:
    prefix = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with as_reader(engine).connect() as connection:
        rows = connection.execute(text(f"{prefix} {statement}")).all()
    return "\n".join(str(row[-1]) for row in rows)


def _size(engine: Engine, table: str) -> int:
    with as_reader(engine).connect() as connection:
        return int(connection.scalar(text(f"SELECT COUNT(*) FROM {table}")) or 0)


def _analyse(engine: Engine) -> None:
    """What PostgreSQL's daemon does sooner or later, and skydb for SQLite."""
    refresh_statistics(engine)
    if engine.dialect.name == "postgresql":
        # It takes no turn, which needs a transaction.
        alone: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", READ_ONLY: True}
        with engine.connect().execution_options(**alone) as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def _server() -> Iterator[str]:
    server = PostgresServer.start()
    try:
        yield server.url(server.create_database())
    finally:
        server.stop()
