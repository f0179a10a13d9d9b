{#- Every distortion model with the day it is of, without a look at all files: the day in its name,
    or else the first day on which a file with it was written. -#}
named (idctab) AS (
    SELECT MIN(n.idctab) FROM product_versions n
    UNION ALL
    SELECT (SELECT MIN(n.idctab) FROM product_versions n WHERE n.idctab > t.idctab)
      FROM named t WHERE t.idctab IS NOT NULL
),
seen AS (
    SELECT t.idctab, (SELECT n.id FROM product_versions n
                       WHERE n.idctab = t.idctab AND n.date_written IS NOT NULL
                       ORDER BY n.date_written LIMIT 1) AS version_id
      FROM named t WHERE t.idctab IS NOT NULL
),
idctabs AS (
    SELECT seen.idctab, COALESCE(n.idctab_date, n.date_written) AS made_on, n.recorded_at, COALESCE(
           (SELECT x.instrument || '/' || x.detector FROM exposures x
             WHERE x.id = q.exposure_id),
           (SELECT MAX(x.instrument || '/' || x.detector) FROM product_members m
              JOIN exposures x ON x.rootname = m.rootname WHERE m.product_id = q.id))
           AS detector
      FROM seen
      JOIN product_versions n ON n.id = seen.version_id
      JOIN products q ON q.id = n.product_id
)
