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
                              AND l.place > {{ version }}.place)
{%- endmacro %}

{#- Whether no newer archive version of its product is recorded. -#}
{% macro is_newest_delivery(version) -%}
NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = {{ version }}.product_id
                              AND l.delivery > {{ version }}.delivery)
{%- endmacro %}

{#- Whether a solution `s` is a fit, or a fit that was restored. -#}
{% macro is_fitted() -%}
(s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
{%- endmacro %}

{#- Whether the newest archive version of a file of an exposure `e` holds an accepted fit. Of FLT and
    FLC of one flavour the FLC counts, as it does in a run. -#}
{% macro is_aligned() -%}
EXISTS (
           SELECT 1 FROM products p
                     {{ applied() }}
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND {{ is_fitted() }}
              AND {{ is_newest_delivery("st") }}
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id))))
{%- endmacro %}

{#- Whether an older archive version of a file of an exposure `e` is aligned than the newest. -#}
{% macro is_aligned_before() -%}
EXISTS (
           SELECT 1 FROM products p
                     {{ applied() }}
             JOIN product_versions n ON n.product_id = p.id AND n.delivery > st.delivery
              AND n.derived_from_id IS NULL
            WHERE p.exposure_id = e.id AND {{ is_last_applied() }}
              AND {{ is_newest_delivery("n") }})
{%- endmacro %}

{#- Whether a drizzled version can be of the calibration of the newest file of an exposure: where
    it is not, a fit of it says nothing of that file. -#}
{% macro is_of_newest(drizzled, exposure) -%}
EXISTS (
           SELECT 1 FROM products dp
             JOIN products op ON op.exposure_id = {{ exposure }}.id AND op.kind <> 'hlet'
              AND (op.flavour = dp.flavour OR dp.flavour IN ('user', 'skydb'))
             JOIN product_versions ov ON ov.product_id = op.id
            WHERE dp.id = {{ drizzled }}.product_id AND {{ is_newest("ov") }}
              AND COALESCE({{ drizzled }}.cal_ver, ov.cal_ver, '') = COALESCE(ov.cal_ver, {{ drizzled }}.cal_ver, '')
              AND COALESCE({{ drizzled }}.idctab, ov.idctab, '') = COALESCE(ov.idctab, {{ drizzled }}.idctab, ''))
{%- endmacro %}

{#- Whether no exposure of the group of a fit was delivered anew: of a group all are moved or none. -#}
{% macro is_whole(fit) -%}
({{ fit }}.group_name IS NULL OR NOT EXISTS (
           SELECT 1 FROM alignment_solutions g
             JOIN product_versions gv ON gv.id = g.version_id
            WHERE g.activity_id = {{ fit }}.activity_id AND g.group_name = {{ fit }}.group_name
              AND NOT ({{ is_newest_delivery("gv") }})))
{%- endmacro %}

{#- Whether a fit waits for review that would move an exposure `e`: of a product that it is a member
    of, or of its own file. -#}
{% macro is_waiting() -%}
(EXISTS (
           SELECT 1 FROM product_members wm
             JOIN alignment_solutions w ON w.product_id = wm.product_id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wm.rootname = e.rootname AND w.status = 'proposed'
              AND {{ is_newest_delivery("wv") }} AND {{ is_of_newest("wv", "e") }})
       OR EXISTS (
           SELECT 1 FROM products wp
             JOIN alignment_solutions w ON w.product_id = wp.id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wp.exposure_id = e.id AND w.status = 'proposed'
              AND {{ is_newest_delivery("wv") }} AND {{ is_whole("w") }}
              AND (wp.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products wc
                    WHERE wc.exposure_id = e.id AND wc.kind = 'flc' AND wc.flavour = wp.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = wc.id)))))
{%- endmacro %}

{#- A column of a product of an exposure `e` that the archive has drizzled of a newer archive version
    of its aligned file than is recorded, as another CAL_VER and a later DATE show; NULL when there
    is none. Members of a product of one visit have one calibration; those of a sky cell have several.
    Of FLT and FLC the FLC counts, as it does in a run. -#}
{% macro of_newer_product(column) -%}
(SELECT MAX({{ column }}) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND {{ is_newest_delivery("n") }}
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour)))
{%- endmacro %}
