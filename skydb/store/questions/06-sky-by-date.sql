-- How does the sky go with the date?
--
-- For a plot: zodiacal light follows the year, helium emission the orbit. The newest run of each exposure counts.
--
-- :proposal_id integer = 12812
-- :from_mjd real = 56200
-- :to_mjd real = 56400
-- :detector text = IR
SELECT s.expstart_mjd, s.rootname, s.filter, s.mdrizsky, s.unit
  FROM v_sky_values s
 WHERE s.proposal_id = :proposal_id AND s.expstart_mjd >= :from_mjd AND s.expstart_mjd < :to_mjd
   AND s.effective_method = 'localmin' AND s.detector = :detector
   AND s.run_id = (SELECT MAX(n.run_id) FROM v_sky_values n
                    WHERE n.rootname = s.rootname AND n.effective_method = 'localmin')
 ORDER BY s.expstart_mjd;
