"""scripts/make-baseline makes the tables, circles of references included."""

from __future__ import annotations

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, ForeignKey, Integer, MetaData, Table, inspect

from scripts.baseline.__main__ import REVISION, SEEDED
from scripts.baseline.tables import migration
from skydb.domain import Base
from skydb.store.engine import open_engine, resolve_url


def _circle() -> MetaData:
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for name, other in (("hens", "eggs"), ("eggs", "hens")):
        target = ForeignKey(f"{other}.id")
        Table(name, metadata, Column("id", Integer, primary_key=True),
              Column("other_id", Integer, target, index=True))  # fmt: skip
    return metadata


def _run(engine: Engine, code: str, step: str) -> None:
    module: dict[str, object] = {"__file__": __file__}
    exec(code, module)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": MetaData()})
        with Operations.context(context):
            module[step]()


@pytest.fixture
def empty(database_url: str):
    engine = open_engine(resolve_url(database_url), must_exist=False)
    yield engine
    engine.dispose()


# SQLAlchemy says of every reflected circle that it cannot sort it; neither need it here.
@pytest.mark.filterwarnings("ignore:.*unresolvable cycles:sqlalchemy.exc.SAWarning")
def test_tables_that_refer_to_each_other_are_made_and_taken_away(empty: Engine) -> None:
    code = migration(_circle(), "one", ())
    _run(empty, code, "upgrade")
    inspector = inspect(empty)
    for name, other in (("hens", "eggs"), ("eggs", "hens")):
        (reference,) = inspector.get_foreign_keys(name)
        assert (reference["referred_table"], reference["name"]) == (
            other, f"fk_{name}_other_id_{other}",
        )  # fmt: skip
        assert [index["name"] for index in inspector.get_indexes(name)] == [f"ix_{name}_other_id"]
    _run(empty, code, "downgrade")
    assert inspect(empty).get_table_names() == []


def test_the_code_is_the_same_every_time() -> None:
    assert migration(Base.metadata, REVISION, SEEDED) == migration(Base.metadata, REVISION, SEEDED)
