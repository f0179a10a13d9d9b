SELECT s.id, e.rootname, p.filename AS product,
       COALESCE(stands.number, pv.number) AS version,
       s.wcs_key, s.wcs_name, s.wcs_type, s.origin, s.status, s.reason,
       COALESCE(c.name, ar.reference) AS refcat, s.nmatches, s.rms_ra_mas, s.rms_dec_mas,
       s.fit_geometry, s.dx_pix, s.dy_pix, s.rotation_deg, s.scale, s.x_rms_pix, s.y_rms_pix,
       s.trust, s.predicted_shift_mas, s.realised_shift_mas, s.residual_mas,
       s.recorded_at, s.fitted_at, s.applied_at, s.superseded_by_id AS superseded_by,
       s.source_id, s.activity_id, pv.idctab, pv.cal_ver,
       COALESCE(stands.sha256, pv.sha256) AS sha256, pv.number AS fitted_on,
       a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported,
       p.flavour, p.kind, p.id AS product_id, COALESCE(stands.delivery, pv.delivery) AS delivery,
       s.repeats_id AS repeats, ar.what, s.group_name
  FROM alignment_solutions s
  JOIN products p ON p.id = s.product_id
  JOIN activities a ON a.id = s.activity_id
  LEFT JOIN alignment_runs ar ON ar.id = s.activity_id
  LEFT JOIN product_versions pv ON pv.id = s.version_id
  LEFT JOIN product_versions stands ON stands.id = s.applied_version_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
