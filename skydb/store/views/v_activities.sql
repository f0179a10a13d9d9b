SELECT a.id AS run_id, a.kind, a.status, a.started_at, a.finished_at,
       CASE WHEN a.imported_by_id IS NULL
            THEN COALESCE(a.tool_version, 'skydb ' || a.skydb_version)
            ELSE a.tool_version END AS tool_version, a.error,
       a.agent, (a.imported_by_id IS NOT NULL) AS is_imported, 
       COALESCE(r.replay_of_id, d.replay_of_id) AS replay_of,
       COALESCE(r.requested_method, d.requested_method) AS requested_method,
       COALESCE(r.effective_method, d.effective_method) AS effective_method,
       env.verdict AS environment_verdict
  FROM activities a
  LEFT JOIN sky_runs r ON r.id = a.id
  LEFT JOIN visit_drizzles d ON d.id = a.id
  LEFT JOIN environments env ON env.id = a.environment_id
 WHERE a.deleted_at IS NULL
