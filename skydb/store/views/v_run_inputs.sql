SELECT u.activity_id AS run_id, e.rootname, pv.filename, p.flavour, pv.number AS version,
       COALESCE(s.wcs_name, own.wcs_name) AS wcs_name,
       CASE WHEN s.id IS NULL THEN 'archive' ELSE 'solution:' || s.id END AS alignment,
       u.reason, u.passed_over, u.role, p.kind, pv.delivery, pv.cal_ver, pv.date_written,
       pv.sha256, a.kind AS run_kind
  FROM activity_used u
  JOIN activities a ON a.id = u.activity_id
  JOIN product_versions pv ON pv.id = u.version_id
  JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
{# In two parts, each with an index; `+ 0` keeps SQLite from reading all rows by `id` instead. #}
  LEFT JOIN alignment_solutions s ON s.id = (
       SELECT MAX(f.id + 0) FROM alignment_solutions f
        WHERE (f.applied_version_id = pv.id OR (f.applied_version_id IS NULL AND f.version_id = pv.id))
          AND f.status = 'applied'
          AND f.origin IN ('tweakreg', 'tweakback', 'restored'))
  LEFT JOIN alignment_solutions own ON own.id = (
       SELECT MIN(o.id) FROM alignment_solutions o
        WHERE o.version_id = pv.id AND o.wcs_key = ' ')
 WHERE a.deleted_at IS NULL
