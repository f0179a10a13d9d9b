SELECT sv.run_id, a.started_at, e.rootname, sv.extver,
       r.requested_method, r.effective_method, r.downgraded,
       sv.mdrizsky, sv.mdrizsky_sigma, sv.unit, (r.effective_method = 'match') AS is_relative,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       e.filters AS filter, e.instrument,
       e.detector, r.engine, r.group_id, e.expstart_mjd, pv.sha256 AS input_sha256,
       env.verdict AS environment_verdict,
       a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported, r.retention,
       pv.cal_ver, pv.idctab, pv.number AS version, sv.cr_masked_pix,
       sv.log_line
  FROM sky_values sv
  JOIN sky_runs r ON r.id = sv.run_id
  JOIN activities a ON a.id = r.id
  JOIN exposures e ON e.id = sv.exposure_id
  JOIN visits v ON v.id = e.visit_id
  LEFT JOIN product_versions pv ON pv.id = sv.version_id
  LEFT JOIN environments env ON env.id = a.environment_id
 WHERE a.deleted_at IS NULL
