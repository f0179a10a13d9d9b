{#- The columns of every rule, in one order. -#}
{% set names = ["rule", "since", "subject", "reason", "rootname", "product", "run_id",
                "proposal_id", "program", "visit", "visit_label", "target", "detector", "filter", "method",
                "refcat", "observation", "visit_id", "exposure_id", "product_id", "fitted_id"] -%}
{% set no_text, no_key = "CAST(NULL AS VARCHAR)", "CAST(NULL AS BIGINT)" -%}

{#- The columns of a rule: those given by name, and NULL in place of others. -#}
{% macro columns() -%}
{% for name in names -%}
{% if name in kwargs -%}
{{ kwargs[name] }} AS {{ name }}
{%- elif name in ["run_id", "visit_id", "exposure_id", "product_id", "fitted_id"] -%}
{{ no_key }} AS {{ name }}
{%- elif name == "proposal_id" -%}
{#- Of the very type that the column has elsewhere, or PostgreSQL would not look for a proposal
    below the union. -#}
CAST(NULL AS INTEGER) AS {{ name }}
{%- else -%}
{{ no_text }} AS {{ name }}
{%- endif %}
{{- ",
       " if not loop.last }}
{%- endfor %}
{%- endmacro %}

{#- The columns of a rule that speaks of a visit `v`. -#}
{% macro of_visit() -%}
{{ columns(**dict({"proposal_id": "v.proposal_id", "program": "v.program", "visit": "v.number",
                   "visit_label": "CAST(v.program || v.number AS VARCHAR)", "visit_id": "v.id"}, **kwargs)) }}
{%- endmacro %}

{#- The columns of a rule that speaks of an exposure `e` of a visit `v`. -#}
{% macro of_exposure() -%}
{{ of_visit(**dict({"target": "e.target_name", "detector": "e.detector", "filter": "e.filters",
                    "exposure_id": "e.id", "rootname": "e.rootname",
                    "observation": "LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END)"}, **kwargs)) }}
{%- endmacro %}
