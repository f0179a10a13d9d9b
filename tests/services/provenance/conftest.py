"""A ledger in which everything of a small field has happened, with fake tools."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import SkyMethod
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.provenance.graph import Lineage, Node, Remark
from skydb.services.skies.skyrun import SkyRunService
from tests.postgres import PostgresServer
from tests.services.tools import (
    MEMBERS,
    PRODUCT,
    Toolbox,
    write_catalog,
    write_exposure,
    write_product,
)

LEDGER = "ledger.sqlite"


@dataclass(frozen=True)
class Story:
    """Ingest, catalogue, fit, acceptance and sky runs of one ledger."""

    services: Services
    tools: Toolbox
    home: Path
    fit: int
    runs: tuple[int, ...]

    @property
    def run(self) -> int:
        return self.runs[0]

    @property
    def value(self) -> str:
        """Name of one sky value of the first run."""
        return f"{MEMBERS[0]}[1]@{self.run}"

    def explain(self, what: str, *, everything: bool = False) -> Lineage:
        return self.services.explain.explain(what, everything=everything)

    def sky(self, *methods: SkyMethod, force: bool = True) -> list[int]:
        rows = SkyRunService(self.services.context, self.tools).run(methods, force=force)
        return [row["run"] for row in rows]


def tell(services: Services, home: Path, tools: Toolbox, members: Sequence[str] = MEMBERS) -> Story:
    """Take a visit through everything."""
    files = [write_exposure(home / "visit", name) for name in members]
    services.ingest.ingest([*files, write_product(home / "visit", PRODUCT, members)])
    services.refcat.import_file(write_catalog(home), 2016.0, "gaia")
    fit = AlignService(services.context, tools).run("gaia")
    AcceptService(services.context, tools).accept(fit)
    rows = SkyRunService(services.context, tools).run([SkyMethod.MATCH])
    return Story(services, tools, home, fit, tuple(row["run"] for row in rows))


@pytest.fixture(scope="session")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Story on SQLite, for all tests that only read."""
    home = tmp_path_factory.mktemp("told")
    shutil.copyfile(sqlite_template, home / LEDGER)
    services = Services.open(f"sqlite:///{home / LEDGER}", home / "data")
    yield tell(services, home, Toolbox())
    services.close()


@pytest.fixture
def story(told: Story, tools: Toolbox, tmp_path: Path) -> Iterator[Story]:
    """A copy of it, to be changed at will but for the files of the user's."""
    with (
        closing(sqlite3.connect(told.home / LEDGER)) as source,
        closing(sqlite3.connect(tmp_path / LEDGER)) as copy,
    ):
        source.backup(copy)
    with _copied(told, tools, tmp_path, f"sqlite:///{tmp_path / LEDGER}") as copied:
        yield copied


@contextmanager
def _copied(told: Story, tools: Toolbox, home: Path, url: str) -> Iterator[Story]:
    shutil.copytree(told.home / "data", home / "data")
    services = Services.open(url, home / "data")
    yield replace(told, services=services, tools=tools)
    services.close()


@pytest.fixture(scope="session")
def told_on_postgresql(
    postgres_server: PostgresServer,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Story, str]:
    """Story on PostgreSQL, and the name of its database, only to be copied."""
    home = tmp_path_factory.mktemp("told")
    name = postgres_server.create_database(postgres_template)
    services = Services.open(postgres_server.url(name), home / "data")
    told = tell(services, home, Toolbox())
    services.close()
    postgres_server.freeze(name)
    return told, name


@pytest.fixture
def story_on_postgresql(
    told_on_postgresql: tuple[Story, str],
    postgres_server: PostgresServer,
    tools: Toolbox,
    tmp_path: Path,
) -> Iterator[Story]:
    """A copy of the story on PostgreSQL, as `story` is one of that on SQLite."""
    told, template = told_on_postgresql
    name = postgres_server.create_database(template)
    with _copied(told, tools, tmp_path, postgres_server.url(name)) as copied:
        yield copied
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def story_anywhere(request: pytest.FixtureRequest) -> Story:
    """Story on SQLite, and on PostgreSQL."""
    fixture = {"sqlite": "story", "postgresql": "story_on_postgresql"}[request.param]
    story: Story = request.getfixturevalue(fixture)
    return story


def of_kind(graph: Lineage, kind: str) -> list[Node]:
    return [node for node in graph.nodes.values() if node.kind.value == kind]


def remarks_of(graph: Lineage) -> list[Remark]:
    return [remark for node in graph.nodes.values() for remark in node.remarks]


def one(graph: Lineage, kind: str) -> Node:
    (found,) = of_kind(graph, kind)
    return found
