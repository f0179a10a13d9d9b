"""Engines compile a statement once in a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, literal, select, text
from sqlalchemy.sql.compiler import SQLCompiler

from skydb.store.engine import open_engine, resolve_url
from skydb.store.statements import sharing_engine


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts of the statements that are compiled from now on."""
    texts: list[str] = []
    make = SQLCompiler.__init__

    def noted(self: SQLCompiler, *args: object, **options: object) -> None:
        make(self, *args, **options)  # type: ignore[arg-type]
        texts.append(str(self))

    monkeypatch.setattr(SQLCompiler, "__init__", noted)
    return texts


@pytest.fixture
def engines(ledger_url: str, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two engines of one ledger."""
    made = open_engine(resolve_url(ledger_url)), open_engine(resolve_url(ledger_url))
    yield made
    for engine in made:
        engine.dispose()


def test_a_statement_is_compiled_by_the_first_of_two_engines(
    engines: tuple[Engine, Engine], compiled: list[str]
) -> None:
    for number, engine in enumerate(engines):
        with engine.connect() as connection:
            found = connection.execute(select(literal(number).label("of_an_engine")))
            assert found.one().of_an_engine == number
    assert sum("of_an_engine" in one for one in compiled) == 1


def test_an_engine_keeps_the_url_that_it_was_made_from(engines: tuple[Engine, Engine]) -> None:
    assert len({str(one.url) for one in engines}) == 1
    assert {one.url.drivername for one in engines} < {"sqlite", "postgresql+psycopg"}


def test_databases_share_nothing_with_the_other_kind(
    postgres_url: str, sqlite_ledger_url: str, compiled: list[str]
) -> None:
    for url in (postgres_url, sqlite_ledger_url):
        engine = sharing_engine(resolve_url(url))
        with engine.connect() as connection:
            connection.execute(select(text("1")).where(literal(1.5).label("of_a_kind") > 0))
        engine.dispose()
    assert sum("SELECT 1" in one for one in compiled) == 2


def test_servers_of_different_versions_share_nothing(postgres_url: str) -> None:
    one, other = (sharing_engine(resolve_url(postgres_url)) for _ in range(2))
    for engine in (one, other):
        engine.connect().close()
    assert one.dialect == other.dialect and hash(one.dialect) == hash(other.dialect)
    other.dialect.server_version_info = (9, 6)
    assert one.dialect != other.dialect
    for engine in (one, other):
        engine.dispose()
