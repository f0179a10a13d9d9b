-- Which exposures were aligned with a given catalogue in a given time?
--
-- `fitted_at` is when the fit was made, `applied_at` when it was accepted; both are UTC.
--
-- :from_day text = 2026-01-01
-- :to_day text = 2026-02-01
-- :refcat text = gaia
SELECT rootname, refcat, fitted_at, wcs_name, tool_version
  FROM v_alignment_history
 WHERE fitted_at >= :from_day AND fitted_at < :to_day
   AND refcat = :refcat AND status = 'applied' AND rootname IS NOT NULL
 ORDER BY rootname;
