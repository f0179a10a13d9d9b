"""Reasons for trusting a fit; solutions of headerlets; restorations; forced acceptances.

Revision ID: 0004
Revises: 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ORIGINS = ("archive", "tweakreg", "tweakback", "restored")
KINDS = (
    *("ingest", "simulate", "download", "catalog", "alignment", "acceptance", "sky-run"),
    *("self-test", "import", "overlap"),
)
FINDINGS = (
    *("downgraded", "rejected-file", "fit-failed", "weak-fit", "shift-mismatch", "no-overlap"),
    *("islands", "missing-exposure", "contradiction", "unit-unknown", "catalog", "environment"),
)
COMPONENTS = ("matches", "rms", "jackknife", "clipped", "cross-match", "neighbours", "archive")

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _admit("alignment_solutions", "origin", "solutionorigin", (*ORIGINS, "headerlet"))
    _admit("activities", "kind", "activitykind", (*KINDS, "restoration"))
    _admit("findings", "kind", "findingkind", (*FINDINGS, "low-trust", "forced"))
    op.create_table(
        "trust_reasons",
        sa.Column("solution_id", Key, nullable=False),
        sa.Column(
            "component",
            sa.Enum(
                *COMPONENTS,
                name="trustcomponent",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("measured", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["solution_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_trust_reasons_solution_id_alignment_solutions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("solution_id", "component", name=op.f("pk_trust_reasons")),
    )


def downgrade() -> None:
    op.drop_table("trust_reasons")
    op.execute("DELETE FROM findings WHERE kind IN ('low-trust', 'forced')")
    _forget("alignment_solutions", "origin = 'headerlet'")
    # An older skydb knows no restoration; the solution that one wrote stays on record.
    op.execute("UPDATE activities SET kind = 'import' WHERE kind = 'restoration'")
    _admit("findings", "kind", "findingkind", FINDINGS)
    _admit("activities", "kind", "activitykind", KINDS)
    _admit("alignment_solutions", "origin", "solutionorigin", ORIGINS)


def _forget(table: str, condition: str) -> None:
    """Delete solutions with what points at them."""
    ids = f"(SELECT id FROM {table} WHERE {condition})"
    op.execute(f"DELETE FROM chip_solutions WHERE solution_id IN {ids}")
    for link in ("source_id", "superseded_by_id"):
        op.execute(f"UPDATE {table} SET {link} = NULL WHERE {link} IN {ids}")
    op.execute(f"DELETE FROM {table} WHERE {condition}")


def _admit(table: str, column: str, vocabulary: str, values: tuple[str, ...]) -> None:
    """Let a column be one of these values and nothing else."""
    name = op.f(f"ck_{table}_{vocabulary}")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        # The table is copied to change it; views that read it must not be looked into
        # while it is away.
        op.execute("PRAGMA legacy_alter_table = ON")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, sa.column(column).in_(values))
    if is_sqlite:
        op.execute("PRAGMA legacy_alter_table = OFF")
