SELECT f.activity_id AS run_id, f.kind, f.subject, f.message, f.noticed_at, a.kind AS during, f.id
  FROM findings f
  JOIN activities a ON a.id = f.activity_id
 WHERE a.deleted_at IS NULL
