{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, methods, grouped_by_exposure -%}
{% import "_sky.sql" as sky -%}
{% set since -%}
(SELECT MAX(n.recorded_at) FROM products q JOIN product_versions n
           ON n.product_id = q.id WHERE q.exposure_id = e.id)
{%- endset -%}
{% set reason -%}
'The sky by ' || REPLACE({{ methods() }}, ',', ', ') || ' is of version '
       || MIN(pv.number) || '; there is a newer one.'
{%- endset -%}
SELECT {{ of_exposure(rule="'sky-outdated'", since=since, subject="e.rootname", reason=reason,
                      method=methods(), run_id="MAX(r.id)") }}
  FROM {{ exposures() }}
  JOIN {{ sky.kept_skies(on="sv.exposure_id = e.id") }}
 WHERE {{ sky.is_kept() }} AND {{ sky.is_outdated() }} AND {{ sky.is_current() }}
   AND r.effective_method NOT IN ('user', 'none')
 {{ grouped_by_exposure() }}
