-- Which visits have a fit worse than 20 mas, or with fewer than 6 matches?
--
-- Only active fits; a fit without numbers is not a good one either, so ask for `NULL` too if that matters to you.
--
-- :proposal_id integer = 12812
-- :most_mas real = 20
-- :fewest_matches integer = 6
SELECT v.program || v.number AS visit_label, h.product, h.wcs_name, h.nmatches, h.rms_ra_mas, h.rms_dec_mas
  FROM visits v
  JOIN products p ON p.visit_id = v.id
  JOIN v_alignment_current h ON h.product = p.filename
 WHERE v.proposal_id = :proposal_id
   AND (h.rms_ra_mas > :most_mas OR h.rms_dec_mas > :most_mas OR h.nmatches < :fewest_matches)
 ORDER BY v.program, v.number, h.product;
