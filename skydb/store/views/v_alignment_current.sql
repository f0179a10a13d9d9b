SELECT h.*
  FROM v_alignment_history h
 WHERE h.superseded_by IS NULL AND h.version IS NOT NULL
   AND (h.status = 'applied' OR (h.status = 'recorded' AND h.wcs_key = ' '))
