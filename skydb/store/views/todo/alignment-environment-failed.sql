{% from "todo/_columns.sql" import of_visit -%}
{% from "todo/_exposure.sql" import exposures, grouped_by_visit -%}
{% set reason -%}
'The alignment of ' || COUNT(DISTINCT e.id) || ' of its exposures comes from an '
       || 'environment that the self-test has failed.'
{%- endset -%}
{% set product -%}
(SELECT MIN(q.filename) FROM products q
           WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc'))
{%- endset -%}
{% set fitted -%}
(SELECT MIN(q.id) FROM products q
           WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc') AND q.filename = {{ product }})
{%- endset -%}
SELECT {{ of_visit(rule="'environment-failed'", since="MAX(env.checked_at)",
                   subject="v.program || v.number", reason=reason, product=product, fitted_id=fitted,
                   run_id="MAX(s.activity_id)") }}
  FROM {{ exposures() }}
  JOIN products p ON p.exposure_id = e.id
  JOIN alignment_solutions s ON s.product_id = p.id
  JOIN activities a ON a.id = s.activity_id
  JOIN environments env ON env.id = a.environment_id
 WHERE s.status = 'applied' AND s.superseded_by_id IS NULL AND env.verdict = 'failed'
 {{ grouped_by_visit() }}
