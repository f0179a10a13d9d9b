{#- What an exposure `e` of a visit `v` counts as, each a condition. -#}
{% import "_alignment.sql" as alignment -%}
{% import "_sky.sql" as sky -%}
{% set holds = "b.kind = 'flag' AND b.withdrawn_at IS NULL" -%}
{% set names = ["downloaded", "aligned", "matched", "downgraded", "flagged", "stale",
                "logged"] -%}

{% macro counts_as(name) -%}
{% if name == "downloaded" -%}
EXISTS (
           SELECT 1 FROM downloads d
             JOIN product_versions pv ON pv.id = d.version_id
             JOIN products p ON p.id = pv.product_id
            WHERE p.exposure_id = e.id AND d.status = 'complete')
{%- elif name == "aligned" -%}
{{ alignment.is_aligned() }}
{%- elif name == "matched" -%}
{{ sky.is_matched() }}
{%- elif name == "downgraded" -%}
EXISTS (
           SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
             JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
            WHERE sv.exposure_id = e.id AND r.downgraded)
{%- elif name == "flagged" -%}
e.id IS NOT NULL AND (
           EXISTS (SELECT 1 FROM book_entries b WHERE b.exposure_id = e.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM book_entries b WHERE b.visit_id = v.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM products p JOIN book_entries b ON b.product_id = p.id
                       WHERE p.exposure_id = e.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM products p
                        JOIN alignment_solutions s ON s.product_id = p.id
                        JOIN book_entries b ON b.solution_id = s.id
                       WHERE p.exposure_id = e.id AND {{ holds }}))
{%- elif name == "stale" -%}
EXISTS (
           SELECT 1 FROM products p
                     {{ alignment.applied() }}
            WHERE p.exposure_id = e.id AND {{ alignment.is_last_applied() }}
              AND EXISTS (SELECT 1 FROM product_versions n
                           WHERE n.product_id = p.id AND n.delivery > st.delivery))
           OR EXISTS (
           SELECT 1 FROM products p
             JOIN alignment_solutions s ON s.product_id = p.id
             JOIN activities a ON a.id = s.activity_id
             JOIN environments env ON env.id = a.environment_id
            WHERE p.exposure_id = e.id AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND env.verdict = 'failed')
           OR EXISTS (
           SELECT 1 FROM {{ sky.kept_skies() }}
            WHERE sv.exposure_id = e.id AND {{ sky.is_kept() }}
              AND (env.verdict = 'failed' OR {{ sky.is_outdated() }})
              AND {{ sky.is_current() }})
           OR {{ alignment.of_newer_product("dv.id") }} IS NOT NULL
{%- else -%}
e.known_from = 'log'
{%- endif %}
{%- endmacro %}
