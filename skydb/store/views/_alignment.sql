{#- Applied solutions `s` of a product `p`. -#}

{#- Solutions with the version `st` that each stands in. -#}
{% macro applied() -%}
JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
{%- endmacro %}

{#- The last one of the product. -#}
{% macro is_last_applied() -%}
s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL)
{%- endmacro %}

{#- Whether a version is the newest of its product. -#}
{% macro is_newest(version) -%}
NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = {{ version }}.product_id
                              AND l.number > {{ version }}.number)
{%- endmacro %}
