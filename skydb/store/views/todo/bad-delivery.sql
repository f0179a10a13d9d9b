{#- Versions that came from the archive, the newest of each product, with the days in which the
    archive served wrong files. -#}
{% from "todo/_columns.sql" import of_exposure -%}
{% from "_words.sql" import day with context -%}
{% set written_then -%}
SUBSTR(pv.date_written, 1, 10) BETWEEN w.began_on AND w.ended_on
{%- endset -%}
{% set reason -%}
'Version ' || pv.number || CASE WHEN {{ written_then }}
            THEN ' was written on ' || SUBSTR(pv.date_written, 1, 10)
            ELSE ' was fetched in those days' END
       || ' (' || w.name || '): ' || w.what
{%- endset -%}
{% set observation -%}
LOWER(COALESCE(NULLIF(e.asn_id, 'NONE'), e.rootname, SUBSTR(p.filename, 1, 9)))
{%- endset -%}
SELECT {{ of_exposure(rule="'bad-delivery'", since="pv.recorded_at",
                      subject="COALESCE(e.rootname, p.filename)", reason=reason,
                      product="p.filename", product_id="p.id", observation=observation) }}
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN bad_deliveries w ON {{ written_then }} OR EXISTS (
           SELECT 1 FROM downloads d
            WHERE d.version_id = pv.id AND d.status = 'complete'
              AND {{ day("d.started_at") }} BETWEEN w.began_on AND w.ended_on)
  LEFT JOIN exposures e ON e.id = p.exposure_id
 WHERE EXISTS (SELECT 1 FROM activity_generated g
                WHERE g.version_id = pv.id AND g.role = 'ingested')
   AND NOT EXISTS (SELECT 1 FROM product_versions l
                     JOIN activity_generated g ON g.version_id = l.id
                    WHERE l.product_id = pv.product_id AND l.delivery > pv.delivery
                      AND g.role = 'ingested')
