{#- Sky values `sv` of an exposure `e`: which of them count. -#}

{#- Sky values of runs `r`; `on` ties them to what stands before. -#}
{% macro kept_skies(on="") -%}
sky_values sv{{ " ON " ~ on if on }}
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
{%- endmacro %}

{#- Of good runs that were not deleted. A repetition of a run is there to be compared with it,
    and takes no run's place. -#}
{% macro is_kept() -%}
a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL
{%- endmacro %}

{#- Of another version than the newest. -#}
{% macro is_outdated() -%}
EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.place > pv.place)
{%- endmacro %}

{#- The first of several chips counts. A run of skydb comes before one from a log, whichever
    was recorded first. Later runs are looked for first: nearly every value has one, and what is
    left is little. -#}
{% macro is_current() -%}
NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM {{ other_skies() }} AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM {{ other_skies() }}
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL)
{%- endmacro %}

{#- Those of the same exposure and method. -#}
{% macro other_skies() -%}
sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
{%- endmacro %}

{#- Whether an exposure has a sky that fits those of its neighbours. -#}
{% macro is_matched() -%}
{{ in_a_matching_run("sv.mdrizsky IS NOT NULL") }}
{%- endmacro %}

{#- Whether such a run found no neighbour of it. -#}
{% macro is_alone() -%}
{{ in_a_matching_run("sv.mdrizsky IS NULL AND a.status = 'succeeded'") }}
{%- endmacro %}

{% macro in_a_matching_run(condition) -%}
EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND {{ condition }}
                      AND r.effective_method IN ('match', 'globalmin+match'))
{%- endmacro %}
