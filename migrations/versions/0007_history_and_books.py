"""Runs known from logs only, the survey's books, attempts of workers.

Revision ID: 0007
Revises: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FINDINGS = (
    *("downgraded", "rejected-file", "fit-failed", "weak-fit", "shift-mismatch", "no-overlap"),
    *("islands", "missing-exposure", "contradiction", "unit-unknown", "catalog", "environment"),
    *("low-trust", "forced", "input-changed"),
)
NEW_FINDINGS = ("unreadable-line", "fallback", "worker-lost")
ENTRIES = ("note", "flag", "pin", "unpin", "metrics-only", "purge", "delete", "undelete")
OUTCOMES = ("running", "succeeded", "failed", "lost")
VERDICTS = ("identical", "within-tolerance", "different")

#: Days in which MAST served wrong astrometric solutions (MAST news of February 2020).
BAD_DELIVERY = {
    "name": "mast-astrometry-2020",
    "began_on": "2019-12-01",
    "ended_on": "2020-02-29",
    "what": "A corrupt batch of astrometric solutions was served by MAST from December 2019 "
    "to February 2020.",
    "author": "skydb",
}

SKY_VALUES = """
        SELECT sv.run_id, a.started_at, e.rootname, sv.extver,
               r.requested_method, r.effective_method, r.downgraded,
               sv.mdrizsky, sv.unit, (r.effective_method = 'match') AS is_relative,
               v.proposal_id, v.program, v.number AS visit, e.filters AS filter, e.instrument,
               e.detector, r.engine, r.group_id, e.expstart_mjd, pv.sha256 AS input_sha256,
               env.verdict AS environment_verdict{more}
          FROM sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
          {outer}JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
"""
MORE_SKY_VALUES = """,
               a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported, r.retention,
               pv.cal_ver, pv.idctab, pv.number AS version"""

SKY_COMPARISON = """
        WITH latest AS (
            SELECT r.group_id, r.effective_method, MAX(r.id) AS run_id
              FROM sky_runs r JOIN activities a ON a.id = r.id
             WHERE a.status = 'succeeded'{kept}
             GROUP BY r.group_id, r.effective_method
        )
        SELECT l.group_id, e.rootname, sv.extver,
               MAX(CASE WHEN l.effective_method = 'localmin' THEN sv.mdrizsky END) AS localmin,
               MAX(CASE WHEN l.effective_method = 'match' THEN sv.mdrizsky END) AS match,
               MAX(CASE WHEN l.effective_method = 'globalmin+match' THEN sv.mdrizsky END)
                   AS globalmin_match,
               MAX(CASE WHEN l.effective_method = 'globalmin' THEN sv.mdrizsky END) AS globalmin,
               MAX(sv.unit) AS unit, v.proposal_id, v.program, v.number AS visit,
               e.filters AS filter, e.detector
          FROM latest l
          JOIN sky_values sv ON sv.run_id = l.run_id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
         GROUP BY l.group_id, e.rootname, sv.extver, v.proposal_id, v.program, v.number,
                  e.filters, e.detector
"""

ALIGNMENT_HISTORY = """
        SELECT s.id, e.rootname, p.filename AS product,
               COALESCE(stands.number, pv.number) AS version,
               s.wcs_key, s.wcs_name, s.wcs_type, s.origin, s.status, s.reason,
               {refcat} AS refcat, s.nmatches, s.rms_ra_mas, s.rms_dec_mas, s.fit_geometry,
               s.dx_pix, s.dy_pix, s.rotation_deg, s.scale, s.x_rms_pix, s.y_rms_pix, s.trust,
               s.predicted_shift_mas, s.realised_shift_mas, s.residual_mas,
               s.recorded_at, s.fitted_at, s.applied_at, s.superseded_by_id AS superseded_by,
               s.source_id, s.activity_id, pv.idctab, pv.cal_ver,
               COALESCE(stands.sha256, pv.sha256) AS sha256, pv.number AS fitted_on{more}
          FROM alignment_solutions s
          {joins}
          LEFT JOIN product_versions stands ON stands.id = s.applied_version_id
          LEFT JOIN exposures e ON e.id = p.exposure_id
          LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
