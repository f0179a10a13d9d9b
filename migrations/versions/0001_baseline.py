"""The ledger: its tables, and the rows that every ledger begins with.

Written by scripts/make-baseline; never changed once it is released.

Revision ID: 0001_baseline.
"""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_baseline"
down_revision = None
branch_labels = None
depends_on = None

SEEDS = Path(__file__).parents[1] / "seeds"


def upgrade() -> None:
    op.create_table(
        "bad_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("began_on", sa.String(length=10), nullable=False),
        sa.Column("ended_on", sa.String(length=10), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_deliveries")),
        sa.UniqueConstraint("name", name=op.f("uq_bad_deliveries_name")),
    )
    op.create_table(
        "environments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("python_version", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column(
            "packages", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "verdict",
            sa.Enum(
                "unchecked",
                "passed",
                "failed",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_environments_fingerprint")),
    )
    op.create_table(
        "passbands",
        sa.Column("instrument", sa.String(length=8), nullable=False),
        sa.Column("detector", sa.String(length=12), nullable=False),
        sa.Column("filter_name", sa.String(length=40), nullable=False),
        sa.Column("em_min_m", sa.Double(), nullable=False),
        sa.Column("em_max_m", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", "detector", "filter_name", name=op.f("pk_passbands")),
    )
    op.create_table(
        "presets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column(
            "options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_presets")),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("machine", sa.String(length=64), nullable=True),
        sa.Column("boot_id", sa.String(length=64), nullable=True),
        sa.Column("namespace", sa.String(length=64), nullable=True),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_s", sa.Double(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_table(
        "sky_run_groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sky_run_groups")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_sky_run_groups_fingerprint")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program", sa.String(length=3), nullable=False),
        sa.Column("number", sa.String(length=2), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("target_name", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("program", "number", name=op.f("uq_visits_program_number")),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "running",
                "succeeded",
                "failed",
                "interrupted",
                name="activitystatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("skydb_version", sa.String(length=32), nullable=False),
        sa.Column(
            "parameters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "environment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "process_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("tool_version", sa.String(length=64), nullable=True),
        sa.Column(
            "imported_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("log_path", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=op.f("fk_activities_environment_id_environments"),
        ),
        sa.ForeignKeyConstraint(
            ["imported_by_id"],
            ["activities.id"],
            name=op.f("fk_activities_imported_by_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["processes.id"], name=op.f("fk_activities_process_id_processes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_table(
        "exposures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rootname", sa.String(length=9), nullable=False),
        sa.Column("instrument", sa.String(length=8), nullable=False),
        sa.Column("known_from", sa.String(length=24), nullable=False),
        sa.Column("detector", sa.String(length=12), nullable=True),
        sa.Column("filters", sa.String(length=40), nullable=True),
        sa.Column("exptime_s", sa.Double(), nullable=True),
        sa.Column("expstart_mjd", sa.Double(), nullable=True),
        sa.Column("expend_mjd", sa.Double(), nullable=True),
        sa.Column("date_obs", sa.String(length=10), nullable=True),
        sa.Column("target_name", sa.String(length=64), nullable=True),
        sa.Column("ra_targ_deg", sa.Double(), nullable=True),
        sa.Column("dec_targ_deg", sa.Double(), nullable=True),
        sa.Column("pa_v3_deg", sa.Double(), nullable=True),
        sa.Column("aperture", sa.String(length=24), nullable=True),
        sa.Column("asn_id", sa.String(length=12), nullable=True),
        sa.Column("postarg1_arcsec", sa.Double(), nullable=True),
        sa.Column("postarg2_arcsec", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_exposures_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposures")),
        sa.UniqueConstraint("rootname", name=op.f("uq_exposures_rootname")),
    )
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_findings_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("identity", sa.String(length=255), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column(
            "flavour",
            sa.Enum(
                "pipeline",
                "svm",
                "mvm",
                "skydb",
                "user",
                name="flavour",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "exposure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposures.id"], name=op.f("fk_products_exposure_id_exposures")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_products_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("identity", name=op.f("uq_products_identity")),
    )
    op.create_table(
        "reference_catalogs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column(
            "query", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Double(), nullable=False),
        sa.Column("epoch_asked", sa.Double(), nullable=True),
        sa.Column("has_proper_motions", sa.Boolean(), nullable=False),
        sa.Column("proper_motion_applied", sa.Boolean(), nullable=True),
        sa.Column("truncated", sa.Boolean(), nullable=True),
        sa.Column("without_motion", sa.String(length=24), nullable=True),
        sa.Column("mag_min", sa.Double(), nullable=True),
        sa.Column("mag_max", sa.Double(), nullable=True),
        sa.Column("sources_without_motion", sa.Integer(), nullable=True),
        sa.Column("still_epoch", sa.Double(), nullable=True),
        sa.Column("motion_ra_mas_yr", sa.Double(), nullable=True),
        sa.Column("motion_dec_mas_yr", sa.Double(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("obtained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "superseded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_reference_catalogs_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["reference_catalogs.id"],
            name=op.f("fk_reference_catalogs_superseded_by_id_reference_catalogs"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_catalogs")),
        sa.UniqueConstraint("name", name=op.f("uq_reference_catalogs_name")),
    )
    op.create_table(
        "run_attempts",
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column(
            "process_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "running",
                "succeeded",
                "failed",
                "lost",
                "interrupted",
                name="attemptoutcome",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_run_attempts_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["processes.id"], name=op.f("fk_run_attempts_process_id_processes")
        ),
        sa.PrimaryKeyConstraint("activity_id", "number", name=op.f("pk_run_attempts")),
    )
    op.create_table(
        "self_test_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("check_name", sa.String(length=64), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "unchecked",
                "passed",
                "failed",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_self_test_checks_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_test_checks")),
    )
    op.create_table(
        "sky_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("engine", sa.String(length=24), nullable=False),
        sa.Column(
            "requested_method",
            sa.Enum(
                "localmin",
                "match",
                "globalmin+match",
                "globalmin",
                "user",
                "none",
                name="requested",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column(
            "effective_method",
            sa.Enum(
                "localmin",
                "match",
                "globalmin+match",
                "globalmin",
                "user",
                "none",
                name="effective",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("downgraded", sa.Boolean(), nullable=True),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "retention",
            sa.Enum(
                "normal",
                "pinned",
                "metrics-only",
                name="retention",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "replay_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "replay_verdict",
            sa.Enum(
                "identical",
                "incomplete",
                "within-tolerance",
                "different",
                name="replayverdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("masks_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["sky_run_groups.id"], name=op.f("fk_sky_runs_group_id_sky_run_groups")
        ),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_sky_runs_id_activities")),
        sa.ForeignKeyConstraint(
            ["replay_of_id"], ["sky_runs.id"], name=op.f("fk_sky_runs_replay_of_id_sky_runs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sky_runs")),
    )
    op.create_table(
        "visit_drizzles",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("filters", sa.String(length=40), nullable=False),
        sa.Column("detector", sa.String(length=12), nullable=False),
        sa.Column(
            "requested_method",
            sa.Enum(
                "localmin",
                "match",
                "globalmin+match",
                "globalmin",
                "user",
                "none",
                name="requested",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "effective_method",
            sa.Enum(
                "localmin",
                "match",
                "globalmin+match",
                "globalmin",
                "user",
                "none",
                name="effective",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "replay_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "replay_verdict",
            sa.Enum(
                "identical",
                "incomplete",
                "within-tolerance",
                "different",
                name="replayverdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["activities.id"], name=op.f("fk_visit_drizzles_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["replay_of_id"],
            ["visit_drizzles.id"],
            name=op.f("fk_visit_drizzles_replay_of_id_visit_drizzles"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_visit_drizzles_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_drizzles")),
    )
    op.create_table(
        "alignment_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "catalog_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reference", sa.String(length=255), nullable=True),
        sa.Column(
            "what",
            sa.Enum(
                "drizzled",
                "exposures",
                "group",
                name="alignmentroad",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("workspace", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["catalog_id"],
            ["reference_catalogs.id"],
            name=op.f("fk_alignment_runs_catalog_id_reference_catalogs"),
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["activities.id"], name=op.f("fk_alignment_runs_id_activities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alignment_runs")),
    )
    op.create_table(
        "mosaics",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("science_path", sa.Text(), nullable=False),
        sa.Column("weight_path", sa.Text(), nullable=False),
        sa.Column("science_sha256", sa.String(length=64), nullable=False),
        sa.Column("weight_sha256", sa.String(length=64), nullable=False),
        sa.Column("naxis1_pix", sa.Integer(), nullable=False),
        sa.Column("naxis2_pix", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sky_runs.id"], name=op.f("fk_mosaics_run_id_sky_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_mosaics")),
    )
    op.create_table(
        "product_members",
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rootname", sa.String(length=9), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_product_members_product_id_products"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("product_id", "rootname", name=op.f("pk_product_members")),
    )
    op.create_table(
        "product_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column(
            "derived_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("is_own_name", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("cal_ver", sa.String(length=64), nullable=True),
        sa.Column("opus_ver", sa.String(length=64), nullable=True),
        sa.Column("idctab", sa.String(length=64), nullable=True),
        sa.Column("idctab_date", sa.String(length=10), nullable=True),
        sa.Column("tool_version", sa.String(length=64), nullable=True),
        sa.Column("date_written", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dq_sha256", sa.String(length=64), nullable=True),
        sa.Column("is_annotated", sa.Boolean(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=True),
        sa.Column("expflag", sa.String(length=32), nullable=True),
        sa.Column("fgslock", sa.String(length=32), nullable=True),
        sa.Column("guideact", sa.String(length=32), nullable=True),
        sa.Column("mtflag", sa.String(length=8), nullable=True),
        sa.Column("scan_typ", sa.String(length=8), nullable=True),
        sa.Column("ngoodpix", sa.BigInteger(), nullable=True),
        sa.Column("exptime_s", sa.Double(), nullable=True),
        sa.Column("gain", sa.Double(), nullable=True),
        sa.Column("bunit", sa.String(length=32), nullable=True),
        sa.Column("orientat_deg", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["derived_from_id"],
            ["product_versions.id"],
            name=op.f("fk_product_versions_derived_from_id_product_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_versions_product_id_products")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_versions")),
        sa.UniqueConstraint(
            "product_id", "number", name=op.f("uq_product_versions_product_id_number")
        ),
        sa.UniqueConstraint(
            "product_id", "sha256", name=op.f("uq_product_versions_product_id_sha256")
        ),
    )
    op.create_table(
        "acceptances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "alignment_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["alignment_run_id"],
            ["alignment_runs.id"],
            name=op.f("fk_acceptances_alignment_run_id_alignment_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["activities.id"], name=op.f("fk_acceptances_id_activities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptances")),
    )
    op.create_table(
        "activity_generated",
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_activity_generated_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_activity_generated_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("activity_id", "version_id", name=op.f("pk_activity_generated")),
    )
    op.create_table(
        "activity_used",
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("passed_over", sa.Text(), nullable=True),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_activity_used_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_activity_used_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("activity_id", "version_id", name=op.f("pk_activity_used")),
    )
    op.create_table(
        "alignment_solutions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "catalog_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "applied_version_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "superseded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "repeats_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("origin", sa.String(length=24), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "recorded",
                "proposed",
                "applied",
                "rejected",
                "failed",
                name="solutionstatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("wcs_key", sa.String(length=1), nullable=True),
        sa.Column("group_name", sa.String(length=80), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nmatches", sa.Integer(), nullable=True),
        sa.Column("rms_ra_mas", sa.Double(), nullable=True),
        sa.Column("rms_dec_mas", sa.Double(), nullable=True),
        sa.Column("fit_geometry", sa.String(length=16), nullable=True),
        sa.Column("dx_pix", sa.Double(), nullable=True),
        sa.Column("dy_pix", sa.Double(), nullable=True),
        sa.Column("rotation_deg", sa.Double(), nullable=True),
        sa.Column("scale", sa.Double(), nullable=True),
        sa.Column("x_rms_pix", sa.Double(), nullable=True),
        sa.Column("y_rms_pix", sa.Double(), nullable=True),
        sa.Column("trust", sa.Double(), nullable=True),
        sa.Column("wcs_name", sa.String(length=80), nullable=False),
        sa.Column("wcs_kind", sa.String(length=24), nullable=False),
        sa.Column("wcs_type", sa.String(length=120), nullable=True),
        sa.Column("hdr_name", sa.String(length=120), nullable=True),
        sa.Column("distortion", sa.String(length=40), nullable=True),
        sa.Column("fit_scope", sa.String(length=16), nullable=True),
        sa.Column("fit_catalog", sa.String(length=40), nullable=True),
        sa.Column("predicted_shift_mas", sa.Double(), nullable=True),
        sa.Column("realised_shift_mas", sa.Double(), nullable=True),
        sa.Column("residual_mas", sa.Double(), nullable=True),
        sa.Column(
            "read_from", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_alignment_solutions_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["applied_version_id"],
            ["product_versions.id"],
            name=op.f("fk_alignment_solutions_applied_version_id_product_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["catalog_id"],
            ["reference_catalogs.id"],
            name=op.f("fk_alignment_solutions_catalog_id_reference_catalogs"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_alignment_solutions_product_id_products")
        ),
        sa.ForeignKeyConstraint(
            ["repeats_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_alignment_solutions_repeats_id_alignment_solutions"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_alignment_solutions_source_id_alignment_solutions"),
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_alignment_solutions_superseded_by_id_alignment_solutions"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_alignment_solutions_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alignment_solutions")),
    )
    op.create_table(
        "chip_levels",
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("level", sa.Double(), nullable=True),
        sa.Column("level_sigma", sa.Double(), nullable=True),
        sa.Column("pixels", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=24), nullable=True),
        sa.Column("brightness_per_unit", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("mean_sigma", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_chip_levels_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_chip_levels_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("version_id", "extver", "recipe", name=op.f("pk_chip_levels")),
    )
    op.create_table(
        "downloads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "complete",
                "cached",
                "failed",
                "corrupt",
                name="downloadstatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("expected_bytes", sa.BigInteger(), nullable=True),
        sa.Column("received_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(length=255), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_downloads_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_downloads_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
    )
    op.create_table(
        "file_locations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("is_managed", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_file_locations_version_id_product_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_locations")),
        sa.UniqueConstraint("path", name=op.f("uq_file_locations_path")),
    )
    op.create_table(
        "header_backups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_before_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "version_after_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column(
            "headers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "restored_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_header_backups_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["restored_by_id"],
            ["activities.id"],
            name=op.f("fk_header_backups_restored_by_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["version_after_id"],
            ["product_versions.id"],
            name=op.f("fk_header_backups_version_after_id_product_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["version_before_id"],
            ["product_versions.id"],
            name=op.f("fk_header_backups_version_before_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_header_backups")),
    )
    op.create_table(
        "input_proofs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("tool", sa.String(length=24), nullable=False),
        sa.Column("sha256_before", sa.String(length=64), nullable=False),
        sa.Column("sha256_after", sa.String(length=64), nullable=True),
        sa.Column("is_untouched", sa.Boolean(), nullable=False),
        sa.Column("cards_added", sa.Integer(), nullable=False),
        sa.Column("cards_removed", sa.Integer(), nullable=False),
        sa.Column("cards_changed", sa.Integer(), nullable=False),
        sa.Column("pixels_changed", sa.Boolean(), nullable=False),
        sa.Column(
            "changes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_input_proofs_activity_id_activities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_input_proofs_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_input_proofs")),
    )
    op.create_table(
        "sky_overlaps",
        sa.Column(
            "version_a_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver_a", sa.Integer(), nullable=False),
        sa.Column(
            "version_b_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver_b", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(length=64), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("area_arcsec2", sa.Double(), nullable=False),
        sa.Column("pixels_a", sa.Integer(), nullable=False),
        sa.Column("pixels_b", sa.Integer(), nullable=False),
        sa.Column("level_a", sa.Double(), nullable=True),
        sa.Column("level_b", sa.Double(), nullable=True),
        sa.Column("level_a_sigma", sa.Double(), nullable=True),
        sa.Column("level_b_sigma", sa.Double(), nullable=True),
        sa.Column("noise_a", sa.Double(), nullable=True),
        sa.Column("noise_b", sa.Double(), nullable=True),
        sa.Column("slope_a", sa.Double(), nullable=True),
        sa.Column("slope_b", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_sky_overlaps_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["version_a_id"],
            ["product_versions.id"],
            name=op.f("fk_sky_overlaps_version_a_id_product_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["version_b_id"],
            ["product_versions.id"],
            name=op.f("fk_sky_overlaps_version_b_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint(
            "version_a_id",
            "extver_a",
            "version_b_id",
            "extver_b",
            "recipe",
            name=op.f("pk_sky_overlaps"),
        ),
    )
    op.create_table(
        "sky_values",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "exposure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver", sa.Integer(), nullable=False),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("mdrizsky", sa.Double(), nullable=True),
        sa.Column("mdrizsky_sigma", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(length=24), nullable=True),
        sa.Column("log_line", sa.Integer(), nullable=True),
        sa.Column("cr_masked_pix", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposures.id"], name=op.f("fk_sky_values_exposure_id_exposures")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["sky_runs.id"],
            name=op.f("fk_sky_values_run_id_sky_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["product_versions.id"],
            name=op.f("fk_sky_values_version_id_product_versions"),
        ),
        sa.PrimaryKeyConstraint("run_id", "exposure_id", "extver", name=op.f("pk_sky_values")),
    )
    op.create_table(
        "book_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=True),
        sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "exposure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "solution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_book_entries_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposures.id"], name=op.f("fk_book_entries_exposure_id_exposures")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_book_entries_product_id_products")
        ),
        sa.ForeignKeyConstraint(
            ["solution_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_book_entries_solution_id_alignment_solutions"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_book_entries_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_entries")),
    )
    op.create_table(
        "chip_solutions",
        sa.Column(
            "solution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver", sa.Integer(), nullable=False),
        sa.Column("ccdchip", sa.Integer(), nullable=True),
        sa.Column("naxis1_pix", sa.Integer(), nullable=False),
        sa.Column("naxis2_pix", sa.Integer(), nullable=False),
        sa.Column("crpix1_pix", sa.Double(), nullable=False),
        sa.Column("crpix2_pix", sa.Double(), nullable=False),
        sa.Column("crval1_deg", sa.Double(), nullable=False),
        sa.Column("crval2_deg", sa.Double(), nullable=False),
        sa.Column("cd1_1_deg", sa.Double(), nullable=False),
        sa.Column("cd1_2_deg", sa.Double(), nullable=False),
        sa.Column("cd2_1_deg", sa.Double(), nullable=False),
        sa.Column("cd2_2_deg", sa.Double(), nullable=False),
        sa.Column("orientat_deg", sa.Double(), nullable=False),
        sa.Column("s_region", sa.Text(), nullable=True),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("z", sa.Double(), nullable=True),
        sa.Column("radius_deg", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["solution_id"],
            ["alignment_solutions.id"],
            name=op.f("fk_chip_solutions_solution_id_alignment_solutions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("solution_id", "extver", name=op.f("pk_chip_solutions")),
    )
    op.create_table(
        "trust_reasons",
        sa.Column(
            "solution_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("component", sa.String(length=24), nullable=False),
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
    op.create_index(op.f("ix_processes_pid_host"), "processes", ["pid", "host"], unique=False)
    op.create_index(op.f("ix_visits_proposal_id"), "visits", ["proposal_id"], unique=False)
    op.create_index(op.f("ix_activities_created_at"), "activities", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_activities_environment_id"), "activities", ["environment_id"], unique=False
    )
    op.create_index(
        op.f("ix_activities_imported_by_id"),
        "activities",
        ["imported_by_id"],
        unique=False,
        sqlite_where=sa.text("imported_by_id IS NOT NULL"),
        postgresql_where=sa.text("imported_by_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_activities_kind"), "activities", ["kind"], unique=False)
    op.create_index(
        op.f("ix_activities_status"),
        "activities",
        ["status"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'running')"),
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(op.f("ix_exposures_expstart_mjd"), "exposures", ["expstart_mjd"], unique=False)
    op.create_index(op.f("ix_exposures_filters"), "exposures", ["filters"], unique=False)
    op.create_index(op.f("ix_exposures_target_name"), "exposures", ["target_name"], unique=False)
    op.create_index(op.f("ix_exposures_visit_id"), "exposures", ["visit_id"], unique=False)
    op.create_index(op.f("ix_findings_activity_id"), "findings", ["activity_id"], unique=False)
    op.create_index(op.f("ix_findings_kind"), "findings", ["kind"], unique=False)
    op.create_index(op.f("ix_products_exposure_id"), "products", ["exposure_id"], unique=False)
    op.create_index(op.f("ix_products_filename"), "products", ["filename"], unique=False)
    op.create_index(op.f("ix_products_kind_flavour"), "products", ["kind", "flavour"], unique=False)
    op.create_index(op.f("ix_products_visit_id"), "products", ["visit_id"], unique=False)
    op.create_index(
        op.f("ix_reference_catalogs_sha256"), "reference_catalogs", ["sha256"], unique=False
    )
    op.create_index(
        op.f("ix_self_test_checks_activity_id"), "self_test_checks", ["activity_id"], unique=False
    )
    op.create_index(
        op.f("ix_sky_runs_downgraded"),
        "sky_runs",
        ["downgraded"],
        unique=False,
        sqlite_where=sa.text("downgraded"),
        postgresql_where=sa.text("downgraded"),
    )
    op.create_index(
        op.f("ix_sky_runs_group_id_effective_method"),
        "sky_runs",
        ["group_id", "effective_method"],
        unique=False,
    )
    op.create_index(op.f("ix_sky_runs_recipe_hash"), "sky_runs", ["recipe_hash"], unique=False)
    op.create_index(
        op.f("ix_sky_runs_replay_of_id"),
        "sky_runs",
        ["replay_of_id"],
        unique=False,
        sqlite_where=sa.text("replay_of_id IS NOT NULL"),
        postgresql_where=sa.text("replay_of_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_visit_drizzles_recipe_hash"), "visit_drizzles", ["recipe_hash"], unique=False
    )
    op.create_index(
        op.f("ix_visit_drizzles_replay_of_id"),
        "visit_drizzles",
        ["replay_of_id"],
        unique=False,
        sqlite_where=sa.text("replay_of_id IS NOT NULL"),
        postgresql_where=sa.text("replay_of_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_visit_drizzles_visit_id"), "visit_drizzles", ["visit_id"], unique=False
    )
    op.create_index(
        op.f("ix_alignment_runs_catalog_id"), "alignment_runs", ["catalog_id"], unique=False
    )
    op.create_index(
        op.f("ix_product_members_rootname"), "product_members", ["rootname"], unique=False
    )
    op.create_index(
        op.f("ix_product_versions_derived_from_id"),
        "product_versions",
        ["derived_from_id"],
        unique=False,
        sqlite_where=sa.text("derived_from_id IS NOT NULL"),
        postgresql_where=sa.text("derived_from_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_product_versions_idctab_date_written"),
        "product_versions",
        ["idctab", "date_written"],
        unique=False,
    )
    op.create_index(
        op.f("ix_product_versions_product_id_place"),
        "product_versions",
        ["product_id", "place"],
        unique=False,
    )
    op.create_index(
        op.f("ix_product_versions_sha256"), "product_versions", ["sha256"], unique=False
    )
    op.create_index(
        op.f("ix_acceptances_alignment_run_id"), "acceptances", ["alignment_run_id"], unique=False
    )
    op.create_index(
        op.f("ix_activity_generated_version_id"), "activity_generated", ["version_id"], unique=False
    )
    op.create_index(
        op.f("ix_activity_used_version_id"), "activity_used", ["version_id"], unique=False
    )
    op.create_index(
        op.f("ix_alignment_solutions_activity_id"),
        "alignment_solutions",
        ["activity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alignment_solutions_applied_version_id"),
        "alignment_solutions",
        ["applied_version_id"],
        unique=False,
        sqlite_where=sa.text("applied_version_id IS NOT NULL"),
        postgresql_where=sa.text("applied_version_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_alignment_solutions_catalog_id"),
        "alignment_solutions",
        ["catalog_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alignment_solutions_fitted_at"), "alignment_solutions", ["fitted_at"], unique=False
    )
    op.create_index(
        op.f("ix_alignment_solutions_product_id"),
        "alignment_solutions",
        ["product_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alignment_solutions_repeats_id"),
        "alignment_solutions",
        ["repeats_id"],
        unique=False,
        sqlite_where=sa.text("repeats_id IS NOT NULL"),
        postgresql_where=sa.text("repeats_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_alignment_solutions_source_id"),
        "alignment_solutions",
        ["source_id"],
        unique=False,
        sqlite_where=sa.text("source_id IS NOT NULL"),
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_alignment_solutions_superseded_by_id"),
        "alignment_solutions",
        ["superseded_by_id"],
        unique=False,
        sqlite_where=sa.text("superseded_by_id IS NOT NULL"),
        postgresql_where=sa.text("superseded_by_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_alignment_solutions_version_id_wcs_key"),
        "alignment_solutions",
        ["version_id", "wcs_key"],
        unique=False,
    )
    op.create_index(
        op.f("ix_chip_levels_activity_id"), "chip_levels", ["activity_id"], unique=False
    )
    op.create_index(op.f("ix_downloads_activity_id"), "downloads", ["activity_id"], unique=False)
    op.create_index(op.f("ix_downloads_started_at"), "downloads", ["started_at"], unique=False)
    op.create_index(op.f("ix_downloads_uri"), "downloads", ["uri"], unique=False)
    op.create_index(op.f("ix_downloads_version_id"), "downloads", ["version_id"], unique=False)
    op.create_index(
        op.f("ix_file_locations_version_id"), "file_locations", ["version_id"], unique=False
    )
    op.create_index(
        op.f("ix_header_backups_activity_id"), "header_backups", ["activity_id"], unique=False
    )
    op.create_index(
        op.f("ix_header_backups_restored_by_id"), "header_backups", ["restored_by_id"], unique=False
    )
    op.create_index(
        op.f("ix_header_backups_version_after_id"),
        "header_backups",
        ["version_after_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_header_backups_version_before_id"),
        "header_backups",
        ["version_before_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_input_proofs_activity_id"), "input_proofs", ["activity_id"], unique=False
    )
    op.create_index(
        op.f("ix_input_proofs_version_id"), "input_proofs", ["version_id"], unique=False
    )
    op.create_index(
        op.f("ix_sky_overlaps_activity_id"), "sky_overlaps", ["activity_id"], unique=False
    )
    op.create_index(
        op.f("ix_sky_overlaps_version_b_id"), "sky_overlaps", ["version_b_id"], unique=False
    )
    op.create_index(
        op.f("ix_sky_values_exposure_id_run_id"),
        "sky_values",
        ["exposure_id", "run_id"],
        unique=False,
    )
    op.create_index(op.f("ix_sky_values_version_id"), "sky_values", ["version_id"], unique=False)
    op.create_index(
        op.f("ix_book_entries_activity_id"), "book_entries", ["activity_id"], unique=False
    )
    op.create_index(
        op.f("ix_book_entries_exposure_id"), "book_entries", ["exposure_id"], unique=False
    )
    op.create_index(op.f("ix_book_entries_label"), "book_entries", ["label"], unique=False)
    op.create_index(
        op.f("ix_book_entries_product_id"), "book_entries", ["product_id"], unique=False
    )
    op.create_index(
        op.f("ix_book_entries_solution_id"), "book_entries", ["solution_id"], unique=False
    )
    op.create_index(op.f("ix_book_entries_visit_id"), "book_entries", ["visit_id"], unique=False)
    op.create_index(
        op.f("ix_chip_solutions_radius_deg"),
        "chip_solutions",
        ["radius_deg"],
        unique=False,
        sqlite_where=sa.text("radius_deg > 0.05"),
        postgresql_where=sa.text("radius_deg > 0.05"),
    )
    op.create_index(
        op.f("ix_chip_solutions_z_radius_deg"), "chip_solutions", ["z", "radius_deg"], unique=False
    )
    for name in (
        "bad_deliveries",
        "passbands",
    ):
        _seed(name)


def downgrade() -> None:
    op.drop_table("trust_reasons")
    op.drop_table("chip_solutions")
    op.drop_table("book_entries")
    op.drop_table("sky_values")
    op.drop_table("sky_overlaps")
    op.drop_table("input_proofs")
    op.drop_table("header_backups")
    op.drop_table("file_locations")
    op.drop_table("downloads")
    op.drop_table("chip_levels")
    op.drop_table("alignment_solutions")
    op.drop_table("activity_used")
    op.drop_table("activity_generated")
    op.drop_table("acceptances")
    op.drop_table("product_versions")
    op.drop_table("product_members")
    op.drop_table("mosaics")
    op.drop_table("alignment_runs")
    op.drop_table("visit_drizzles")
    op.drop_table("sky_runs")
    op.drop_table("self_test_checks")
    op.drop_table("run_attempts")
    op.drop_table("reference_catalogs")
    op.drop_table("products")
    op.drop_table("findings")
    op.drop_table("exposures")
    op.drop_table("activities")
    op.drop_table("visits")
    op.drop_table("sky_run_groups")
    op.drop_table("processes")
    op.drop_table("presets")
    op.drop_table("passbands")
    op.drop_table("environments")
    op.drop_table("bad_deliveries")


def _seed(name: str) -> None:
    table = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
    with (SEEDS / f"0001_{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {key: table.c[key].type.python_type(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]
    op.bulk_insert(table, rows)
