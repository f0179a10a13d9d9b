"""Every ledger has the views of the files, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from skydb.domain.todo import TodoRule
from skydb.store import schema, views
from skydb.store.columns import documented


def _held(connection: Connection) -> dict[str, str]:
    """Text of every view in the database."""
    names = inspect(connection).get_view_names()
    if connection.dialect.name == "sqlite":
        asked = "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = :name"
    else:
        asked = "SELECT pg_get_viewdef(CAST(:name AS regclass))"
    return {name: connection.execute(text(asked), {"name": name}).scalar_one() for name in names}


def _of_files(connection: Connection) -> dict[str, str]:
    """Text of the views of the files in a database; makes these in the transaction."""
    views.drop_views(connection)
    views.create_views(connection)
    return _held(connection)


def test_a_migrated_ledger_holds_the_views_of_the_files_and_no_others(engine: Engine) -> None:
    with engine.connect() as connection:
        held = _held(connection)
        assert set(held) == set(views.view_names())
        assert held == _of_files(connection)
        connection.rollback()


def test_a_view_that_is_not_that_of_its_file_would_be_seen(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP VIEW v_downloads"))
        connection.execute(text("CREATE VIEW v_downloads AS SELECT id FROM downloads"))
    with engine.connect() as connection:
        held = _held(connection)
        found = _of_files(connection)
        assert [name for name in held if held[name] != found[name]] == ["v_downloads"]
        connection.rollback()


@pytest.mark.parametrize("name", views.view_names())
def test_every_view_can_be_read(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT * FROM {name}")).all() == []


def test_views_with_a_visit_have_it_as_commands_name_it(engine: Engine) -> None:
    columns = {
        name: [one["name"] for one in inspect(engine).get_columns(name)]
        for name in views.view_names()
    }
    of_visits = [name for name, known in columns.items() if {"program", "visit"} <= set(known)]
    assert len(of_visits) == 9
    for name in of_visits:
        place = columns[name].index("visit")
        assert columns[name][place + 1] == "visit_label", name


def test_every_view_is_documented() -> None:
    assert set(documented()) == set(views.view_names())


def test_a_view_comes_after_those_that_it_reads() -> None:
    names = views.view_names()
    assert names.index("v_alignment_history") < names.index("v_alignment_current")
    assert names.index("v_visit_status") < names.index("v_program_status")


def test_views_that_somebody_else_made_are_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW mine AS SELECT id FROM downloads"))
        views.drop_views(connection)
        assert inspect(connection).get_view_names() == ["mine"]


def test_every_rule_has_a_file_and_every_file_is_read() -> None:
    directory = Path(views.__file__).parent / "todo"
    found = views.view_sql("v_todo", "sqlite")
    named = re.findall(r"SELECT '([a-z-]+)' AS rule", found)
    assert set(named) == {rule.value for rule in TodoRule}
    assert len(named) == len(list(directory.glob("[!_]*.sql")))


def test_no_shared_text_is_left_that_no_view_uses() -> None:
    directory = Path(views.__file__).parent
    texts = "\n".join(path.read_text(encoding="utf-8") for path in directory.rglob("*.sql"))
    shared = [path.relative_to(directory).as_posix() for path in directory.rglob("_*.sql")]
    assert [name for name in shared if f'"{name}"' not in texts] == []
    for macro in re.findall(r"{% macro (\w+)", texts):
        assert len(re.findall(rf"\b{macro}\b", texts)) > 1, macro


def test_a_current_ledger_keeps_its_views_when_it_is_upgraded_again(
    ledger_url: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW mine AS SELECT id FROM v_downloads"))
    assert schema.upgrade(ledger_url).is_current
    with engine.connect() as connection:
        assert set(inspect(connection).get_view_names()) == {"mine", *views.view_names()}
