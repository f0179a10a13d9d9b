{#- Fits that wait for review, one row a run and visit. -#}
{% from "todo/_columns.sql" import of_visit -%}
{% from "todo/_fit.sql" import is_weak -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
COUNT(*) || ' of its fits wait for review: see `skydb align show ' || a.id || '`.'
{%- endset -%}
SELECT {{ of_visit(rule="'fit-waiting'", since="MAX(s.recorded_at)", subject="'run:' || a.id",
                   reason=reason, run_id="a.id") }}
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id AND s.status = 'proposed'
  JOIN activities a ON a.id = s.activity_id
  JOIN product_versions sv ON sv.id = s.version_id
 WHERE a.deleted_at IS NULL AND {{ alignment.is_newest_delivery("sv") }}
   AND NOT {{ is_weak() }}
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.status IN ('proposed', 'applied')
                      AND o.origin = 'tweakreg' AND o.version_id = s.version_id AND o.id > s.id)
 GROUP BY a.id, v.id, v.proposal_id, v.program, v.number
