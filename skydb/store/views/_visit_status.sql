{#- The counts of visits `v`, as they follow from the rows of the ledger. -#}
{% from "_status.sql" import counts_as, holds, names -%}
{% set counts = ["exposures"] + names + ["flags"] -%}

{% macro counted(visits) -%}
SELECT v.id AS visit_id,
       COUNT(e.id) AS exposures,
{% for name in names %}
       SUM(CASE WHEN {{ counts_as(name) }} THEN 1 ELSE 0 END) AS {{ name }},
{% endfor %}
       (SELECT COUNT(*) FROM book_entries b WHERE b.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM exposures x JOIN book_entries b ON b.exposure_id = x.id
           WHERE x.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM products p JOIN book_entries b ON b.product_id = p.id
           WHERE p.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM products p
            JOIN alignment_solutions s ON s.product_id = p.id
            JOIN book_entries b ON b.solution_id = s.id
           WHERE p.visit_id = v.id AND {{ holds }}) AS flags,
       (SELECT MAX(did.at) FROM (
           SELECT COALESCE(a.finished_at, a.started_at, a.created_at) AS at
             FROM products p
             JOIN product_versions pv ON pv.product_id = p.id
             JOIN activity_used u ON u.version_id = pv.id
             JOIN activities a ON a.id = u.activity_id
            WHERE p.visit_id = v.id
           UNION ALL
           SELECT COALESCE(a.finished_at, a.started_at, a.created_at)
             FROM products p
             JOIN product_versions pv ON pv.product_id = p.id
             JOIN activity_generated g ON g.version_id = pv.id
             JOIN activities a ON a.id = g.activity_id
            WHERE p.visit_id = v.id
           UNION ALL
           SELECT COALESCE(a.finished_at, a.started_at)
             FROM exposures x
             JOIN sky_values sv ON sv.exposure_id = x.id AND sv.version_id IS NULL
             JOIN activities a ON a.id = sv.run_id
            WHERE x.visit_id = v.id) did) AS last_activity_at
  FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
 WHERE {{ visits }}
 GROUP BY v.id
{%- endmacro %}
