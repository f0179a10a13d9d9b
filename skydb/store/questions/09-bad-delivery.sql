-- What did a bad delivery touch?
--
-- The table `bad_deliveries` has the spans in which an archive is known to have served something wrong; this one is
-- `mast-astrometry-2020`, from 2019-12-01 to 2020-02-29. What was fetched in it, and which sky runs read exactly that version?
--
-- :proposal_id integer = 12812
-- :from_day text = 2019-12-01
-- :to_day text = 2020-03-01
SELECT e.rootname, pv.number AS version, d.started_at AS fetched_at, s.effective_method,
       s.started_at AS ran_at
  FROM visits v
  JOIN exposures e ON e.visit_id = v.id
  JOIN products p ON p.exposure_id = e.id
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN downloads d ON d.version_id = pv.id
  JOIN v_sky_values s ON s.rootname = e.rootname AND s.input_sha256 = pv.sha256 AND s.extver = 1
 WHERE v.proposal_id = :proposal_id
   AND d.started_at >= :from_day AND d.started_at < :to_day AND d.status = 'complete'
 ORDER BY e.rootname, s.run_id;
