"""Answers of self-tests, proofs of what tools did to their inputs, backups of headers.

Revision ID: 0006
Revises: 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = (
    *("ingest", "simulate", "download", "catalog", "alignment", "acceptance", "sky-run"),
    *("self-test", "import", "overlap", "restoration"),
)
NEW_KINDS = ("header-write", "header-restore")
FINDINGS = (
    *("downgraded", "rejected-file", "fit-failed", "weak-fit", "shift-mismatch", "no-overlap"),
    *("islands", "missing-exposure", "contradiction", "unit-unknown", "catalog", "environment"),
    *("low-trust", "forced"),
)
NEW_FINDING = "input-changed"

#: The view of 0002 with the verdict on the environment of the run added at its end.
SKY_VALUES = """
        SELECT sv.run_id, a.started_at, e.rootname, sv.extver,
               r.requested_method, r.effective_method, r.downgraded,
               sv.mdrizsky, sv.unit, (r.effective_method = 'match') AS is_relative,
               v.proposal_id, v.program, v.number AS visit, e.filters AS filter, e.instrument,
               e.detector, r.engine, r.group_id, e.expstart_mjd, pv.sha256 AS input_sha256{more}
          FROM sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
          JOIN product_versions pv ON pv.id = sv.version_id{join}
"""
VERDICT = ", env.verdict AS environment_verdict"
JOIN = "\n          LEFT JOIN environments env ON env.id = a.environment_id"

INPUT_PROOFS = """
        SELECT i.activity_id, a.kind AS activity_kind, i.tool, p.filename AS product,
               pv.number AS version, e.rootname, pv.path, i.sha256_before, i.sha256_after,
               i.is_untouched, i.cards_added, i.cards_removed, i.cards_changed,
               i.pixels_changed, i.changes
          FROM input_proofs i
          JOIN activities a ON a.id = i.activity_id
          JOIN product_versions pv ON pv.id = i.version_id
          JOIN products p ON p.id = pv.product_id
          LEFT JOIN exposures e ON e.id = p.exposure_id
"""

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _admit("activities", "kind", "activitykind", (*KINDS, *NEW_KINDS))
    _admit("findings", "kind", "findingkind", (*FINDINGS, NEW_FINDING))
    _create_self_test_checks()
    _create_input_proofs()
    _create_header_backups()
    _replace_view("v_sky_values", SKY_VALUES.format(more=VERDICT, join=JOIN))
    op.execute(f"CREATE VIEW v_input_proofs AS {INPUT_PROOFS}")


def downgrade() -> None:
    op.execute("DROP VIEW v_input_proofs")
    _replace_view("v_sky_values", SKY_VALUES.format(more="", join=""))
    for table in ("header_backups", "input_proofs", "self_test_checks"):
        op.drop_table(table)
    # Foreign keys are off on SQLite, so nothing follows an activity by itself.
    kinds = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
    for child in ("activity_used", "activity_generated", "findings"):
        op.execute(
            f"DELETE FROM {child} WHERE activity_id IN"
            f" (SELECT id FROM activities WHERE kind IN ({kinds}))"
        )
    op.execute(f"DELETE FROM activities WHERE kind IN ({kinds})")
    op.execute(f"DELETE FROM findings WHERE kind = '{NEW_FINDING}'")
    _admit("findings", "kind", "findingkind", FINDINGS)
    _admit("activities", "kind", "activitykind", KINDS)


def _create_self_test_checks() -> None:
    verdict = sa.Enum(
        *("unchecked", "passed", "failed"),
        name="verdict",
        native_enum=False,
        create_constraint=True,
        length=24,
    )
    op.create_table(
        "self_test_checks",
        sa.Column("id", Key, nullable=False),
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("check_name", sa.String(length=64), nullable=False),
        sa.Column("verdict", verdict, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        _refers("self_test_checks", "activity_id", "activities", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_test_checks")),
    )
    _index("self_test_checks", "activity_id")


def _create_input_proofs() -> None:
    op.create_table(
        "input_proofs",
        sa.Column("id", Key, nullable=False),
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("version_id", Key, nullable=False),
        sa.Column("tool", sa.String(length=24), nullable=False),
        sa.Column("sha256_before", sa.String(length=64), nullable=False),
        sa.Column("sha256_after", sa.String(length=64), nullable=True),
        sa.Column("is_untouched", sa.Boolean(), nullable=False),
        sa.Column("cards_added", sa.Integer(), nullable=False),
        sa.Column("cards_removed", sa.Integer(), nullable=False),
        sa.Column("cards_changed", sa.Integer(), nullable=False),
        sa.Column("pixels_changed", sa.Boolean(), nullable=False),
        sa.Column("changes", Document, nullable=False),
        _refers("input_proofs", "activity_id", "activities", ondelete="CASCADE"),
        _refers("input_proofs", "version_id", "product_versions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_input_proofs")),
    )
    _index("input_proofs", "activity_id")
    _index("input_proofs", "version_id")


def _create_header_backups() -> None:
    op.create_table(
        "header_backups",
        sa.Column("id", Key, nullable=False),
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("version_before_id", Key, nullable=False),
        sa.Column("version_after_id", Key, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("restored_by_id", Key, nullable=True),
        _refers("header_backups", "activity_id", "activities", ondelete="CASCADE"),
        _refers("header_backups", "version_before_id", "product_versions"),
        _refers("header_backups", "version_after_id", "product_versions"),
        _refers("header_backups", "restored_by_id", "activities"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_header_backups")),
    )
    for column in ("activity_id", "version_before_id", "version_after_id", "restored_by_id"):
        _index("header_backups", column)


def _refers(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, **options)


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _replace_view(name: str, select: str) -> None:
    op.execute(f"DROP VIEW {name}")
    op.execute(f"CREATE VIEW {name} AS {select}")


def _admit(table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    """Let a column be one of these values and nothing else."""
    name = op.f(f"ck_{table}_{enum}")
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
