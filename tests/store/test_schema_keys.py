"""Keys and lengths of the migrated tables are those of the entities: alembic compares no keys."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, String, inspect

from skydb.domain import Base

TABLES = sorted(Base.metadata.tables)


@pytest.fixture(scope="module")
def known(sqlite_template) -> dict[str, dict]:
    """Primary keys, foreign keys and columns of every table of a migrated ledger."""
    from sqlalchemy import create_engine

    engine: Engine = create_engine(f"sqlite:///{sqlite_template}")
    look = inspect(engine)
    found = {
        name: {
            "key": look.get_pk_constraint(name)["constrained_columns"],
            "links": {
                one["constrained_columns"][0]: (
                    one["referred_table"], one["options"].get("ondelete")
                )
                for one in look.get_foreign_keys(name)
            },
            "columns": {one["name"]: one for one in look.get_columns(name)},
        }
        for name in TABLES
    }  # fmt: skip
    engine.dispose()
    return found


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_keys_and_columns_of_its_entity(name: str, known: dict) -> None:
    table, migrated = Base.metadata.tables[name], known[name]
    assert migrated["key"] == [column.name for column in table.primary_key]
    links = {key.parent.name: (key.column.table.name, key.ondelete) for key in table.foreign_keys}
    assert migrated["links"] == links
    assert migrated["columns"].keys() == {column.name for column in table.columns}
    for column in table.columns:
        there = migrated["columns"][column.name]
        assert there["nullable"] is column.nullable
        if isinstance(column.type, String):
            assert getattr(there["type"], "length", None) == column.type.length
