{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, first_seen, fitted_as, name_of_fitted -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
'skydb has not aligned the file of it that a run would use; its WCS is ' || COALESCE(
           (SELECT MAX(s.wcs_name) FROM products q
              JOIN alignment_solutions s ON s.product_id = q.id
             WHERE q.exposure_id = e.id AND s.wcs_key = ' '
               AND s.superseded_by_id IS NULL), 'not known')
       || CASE WHEN {{ fitted_as() }} IS NULL
          THEN '; no drizzled product of its newest file is recorded: fetch or make it (`skydb drizzle --visit '
               || v.program || v.number || '`) and fit it, or fit the exposures (`skydb align run --what exposures`).'
          ELSE '.' END
{%- endset -%}
SELECT {{ of_exposure(rule="'not-aligned'", since=first_seen(), subject="e.rootname",
                      reason=reason, product=name_of_fitted(), fitted_id=fitted_as()) }}
  FROM {{ exposures() }}
 WHERE e.known_from = 'header' AND NOT {{ alignment.is_aligned() }}
   AND NOT {{ alignment.is_aligned_before() }}
   AND NOT {{ alignment.is_waiting() }}
