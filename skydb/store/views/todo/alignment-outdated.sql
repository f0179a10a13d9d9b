{#- An exposure that was aligned, and of which a newer archive version is recorded that is not. -#}
{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, fitted_as, name_of_fitted -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
'Version ' || n.number || ' is of a newer archive version than version ' || st.number
       || ', which was aligned'
       || CASE WHEN {{ fitted_as() }} IS NULL
          THEN '; no drizzled product of that archive version is recorded: fetch or make it (`skydb drizzle --visit '
               || v.program || v.number || '`) and fit it, or fit the exposures (`skydb align run --what exposures`).'
          ELSE '.' END
{%- endset -%}
SELECT {{ of_exposure(rule="'alignment-outdated'", since="n.recorded_at", subject="e.rootname",
                      reason=reason, product=name_of_fitted(), fitted_id=fitted_as(),
                      product_id="p.id") }}
  FROM {{ exposures() }}
  JOIN products p ON p.exposure_id = e.id
                     {{ alignment.applied() }}
  JOIN product_versions n ON n.product_id = p.id AND n.delivery > st.delivery
   AND n.derived_from_id IS NULL
 WHERE {{ alignment.is_last_applied() }} AND {{ alignment.is_newest_delivery("n") }}
   AND NOT {{ alignment.is_aligned() }} AND NOT {{ alignment.is_waiting() }}
