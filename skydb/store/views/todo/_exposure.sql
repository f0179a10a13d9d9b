{#- What rules ask of an exposure `e`. -#}

{% macro exposures() -%}
exposures e JOIN visits v ON v.id = e.visit_id
{%- endmacro %}

{#- The drizzled product that it is fitted as part of. -#}
{% macro fitted_as() -%}
COALESCE(
           (SELECT MAX(q.filename) FROM product_members m
              JOIN products q ON q.id = m.product_id WHERE m.rootname = e.rootname),
           (SELECT MIN(q.filename) FROM products q WHERE q.exposure_id = e.id))
{%- endmacro %}

{% macro first_seen() -%}
(SELECT MIN(n.recorded_at) FROM products q
           JOIN product_versions n ON n.product_id = q.id WHERE q.exposure_id = e.id)
{%- endmacro %}

{#- The methods of runs `r`, joined by commas. -#}
{% macro methods() -%}
RTRIM(
{%- for name in ["localmin", "match", "globalmin+match", "globalmin"] -%}
MAX(CASE WHEN r.effective_method = '{{ name }}' THEN '{{ name }},' ELSE '' END)
{{- "
             || " if not loop.last }}
{%- endfor -%}
, ',')
{%- endmacro %}

{% macro grouped_by_exposure() -%}
GROUP BY v.id, v.proposal_id, v.program, v.number, e.id, e.rootname, e.target_name, e.detector,
          e.filters, e.asn_id
{%- endmacro %}

{% macro grouped_by_visit() -%}
GROUP BY v.id, v.proposal_id, v.program, v.number, e.detector, e.filters
{%- endmacro %}
