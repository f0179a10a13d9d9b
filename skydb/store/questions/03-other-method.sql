-- Which runs did another method than was asked for?
--
-- And why, as far as it is known. Every such run also ended with exit code 5.
SELECT a.started_at, r.requested_method, r.effective_method, f.message
  FROM sky_runs r
  JOIN activities a ON a.id = r.id
  LEFT JOIN findings f ON f.activity_id = r.id AND f.kind = 'downgraded'
 WHERE r.downgraded
 ORDER BY r.id;
