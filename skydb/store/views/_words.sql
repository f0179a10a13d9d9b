{#- What SQLite and PostgreSQL have no common words for. -#}

{#- The day of a time, as 2026-01-31. -#}
{% macro day(time) -%}
{% if dialect == "postgresql" -%}
TO_CHAR({{ time }} AT TIME ZONE 'UTC', 'YYYY-MM-DD')
{%- else -%}
SUBSTR({{ time }}, 1, 10)
{%- endif %}
{%- endmacro %}

{#- A moment before now. -#}
{% macro hours_ago(hours) -%}
{% if dialect == "postgresql" -%}
NOW() - INTERVAL '{{ hours }} hours'
{%- else -%}
DATETIME('now', '-{{ hours }} hours')
{%- endif %}
{%- endmacro %}

{#- One member of a document, as text. -#}
{% macro member(document, name) -%}
{% if dialect == "postgresql" -%}
({{ document }} ->> '{{ name }}')
{%- else -%}
JSON_EXTRACT({{ document }}, '$.{{ name }}')
{%- endif %}
{%- endmacro %}

{#- Texts of several rows as one, in the order of another column. -#}
{% macro joined(column, separator, order) -%}
{% if dialect == "postgresql" -%}
STRING_AGG({{ column }}, '{{ separator }}' ORDER BY {{ order }})
{%- else -%}
GROUP_CONCAT({{ column }}, '{{ separator }}')
{%- endif %}
{%- endmacro %}