"""
OLD_HISTORY = {
    "refcat": "c.name",
    "more": "",
    "joins": "JOIN product_versions pv ON pv.id = s.version_id\n"
    "          JOIN products p ON p.id = pv.product_id",
}
NEW_HISTORY = {
    "refcat": "COALESCE(c.name, ar.reference)",
    "more": ",\n               a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported",
    "joins": "JOIN products p ON p.id = s.product_id\n"
    "          JOIN activities a ON a.id = s.activity_id\n"
    "          LEFT JOIN alignment_runs ar ON ar.id = s.activity_id\n"
    "          LEFT JOIN product_versions pv ON pv.id = s.version_id",
}

ALIGNMENT_CURRENT = """
        SELECT h.*
          FROM v_alignment_history h
         WHERE h.superseded_by IS NULL{held}
           AND (h.status = 'applied' OR (h.status = 'recorded' AND h.wcs_key = ' '))
"""

VISIT_STATUS = """
        SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit, v.target_name,
               COUNT(e.id) AS exposures,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM downloads d
                     JOIN product_versions pv ON pv.id = d.version_id
                     JOIN products p ON p.id = pv.product_id
                    WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END)
                   AS downloaded,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM alignment_solutions s
                     JOIN product_versions pv ON pv.id = s.version_id
                     JOIN products p ON p.id = pv.product_id
                    WHERE p.exposure_id = e.id AND s.status = 'applied'
                      AND s.superseded_by_id IS NULL) THEN 1 ELSE 0 END) AS aligned,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id{kept}
                    WHERE sv.exposure_id = e.id
                      AND r.effective_method IN ('match', 'globalmin+match')) THEN 1 ELSE 0 END)
                   AS matched,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id{kept}
                    WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END)
                   AS downgraded
          FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
         GROUP BY v.id, v.proposal_id, v.program, v.number, v.target_name
"""
KEPT_RUN = "\n                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL"

#: Every view that reads a table that is changed; those that others read come first.
VIEWS = (
    *("v_sky_values", "v_sky_comparison", "v_alignment_history", "v_alignment_current"),
    *("v_downloads", "v_visit_status", "v_input_proofs"),
)

DOWNLOADS = """
        SELECT d.id, d.uri, d.attempt, d.status, d.expected_bytes, d.received_bytes AS bytes,
               d.sha256, d.path, d.started_at, d.finished_at, d.error,
               p.filename AS product, pv.number AS version, e.rootname
          FROM downloads d
          LEFT JOIN product_versions pv ON pv.id = d.version_id
          LEFT JOIN products p ON p.id = pv.product_id
          LEFT JOIN exposures e ON e.id = p.exposure_id
