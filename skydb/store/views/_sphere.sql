{#- Positions on the sky, and the exposure that stands for a product `p`. -#}

{#- Right ascension of a vector, from 0 to 360 degrees. -#}
{% macro ra_of(x, y) -%}
CASE WHEN DEGREES(ATAN2({{ y }}, {{ x }})) < 0 THEN DEGREES(ATAN2({{ y }}, {{ x }})) + 360
                    ELSE DEGREES(ATAN2({{ y }}, {{ x }})) END
{%- endmacro %}

{#- Declination of a vector; precise at the poles too, where that of ASIN is lost. -#}
{% macro dec_of(x, y, z) -%}
DEGREES(ATAN2({{ z }}, SQRT({{ x }} * {{ x }} + {{ y }} * {{ y }})))
{%- endmacro %}

{#- The exposure itself, or the first known one of those that the product was made of. -#}
{% macro lead() -%}
COALESCE(p.exposure_id, (
               SELECT me.id FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                WHERE pm.product_id = p.id AND me.detector IS NOT NULL
                ORDER BY pm.position LIMIT 1))
{%- endmacro %}

{% macro is_newest_version() -%}
NOT EXISTS (
               SELECT 1 FROM product_versions later
                WHERE later.product_id = pv.product_id AND later.number > pv.number)
{%- endmacro %}
