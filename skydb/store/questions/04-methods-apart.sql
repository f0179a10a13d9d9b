-- How far are the methods apart, filter by filter?
--
-- `localmin` takes every exposure's own lowest level, `globalmin+match` levels them in the overlaps first: where stars or nebulae
-- fill the field, the first is too high, and differs from exposure to exposure.
--
-- :proposal_id integer = 12812
SELECT filter, unit, COUNT(*) AS chips, AVG(localmin - globalmin_match) AS mean,
       MIN(localmin - globalmin_match) AS least, MAX(localmin - globalmin_match) AS most
  FROM v_sky_comparison
 WHERE proposal_id = :proposal_id AND localmin IS NOT NULL AND globalmin_match IS NOT NULL
 GROUP BY filter, unit
 ORDER BY filter;
