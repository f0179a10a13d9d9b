{% import "_alignment.sql" as alignment -%}
{#- What rules ask of an exposure `e`. -#}

{% macro exposures() -%}
exposures e JOIN visits v ON v.id = e.visit_id
{%- endmacro %}

{#- The drizzled product that it is fitted as part of, by id: one whose newest archive version has the
    calibration of the exposure's own, and that no acceptance has left it out of since. Of several,
    the first in the order in which a run takes flavours, a total product of HAP after those of
    filters, and of those that skydb has drizzled the one of most members; what came first or last
    is no matter. -#}
{% macro fitted_as() -%}
(SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND {{ alignment.is_newest("qn") }} AND {{ alignment.is_newest("n") }}
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1)
{%- endmacro %}

{#- The name of that product. -#}
{% macro name_of_fitted() -%}
(SELECT fq.filename FROM products fq WHERE fq.id = {{ fitted_as() }})
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
