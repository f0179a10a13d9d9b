-- Which exposures' sky changed by more than 0.01 e/s between reprocessings?
--
-- The same chip and method, in two versions of one file; `match` is left out, because its values are offsets from one image, which
-- need not be the same. `version` is the number of the version; `cal_ver` and `idctab` show the difference.
--
-- :proposal_id integer = 12812
-- :least_change real = 0.01
SELECT a.rootname, a.extver, a.effective_method AS method, a.cal_ver AS old_cal_ver,
       b.cal_ver AS new_cal_ver, a.mdrizsky AS old_sky, b.mdrizsky AS new_sky,
       b.mdrizsky - a.mdrizsky AS change, a.unit
  FROM v_sky_values a
  JOIN v_sky_values b ON b.rootname = a.rootname AND b.extver = a.extver
                     AND b.effective_method = a.effective_method AND b.version > a.version
 WHERE a.proposal_id = :proposal_id AND b.proposal_id = :proposal_id
   AND NOT a.is_relative AND a.unit = 'electron/s'
   AND NOT a.downgraded AND NOT b.downgraded
   AND ABS(b.mdrizsky - a.mdrizsky) > :least_change
 ORDER BY ABS(b.mdrizsky - a.mdrizsky) DESC;