"""
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
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    _drop_views()
    _widen_exposures()
    _widen_activities()
    _widen_solutions()
    _widen_sky()
    _widen_catalogs()
    _admit_findings((*FINDINGS, *NEW_FINDINGS))
    _create_run_attempts()
    _create_books()
    _create_views(
        v_sky_values=SKY_VALUES.format(more=MORE_SKY_VALUES, outer="LEFT ")
        + "         WHERE a.deleted_at IS NULL",
        v_sky_comparison=SKY_COMPARISON.format(kept=" AND a.deleted_at IS NULL"),
        v_alignment_history=ALIGNMENT_HISTORY.format(**NEW_HISTORY),
        v_alignment_current=ALIGNMENT_CURRENT.format(held=" AND h.version IS NOT NULL"),
        v_visit_status=VISIT_STATUS.format(kept=KEPT_RUN),
    )


def downgrade() -> None:
    _drop_views()
    for table in ("book_entries", "bad_deliveries", "run_attempts"):
        op.drop_table(table)
    _forget_history()
    kinds = ", ".join(f"'{kind}'" for kind in NEW_FINDINGS)
    op.execute(f"DELETE FROM findings WHERE kind IN ({kinds})")
    _admit_findings(FINDINGS)
    _narrow()
    _create_views(
        v_sky_values=SKY_VALUES.format(more="", outer=""),
        v_sky_comparison=SKY_COMPARISON.format(kept=""),
        v_alignment_history=ALIGNMENT_HISTORY.format(**OLD_HISTORY),
        v_alignment_current=ALIGNMENT_CURRENT.format(held=""),
        v_visit_status=VISIT_STATUS.format(kept=""),
    )


def _drop_views() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")


def _create_views(**selects: str) -> None:
    texts = {**selects, "v_downloads": DOWNLOADS, "v_input_proofs": INPUT_PROOFS}
    for name in VIEWS:
        op.execute(f"CREATE VIEW {name} AS {texts[name]}")


def _widen_exposures() -> None:
    with op.batch_alter_table("visits") as batch_op:
        batch_op.alter_column("proposal_id", existing_type=sa.Integer(), nullable=True)
    op.add_column("exposures", sa.Column("known_from", sa.String(length=24), nullable=True))
    op.execute("UPDATE exposures SET known_from = 'header'")
    with op.batch_alter_table("exposures") as batch_op:
        batch_op.add_column(sa.Column("expend_mjd", sa.Double(), nullable=True))
        batch_op.alter_column("known_from", existing_type=sa.String(length=24), nullable=False)
        for column, kind in (
            ("detector", sa.String(length=12)),
            ("filters", sa.String(length=40)),
            ("exptime_s", sa.Double()),
        ):
            batch_op.alter_column(column, existing_type=kind, nullable=True)
        _check(batch_op, "exposures", "known_from", "knownfrom", ("header", "log"))


def _widen_activities() -> None:
    with op.batch_alter_table("activities") as batch_op:
        batch_op.add_column(sa.Column("tool_version", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("imported_by_id", Key, nullable=True))
        batch_op.add_column(sa.Column("deleted_at", Time, nullable=True))
        _reference(batch_op, "activities", "imported_by_id", "activities")
    _index("activities", "imported_by_id")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    drizzlepac = (
        "json_extract(packages, '$.drizzlepac')" if is_sqlite else "(packages ->> 'drizzlepac')"
    )
    op.execute(
        f"UPDATE activities SET tool_version = (SELECT 'drizzlepac ' || {drizzlepac}"
        " FROM environments WHERE environments.id = activities.environment_id)"
        " WHERE kind IN ('sky-run', 'alignment')"
    )


def _widen_solutions() -> None:
    op.add_column("alignment_solutions", sa.Column("product_id", Key, nullable=True))
    op.execute(
        "UPDATE alignment_solutions SET product_id = (SELECT product_id FROM product_versions"
        " WHERE product_versions.id = alignment_solutions.version_id)"
    )
    with op.batch_alter_table("alignment_solutions") as batch_op:
        batch_op.alter_column("product_id", existing_type=Key, nullable=False)
        batch_op.alter_column("version_id", existing_type=Key, nullable=True)
        _reference(batch_op, "alignment_solutions", "product_id", "products")
    _index("alignment_solutions", "product_id")
    with op.batch_alter_table("alignment_runs") as batch_op:
        batch_op.add_column(sa.Column("reference", sa.String(length=255), nullable=True))
        batch_op.alter_column("catalog_id", existing_type=Key, nullable=True)
    op.execute(
        "UPDATE alignment_runs SET reference = (SELECT name FROM reference_catalogs"
        " WHERE reference_catalogs.id = alignment_runs.catalog_id)"
    )


def _widen_sky() -> None:
    op.add_column("sky_runs", sa.Column("retention", sa.String(length=24), nullable=True))
    op.execute("UPDATE sky_runs SET retention = 'normal'")
    with op.batch_alter_table("sky_runs") as batch_op:
        batch_op.add_column(sa.Column("replay_of_id", Key, nullable=True))
        batch_op.add_column(sa.Column("replay_verdict", sa.String(length=24), nullable=True))
        batch_op.alter_column("requested_method", existing_type=sa.String(length=24), nullable=True)
        batch_op.alter_column("retention", existing_type=sa.String(length=24), nullable=False)
        _check(batch_op, "sky_runs", "retention", "retention", ("normal", "pinned", "metrics-only"))
        _check(batch_op, "sky_runs", "replay_verdict", "replayverdict", VERDICTS)
        _reference(batch_op, "sky_runs", "replay_of_id", "sky_runs")
    _index("sky_runs", "replay_of_id")
    with op.batch_alter_table("sky_values") as batch_op:
        batch_op.alter_column("version_id", existing_type=Key, nullable=True)
    op.add_column("mosaics", sa.Column("purged_at", Time, nullable=True))


def _widen_catalogs() -> None:
    with op.batch_alter_table("reference_catalogs") as batch_op:
        batch_op.add_column(sa.Column("superseded_by_id", Key, nullable=True))
        _reference(batch_op, "reference_catalogs", "superseded_by_id", "reference_catalogs")


def _narrow() -> None:
    """Take the new columns away; rows that need them were forgotten before."""
    with op.batch_alter_table("reference_catalogs") as batch_op:
        _drop_reference(batch_op, "reference_catalogs", "superseded_by_id", "reference_catalogs")
    op.drop_column("mosaics", "purged_at")
    with op.batch_alter_table("sky_values") as batch_op:
        batch_op.alter_column("version_id", existing_type=Key, nullable=False)
    op.drop_index(op.f("ix_sky_runs_replay_of_id"), "sky_runs")
    with op.batch_alter_table("sky_runs") as batch_op:
        for enum in ("retention", "replayverdict"):
            batch_op.drop_constraint(op.f(f"ck_sky_runs_{enum}"), type_="check")
        _drop_reference(batch_op, "sky_runs", "replay_of_id", "sky_runs")
        batch_op.drop_column("replay_verdict")
        batch_op.drop_column("retention")
        batch_op.alter_column(
            "requested_method", existing_type=sa.String(length=24), nullable=False
        )
    with op.batch_alter_table("alignment_runs") as batch_op:
        batch_op.drop_column("reference")
        batch_op.alter_column("catalog_id", existing_type=Key, nullable=False)
    op.drop_index(op.f("ix_alignment_solutions_product_id"), "alignment_solutions")
    with op.batch_alter_table("alignment_solutions") as batch_op:
        _drop_reference(batch_op, "alignment_solutions", "product_id", "products")
        batch_op.alter_column("version_id", existing_type=Key, nullable=False)
    op.drop_index(op.f("ix_activities_imported_by_id"), "activities")
    with op.batch_alter_table("activities") as batch_op:
        _drop_reference(batch_op, "activities", "imported_by_id", "activities")
        batch_op.drop_column("tool_version")
        batch_op.drop_column("deleted_at")
    with op.batch_alter_table("exposures") as batch_op:
        batch_op.drop_constraint(op.f("ck_exposures_knownfrom"), type_="check")
        batch_op.drop_column("known_from")
        batch_op.drop_column("expend_mjd")
        for column, kind in (
            ("detector", sa.String(length=12)),
            ("filters", sa.String(length=40)),
            ("exptime_s", sa.Double()),
        ):
            batch_op.alter_column(column, existing_type=kind, nullable=False)
    with op.batch_alter_table("visits") as batch_op:
        batch_op.alter_column("proposal_id", existing_type=sa.Integer(), nullable=False)


def _forget_history() -> None:
    """Delete what an older skydb has no room for: whatever only a log tells of."""
    imported = "(SELECT id FROM activities WHERE imported_by_id IS NOT NULL)"
    logged = "(SELECT id FROM exposures WHERE known_from = 'log')"
    unseen = "(SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM product_versions))"
    statements = [
        f"DELETE FROM sky_values WHERE version_id IS NULL OR run_id IN {imported}",
        "UPDATE sky_runs SET replay_of_id = NULL",
        f"DELETE FROM mosaics WHERE run_id IN {imported}",
        f"DELETE FROM sky_runs WHERE id IN {imported}",
        "UPDATE alignment_solutions SET superseded_by_id = NULL WHERE superseded_by_id IN"
        " (SELECT id FROM alignment_solutions WHERE version_id IS NULL)",
        "DELETE FROM trust_reasons WHERE solution_id IN"
        " (SELECT id FROM alignment_solutions WHERE version_id IS NULL)",
        "DELETE FROM alignment_solutions WHERE version_id IS NULL",
        f"DELETE FROM alignment_runs WHERE id IN {imported}",
        *(
            f"DELETE FROM {child} WHERE activity_id IN {imported}"
            for child in ("activity_used", "activity_generated", "findings")
        ),
        "DELETE FROM activities WHERE imported_by_id IS NOT NULL",
        f"DELETE FROM product_members WHERE product_id IN {unseen}",
        f"DELETE FROM products WHERE id IN {unseen}",
        f"DELETE FROM exposures WHERE id IN {logged}",
        "DELETE FROM visits WHERE proposal_id IS NULL",
    ]
    for statement in statements:
        op.execute(statement)


def _create_run_attempts() -> None:
    op.create_table(
        "run_attempts",
        sa.Column("activity_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=False),
        sa.Column("outcome", _enum("attemptoutcome", OUTCOMES), nullable=False),
        sa.Column("started_at", Time, nullable=False),
        sa.Column("finished_at", Time, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _refers("run_attempts", "activity_id", "activities", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("activity_id", "number", name=op.f("pk_run_attempts")),
    )


def _create_books() -> None:
    subjects = {
        "visit_id": "visits",
        "exposure_id": "exposures",
        "product_id": "products",
        "solution_id": "alignment_solutions",
        "activity_id": "activities",
    }
    op.create_table(
        "book_entries",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", _enum("entrykind", ENTRIES), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=True),
        *(sa.Column(column, Key, nullable=True) for column in subjects),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", Time, nullable=False),
        sa.Column("withdrawn_at", Time, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        *(_refers("book_entries", column, table) for column, table in subjects.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_entries")),
    )
    for column in (*subjects, "label"):
        _index("book_entries", column)
    deliveries = op.create_table(
        "bad_deliveries",
        sa.Column("id", Key, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("began_on", sa.String(length=10), nullable=False),
        sa.Column("ended_on", sa.String(length=10), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_deliveries")),
        sa.UniqueConstraint("name", name=op.f("uq_bad_deliveries_name")),
    )
    op.bulk_insert(deliveries, [BAD_DELIVERY])


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _check(batch_op: object, table: str, column: str, enum: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{enum}")
    batch_op.create_check_constraint(name, sa.column(column).in_(values))


def _reference(batch_op: object, table: str, column: str, target: str) -> None:
    name = op.f(f"fk_{table}_{column}_{target}")
    batch_op.create_foreign_key(name, target, [column], ["id"])


def _drop_reference(batch_op: object, table: str, column: str, target: str) -> None:
    batch_op.drop_constraint(op.f(f"fk_{table}_{column}_{target}"), type_="foreignkey")
    batch_op.drop_column(column)


def _refers(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, **options)


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _admit_findings(values: tuple[str, ...]) -> None:
    with op.batch_alter_table("findings") as batch_op:
        batch_op.drop_constraint(op.f("ck_findings_findingkind"), type_="check")
        _check(batch_op, "findings", "kind", "findingkind", values)
