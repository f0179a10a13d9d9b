-- How much disk do the mosaics of a program take?
--
-- Science and weight images together, without those whose pixels were purged.
--
-- :proposal_id integer = 12812
SELECT s.effective_method, COUNT(*) AS mosaics, SUM(m.size_bytes) / 1e6 AS megabytes
  FROM (SELECT DISTINCT run_id, effective_method
          FROM v_sky_values
         WHERE proposal_id = :proposal_id) s
  JOIN mosaics m ON m.run_id = s.run_id
 WHERE m.purged_at IS NULL
 GROUP BY s.effective_method
 ORDER BY s.effective_method;
