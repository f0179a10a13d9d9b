{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, fitted_as -%}
{% import "_alignment.sql" as alignment -%}
{% set reason = "'Version ' || n.number || ' came after version ' || st.number
       || ' was aligned.'" -%}
SELECT {{ of_exposure(rule="'alignment-outdated'", since="n.recorded_at", subject="e.rootname",
                      reason=reason, product=fitted_as(), product_id="p.id") }}
  FROM {{ exposures() }}
  JOIN products p ON p.exposure_id = e.id
                     {{ alignment.applied() }}
  JOIN product_versions n ON n.product_id = p.id AND n.number > st.number
 WHERE {{ alignment.is_last_applied() }} AND {{ alignment.is_newest("n") }}
