"""The tables of the entities as the code of a migration."""

from __future__ import annotations

from collections.abc import Iterator

from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import (
    CreateForeignKeyOp,
    CreateIndexOp,
    CreateTableOp,
    MigrateOperation,
    ModifyTableOps,
    UpgradeOps,
)
from sqlalchemy import ForeignKeyConstraint, MetaData, Table, create_engine
from sqlalchemy.schema import sort_tables_and_constraints

from skydb.store.rendering import render_item

HEAD = '''\
"""The ledger: its tables, and the rows that every ledger begins with.

Written by scripts/make-baseline; never changed once it is released.

Revision ID: {revision}.
"""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = None
branch_labels = None
depends_on = None

SEEDS = Path(__file__).parents[1] / "seeds"


def upgrade() -> None:
{upgrade}
    for name in ({seeded}):
        _seed(name)


def downgrade() -> None:
{downgrade}


def _seed(name: str) -> None:
    table = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
    with (SEEDS / f"0001_{{name}}.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {{key: table.c[key].type.python_type(value) for key, value in row.items()}}
            for row in csv.DictReader(file)
        ]
    op.bulk_insert(table, rows)
'''


def migration(metadata: MetaData, revision: str, seeded: tuple[str, ...]) -> str:
    """Code of the migration, not yet formatted.

    Parameters
    ----------
    metadata : MetaData
        Of the entities.
    revision : str
        Name of the revision.
    seeded : tuple of str
        Tables that have rows from the beginning.
    """
    upgrade = "\n".join(f"    {line}" for line in _code(metadata).splitlines())
    drops = "\n".join(_drops(metadata))
    names = "".join(f'"{name}", ' for name in seeded)
    return HEAD.format(revision=revision, upgrade=upgrade, downgrade=drops, seeded=names)


def _code(metadata: MetaData) -> str:
    with create_engine("sqlite://").connect() as connection:
        options = {"target_metadata": metadata, "render_item": render_item}
        context = MigrationContext.configure(connection, opts=options)
        code = render_python_code(
            UpgradeOps(list(_operations(metadata))),
            render_item=render_item,
            migration_context=context,
            render_as_batch=True,
        )
    lines = [line.removeprefix("    ") for line in code.splitlines()]
    return "\n".join(line for line in lines if not line.lstrip().startswith("# ###"))


def _operations(metadata: MetaData) -> Iterator[MigrateOperation]:
    """Each table after those that it refers to; references in a circle come last."""
    ordered, circular = _ordered(metadata)
    for table in ordered:
        operation = CreateTableOp.from_table(table)
        operation.columns = [one for one in operation.columns if one not in circular]
        yield operation
    for constraint in sorted(circular, key=lambda one: str(one.name)):
        later = CreateForeignKeyOp.from_constraint(constraint)
        yield ModifyTableOps(constraint.table.name, [later])
    for table in ordered:
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield CreateIndexOp.from_index(index)


def _ordered(metadata: MetaData) -> tuple[list[Table], set[ForeignKeyConstraint]]:
    by_name = [metadata.tables[name] for name in sorted(metadata.tables)]
    *tables, (_, circular) = sort_tables_and_constraints(by_name)
    return [table for table, _ in tables if table is not None], set(circular)


def _drops(metadata: MetaData) -> Iterator[str]:
    ordered, circular = _ordered(metadata)
    for constraint in sorted(circular, key=lambda one: str(one.name)):
        yield f'    with op.batch_alter_table("{constraint.table.name}") as table:'
        yield f'        table.drop_constraint("{constraint.name}", type_="foreignkey")'
    for table in reversed(ordered):
        yield f'    op.drop_table("{table.name}")'
