{#- Fits `s` of a product `p`, of which rules speak. -#}
{% from "todo/_columns.sql" import of_visit -%}
{% from "_words.sql" import member with context -%}
{% import "_alignment.sql" as alignment -%}

{% macro fits() -%}
products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
{%- endmacro %}

{#- Not one that repeats another run. -#}
{% macro is_newest_fit() -%}
{% set is_replay = member("ra.parameters", "replay_of") ~ " IS NOT NULL" -%}
s.origin = 'tweakreg' AND s.version_id IS NOT NULL AND s.superseded_by_id IS NULL
   AND EXISTS (SELECT 1 FROM product_versions fv
                WHERE fv.id = s.version_id AND {{ alignment.is_newest_delivery("fv") }})
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.origin = 'tweakreg'
                      AND o.version_id IS NOT NULL AND o.id > s.id
                      AND NOT EXISTS (SELECT 1 FROM activities ra
                                       WHERE ra.id = o.activity_id AND {{ is_replay }}))
   AND NOT EXISTS (SELECT 1 FROM activities ra
                    WHERE ra.id = s.activity_id AND {{ is_replay }})
{%- endmacro %}

{% macro of_fit() -%}
{{ of_visit(product="p.filename", product_id="p.id", fitted_id="p.id", rootname="e.rootname", exposure_id="e.id",
            target="e.target_name", refcat="c.name", run_id="s.activity_id", **kwargs) }}
{%- endmacro %}

{#- Matched sources that a fit of each geometry wants, and the least trust of a good one. -#}
{% set wanted = "CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END" -%}
{% set floor = "0.5" -%}

{#- Whether a fit is not accepted without force; the trust of a group counts its matches. -#}
{% macro is_weak() -%}
(COALESCE(s.trust, 1) < {{ floor }} OR (s.group_name IS NULL AND COALESCE(s.nmatches, 100) < {{ wanted }}))
{%- endmacro %}
