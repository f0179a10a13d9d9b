{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, first_seen, fitted_as -%}
{% set reason -%}
'skydb has aligned no content of it; its WCS is ' || COALESCE(
           (SELECT MAX(s.wcs_name) FROM products q
              JOIN alignment_solutions s ON s.product_id = q.id
             WHERE q.exposure_id = e.id AND s.wcs_key = ' '
               AND s.superseded_by_id IS NULL), 'not known') || '.'
{%- endset -%}
SELECT {{ of_exposure(rule="'not-aligned'", since=first_seen(), subject="e.rootname",
                      reason=reason, product=fitted_as()) }}
  FROM {{ exposures() }}
 WHERE e.known_from = 'header' AND NOT EXISTS (
       SELECT 1 FROM products q JOIN alignment_solutions s ON s.product_id = q.id
        WHERE q.exposure_id = e.id AND s.status = 'applied'
          AND s.version_id IS NOT NULL)
