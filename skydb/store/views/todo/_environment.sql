{#- Skies of a visit that come from an environment with this verdict. -#}
{% from "todo/_columns.sql" import of_visit -%}
{% from "todo/_exposure.sql" import exposures, methods, grouped_by_visit -%}
{% import "_sky.sql" as sky -%}
{% macro skies_of(verdict, rule, since, words) -%}
{% set reason -%}
'The sky by ' || REPLACE({{ methods() }}, ',', ', ') || ' of '
       || COUNT(DISTINCT e.id) || ' of its ' || COALESCE(e.detector || ' ', '')
       || COALESCE(e.filters || ' ', '') || 'exposures comes from an environment that '
       || '{{ words }}.'
{%- endset -%}
SELECT {{ of_visit(
           rule="'" ~ rule ~ "'", since="MAX(" ~ since ~ ")", subject="v.program || v.number",
           reason=reason, detector="e.detector", filter="e.filters", method=methods(),
           run_id="MAX(r.id)", target="MAX(e.target_name)") }}
  FROM {{ exposures() }}
  JOIN {{ sky.kept_skies(on="sv.exposure_id = e.id") }}
 WHERE env.verdict = '{{ verdict }}' AND {{ sky.is_kept() }} AND {{ sky.is_current() }}
   AND a.imported_by_id IS NULL
 {{ grouped_by_visit() }}
{%- endmacro %}
