{#- The newest good run of each method of a group is looked up for each run, so that a question
    about one group or exposure does not sort all runs first. -#}
SELECT r.group_id, e.rootname, sv.extver,
       MAX(CASE WHEN r.effective_method = 'localmin' THEN sv.mdrizsky END) AS localmin,
       MAX(CASE WHEN r.effective_method = 'match' THEN sv.mdrizsky END) AS match,
       MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN sv.mdrizsky END)
           AS globalmin_match,
       MAX(CASE WHEN r.effective_method = 'globalmin' THEN sv.mdrizsky END) AS globalmin,
       MAX(sv.unit) AS unit,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       e.filters AS filter, e.detector,
       MAX(CASE WHEN r.effective_method = 'localmin' THEN sv.mdrizsky_sigma END)
           AS localmin_sigma,
       MAX(CASE WHEN r.effective_method = 'match' THEN sv.mdrizsky_sigma END) AS match_sigma,
       MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN sv.mdrizsky_sigma END)
           AS globalmin_match_sigma,
       MAX(CASE WHEN r.effective_method = 'globalmin' THEN sv.mdrizsky_sigma END)
           AS globalmin_sigma
  FROM sky_runs r
  JOIN activities a ON a.id = r.id
  JOIN sky_values sv ON sv.run_id = r.id
  JOIN exposures e ON e.id = sv.exposure_id
  JOIN visits v ON v.id = e.visit_id
 WHERE a.status = 'succeeded' AND a.deleted_at IS NULL AND r.effective_method NOT IN ('user', 'none')
   AND r.replay_of_id IS NULL
   AND NOT EXISTS (
       SELECT 1 FROM sky_runs n JOIN activities b ON b.id = n.id
        WHERE n.group_id = r.group_id AND n.effective_method = r.effective_method
          AND n.id > r.id AND b.status = 'succeeded' AND b.deleted_at IS NULL
          AND n.replay_of_id IS NULL)
 GROUP BY r.group_id, e.rootname, sv.extver, v.proposal_id, v.program, v.number,
          e.filters, e.detector
