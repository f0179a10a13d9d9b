"""The SQL views that people and scripts read; the same text on both databases.

Columns are only ever added, by a later migration that makes the view anew.

Revision ID: 0002
Revises: 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEWS = {
    "v_sky_values": """
        SELECT sv.run_id, a.started_at, e.rootname, sv.extver,
               r.requested_method, r.effective_method, r.downgraded,
               sv.mdrizsky, sv.unit, (r.effective_method = 'match') AS is_relative,
               v.proposal_id, v.program, v.number AS visit, e.filters AS filter, e.instrument,
               e.detector, r.engine, r.group_id, e.expstart_mjd, pv.sha256 AS input_sha256
          FROM sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
          JOIN product_versions pv ON pv.id = sv.version_id
    """,
    "v_sky_comparison": """
        WITH latest AS (
            SELECT r.group_id, r.effective_method, MAX(r.id) AS run_id
              FROM sky_runs r JOIN activities a ON a.id = r.id
             WHERE a.status = 'succeeded'
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
    """,
    "v_alignment_history": """
        SELECT s.id, e.rootname, p.filename AS product,
               COALESCE(stands.number, pv.number) AS version,
               s.wcs_key, s.wcs_name, s.wcs_type, s.origin, s.status, s.reason,
               c.name AS refcat, s.nmatches, s.rms_ra_mas, s.rms_dec_mas, s.fit_geometry,
               s.dx_pix, s.dy_pix, s.rotation_deg, s.scale, s.x_rms_pix, s.y_rms_pix, s.trust,
               s.predicted_shift_mas, s.realised_shift_mas, s.residual_mas,
               s.recorded_at, s.fitted_at, s.applied_at, s.superseded_by_id AS superseded_by,
               s.source_id, s.activity_id, pv.idctab, pv.cal_ver,
               COALESCE(stands.sha256, pv.sha256) AS sha256, pv.number AS fitted_on
          FROM alignment_solutions s
          JOIN product_versions pv ON pv.id = s.version_id
          LEFT JOIN product_versions stands ON stands.id = s.applied_version_id
          JOIN products p ON p.id = pv.product_id
          LEFT JOIN exposures e ON e.id = p.exposure_id
          LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
    """,
    "v_alignment_current": """
        SELECT h.*
          FROM v_alignment_history h
         WHERE h.superseded_by IS NULL
           AND (h.status = 'applied' OR (h.status = 'recorded' AND h.wcs_key = ' '))
    """,
    "v_downloads": """
        SELECT d.id, d.uri, d.attempt, d.status, d.expected_bytes, d.received_bytes AS bytes,
               d.sha256, d.path, d.started_at, d.finished_at, d.error,
               p.filename AS product, pv.number AS version, e.rootname
          FROM downloads d
          LEFT JOIN product_versions pv ON pv.id = d.version_id
          LEFT JOIN products p ON p.id = pv.product_id
          LEFT JOIN exposures e ON e.id = p.exposure_id
    """,
    "v_visit_status": """
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
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                    WHERE sv.exposure_id = e.id
                      AND r.effective_method IN ('match', 'globalmin+match')) THEN 1 ELSE 0 END)
                   AS matched,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                    WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END)
                   AS downgraded
          FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
         GROUP BY v.id, v.proposal_id, v.program, v.number, v.target_name
    """,
}


def upgrade() -> None:
    for name, select in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {select}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
