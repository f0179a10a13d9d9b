"""The overlap ledger: levels of chips and of the sky that two exposures share.

Revision ID: 0003
Revises: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = (
    *("ingest", "simulate", "download", "catalog", "alignment", "acceptance", "sky-run"),
    *("self-test", "import"),
)
NEW_KIND = "overlap"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _admit((*KINDS, NEW_KIND))
    op.create_table(
        "chip_levels",
        sa.Column("version_id", Key, nullable=False),
        sa.Column("extver", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("level", sa.Double(), nullable=True),
        sa.Column("level_sigma", sa.Double(), nullable=True),
        sa.Column("pixels", sa.Integer(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "electron/s",
                "electron",
                "count/s",
                "count",
                name="skyunit",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("brightness_per_unit", sa.Double(), nullable=False),
        _version("version_id", "chip_levels"),
        _activity("chip_levels"),
        sa.PrimaryKeyConstraint("version_id", "extver", "recipe", name=op.f("pk_chip_levels")),
    )
    op.create_index(op.f("ix_chip_levels_activity_id"), "chip_levels", ["activity_id"])
    op.create_table(
        "sky_overlaps",
        sa.Column("version_a_id", Key, nullable=False),
        sa.Column("extver_a", sa.Integer(), nullable=False),
        sa.Column("version_b_id", Key, nullable=False),
        sa.Column("extver_b", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("area_arcsec2", sa.Double(), nullable=False),
        sa.Column("pixels_a", sa.Integer(), nullable=False),
        sa.Column("pixels_b", sa.Integer(), nullable=False),
        sa.Column("level_a", sa.Double(), nullable=True),
        sa.Column("level_b", sa.Double(), nullable=True),
        sa.Column("level_a_sigma", sa.Double(), nullable=True),
        sa.Column("level_b_sigma", sa.Double(), nullable=True),
        _version("version_a_id", "sky_overlaps"),
        _version("version_b_id", "sky_overlaps"),
        _activity("sky_overlaps"),
        sa.PrimaryKeyConstraint(
            *("version_a_id", "extver_a", "version_b_id", "extver_b", "recipe"),
            name=op.f("pk_sky_overlaps"),
        ),
    )
    op.create_index(op.f("ix_sky_overlaps_activity_id"), "sky_overlaps", ["activity_id"])
    op.create_index(op.f("ix_sky_overlaps_version_b_id"), "sky_overlaps", ["version_b_id"])


def downgrade() -> None:
    op.drop_table("sky_overlaps")
    op.drop_table("chip_levels")
    # Foreign keys are off on SQLite, so nothing follows an activity by itself.
    for child in ("activity_used", "activity_generated", "findings"):
        op.execute(
            f"DELETE FROM {child} WHERE activity_id IN"
            " (SELECT id FROM activities WHERE kind = 'overlap')"
        )
    op.execute("DELETE FROM activities WHERE kind = 'overlap'")
    _admit(KINDS)


def _version(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_product_versions")
    return sa.ForeignKeyConstraint([column], ["product_versions.id"], name=name)


def _activity(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_activity_id_activities")
    return sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=name)


def _admit(kinds: tuple[str, ...]) -> None:
    """Let the kind of an activity be one of these and nothing else."""
    name = op.f("ck_activities_activitykind")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        # The table is copied to change it; views that read it must not be looked into
        # while it is away.
        op.execute("PRAGMA legacy_alter_table = ON")
    with op.batch_alter_table("activities") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, sa.column("kind").in_(kinds))
    if is_sqlite:
        op.execute("PRAGMA legacy_alter_table = OFF")
