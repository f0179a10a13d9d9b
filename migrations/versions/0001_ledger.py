"""The ledger: visits, exposures, versions, solutions, runs and what they noticed.

Revision ID: 0001
Revises: .
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("target_name", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("program", "number", name=op.f("uq_visits_program_number")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visits_proposal_id"), ["proposal_id"], unique=False)

    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ingest",
                "simulate",
                "download",
                "catalog",
                "alignment",
                "acceptance",
                "sky-run",
                "self-test",
                "import",
                name="activitykind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "running",
                "succeeded",
                "failed",
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
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("log_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=op.f("fk_activities_environment_id_environments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activities_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_activities_environment_id"), ["environment_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_activities_kind"), ["kind"], unique=False)

    op.create_table(
        "exposures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rootname", sa.String(length=9), nullable=False),
        sa.Column("instrument", sa.String(length=8), nullable=False),
        sa.Column("detector", sa.String(length=12), nullable=False),
        sa.Column("filters", sa.String(length=40), nullable=False),
        sa.Column("exptime_s", sa.Double(), nullable=False),
        sa.Column("expstart_mjd", sa.Double(), nullable=True),
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
    with op.batch_alter_table("exposures", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_exposures_expstart_mjd"), ["expstart_mjd"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_exposures_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "downgraded",
                "rejected-file",
                "fit-failed",
                "weak-fit",
                "shift-mismatch",
                "no-overlap",
                "islands",
                "missing-exposure",
                "contradiction",
                "unit-unknown",
                "catalog",
                "environment",
                name="findingkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
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
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_findings_activity_id"), ["activity_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_findings_kind"), ["kind"], unique=False)

    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "flt",
                "flc",
                "crj",
                "crc",
                "drz",
                "drc",
                "c0m",
                "cal",
                "mos",
                "sx2",
                "hlet",
                name="productkind",
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
        sa.UniqueConstraint("filename", name=op.f("uq_products_filename")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_exposure_id"), ["exposure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_products_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "reference_catalogs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "service",
            sa.Enum(
                "file",
                "gaia",
                "gsss",
                name="catalogservice",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "query", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Double(), nullable=False),
        sa.Column("epoch_asked", sa.Double(), nullable=True),
        sa.Column("has_proper_motions", sa.Boolean(), nullable=False),
        sa.Column("proper_motion_applied", sa.Boolean(), nullable=True),
        sa.Column("truncated", sa.Boolean(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("obtained_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_reference_catalogs_activity_id_activities"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_catalogs")),
        sa.UniqueConstraint("name", name=op.f("uq_reference_catalogs_name")),
    )
    with op.batch_alter_table("reference_catalogs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_catalogs_sha256"), ["sha256"], unique=False)

    op.create_table(
        "sky_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "engine",
            sa.Enum(
                "astrodrizzle",
                "skydb",
                name="engine",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "requested_method",
            sa.Enum(
                "localmin",
                "match",
                "globalmin+match",
                "globalmin",
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
                name="effective",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("downgraded", sa.Boolean(), nullable=True),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["sky_run_groups.id"], name=op.f("fk_sky_runs_group_id_sky_run_groups")
        ),
        sa.ForeignKeyConstraint(["id"], ["activities.id"], name=op.f("fk_sky_runs_id_activities")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sky_runs")),
    )
    with op.batch_alter_table("sky_runs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sky_runs_group_id_effective_method"),
            ["group_id", "effective_method"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_sky_runs_recipe_hash"), ["recipe_hash"], unique=False)

    op.create_table(
        "alignment_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "catalog_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
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
    with op.batch_alter_table("alignment_runs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alignment_runs_catalog_id"), ["catalog_id"], unique=False
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
    with op.batch_alter_table("product_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_members_rootname"), ["rootname"], unique=False)

    op.create_table(
        "product_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("is_managed", sa.Boolean(), nullable=False),
        sa.Column("cal_ver", sa.String(length=64), nullable=True),
        sa.Column("idctab", sa.String(length=64), nullable=True),
        sa.Column("tool_version", sa.String(length=64), nullable=True),
        sa.Column("date_written", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
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
    with op.batch_alter_table("product_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_versions_sha256"), ["sha256"], unique=False)

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
    with op.batch_alter_table("acceptances", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_acceptances_alignment_run_id"), ["alignment_run_id"], unique=False
        )

    op.create_table(
        "activity_generated",
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "role",
            sa.Enum(
                "science",
                "reference",
                "aligned",
                "mosaic",
                "ingested",
                name="linkrole",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
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
    with op.batch_alter_table("activity_generated", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_activity_generated_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "activity_used",
        sa.Column(
            "activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "role",
            sa.Enum(
                "science",
                "reference",
                "aligned",
                "mosaic",
                "ingested",
                name="linkrole",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
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
    with op.batch_alter_table("activity_used", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_activity_used_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "alignment_solutions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
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
            "origin",
            sa.Enum(
                "archive",
                "tweakreg",
                "tweakback",
                "restored",
                name="solutionorigin",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
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
        sa.Column("wcs_name", sa.String(length=80), nullable=False),
        sa.Column(
            "wcs_kind",
            sa.Enum(
                "pipeline",
                "distortion",
                "a-priori",
                "fit",
                "user",
                name="wcskind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("wcs_type", sa.String(length=120), nullable=True),
        sa.Column("hdr_name", sa.String(length=120), nullable=True),
        sa.Column("distortion", sa.String(length=40), nullable=True),
        sa.Column("fit_scope", sa.String(length=16), nullable=True),
        sa.Column("fit_catalog", sa.String(length=40), nullable=True),
        sa.Column("predicted_shift_mas", sa.Double(), nullable=True),
        sa.Column("realised_shift_mas", sa.Double(), nullable=True),
        sa.Column("residual_mas", sa.Double(), nullable=True),
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
    with op.batch_alter_table("alignment_solutions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_activity_id"), ["activity_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_applied_version_id"),
            ["applied_version_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_catalog_id"), ["catalog_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_fitted_at"), ["fitted_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_source_id"), ["source_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_superseded_by_id"),
            ["superseded_by_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_alignment_solutions_version_id_wcs_key"),
            ["version_id", "wcs_key"],
            unique=False,
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
    with op.batch_alter_table("downloads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_downloads_activity_id"), ["activity_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_downloads_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_downloads_uri"), ["uri"], unique=False)
        batch_op.create_index(batch_op.f("ix_downloads_version_id"), ["version_id"], unique=False)

    op.create_table(
        "sky_values",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "exposure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("extver", sa.Integer(), nullable=False),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("mdrizsky", sa.Double(), nullable=True),
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
    with op.batch_alter_table("sky_values", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sky_values_exposure_id"), ["exposure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_sky_values_version_id"), ["version_id"], unique=False)

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
    with op.batch_alter_table("chip_solutions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_chip_solutions_z_radius_deg"), ["z", "radius_deg"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("chip_solutions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_chip_solutions_z_radius_deg"))

    op.drop_table("chip_solutions")
    with op.batch_alter_table("sky_values", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sky_values_version_id"))
        batch_op.drop_index(batch_op.f("ix_sky_values_exposure_id"))

    op.drop_table("sky_values")
    with op.batch_alter_table("downloads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_downloads_version_id"))
        batch_op.drop_index(batch_op.f("ix_downloads_uri"))
        batch_op.drop_index(batch_op.f("ix_downloads_started_at"))
        batch_op.drop_index(batch_op.f("ix_downloads_activity_id"))

    op.drop_table("downloads")
    with op.batch_alter_table("alignment_solutions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_version_id_wcs_key"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_superseded_by_id"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_source_id"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_fitted_at"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_catalog_id"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_applied_version_id"))
        batch_op.drop_index(batch_op.f("ix_alignment_solutions_activity_id"))

    op.drop_table("alignment_solutions")
    with op.batch_alter_table("activity_used", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_used_version_id"))

    op.drop_table("activity_used")
    with op.batch_alter_table("activity_generated", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_generated_version_id"))

    op.drop_table("activity_generated")
    with op.batch_alter_table("acceptances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_acceptances_alignment_run_id"))

    op.drop_table("acceptances")
    with op.batch_alter_table("product_versions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_versions_sha256"))

    op.drop_table("product_versions")
    with op.batch_alter_table("product_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_members_rootname"))

    op.drop_table("product_members")
    op.drop_table("mosaics")
    with op.batch_alter_table("alignment_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alignment_runs_catalog_id"))

    op.drop_table("alignment_runs")
    with op.batch_alter_table("sky_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sky_runs_recipe_hash"))
        batch_op.drop_index(batch_op.f("ix_sky_runs_group_id_effective_method"))

    op.drop_table("sky_runs")
    with op.batch_alter_table("reference_catalogs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_catalogs_sha256"))

    op.drop_table("reference_catalogs")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_visit_id"))
        batch_op.drop_index(batch_op.f("ix_products_exposure_id"))

    op.drop_table("products")
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_findings_kind"))
        batch_op.drop_index(batch_op.f("ix_findings_activity_id"))

    op.drop_table("findings")
    with op.batch_alter_table("exposures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exposures_visit_id"))
        batch_op.drop_index(batch_op.f("ix_exposures_expstart_mjd"))

    op.drop_table("exposures")
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activities_kind"))
        batch_op.drop_index(batch_op.f("ix_activities_environment_id"))
        batch_op.drop_index(batch_op.f("ix_activities_created_at"))

    op.drop_table("activities")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visits_proposal_id"))

    op.drop_table("visits")
    op.drop_table("sky_run_groups")
    op.drop_table("environments")
