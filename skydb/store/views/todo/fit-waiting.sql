{#- Fits that wait for review, one row a run. -#}
{% from "todo/_columns.sql" import columns -%}
{% from "todo/_fit.sql" import is_weak -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
COUNT(*) || ' of its fits wait for review: see `skydb align show ' || a.id || '`.'
{%- endset -%}
SELECT {{ columns(rule="'fit-waiting'", since="MAX(s.recorded_at)", subject="'run:' || a.id",
                  reason=reason, run_id="a.id") }}
  FROM activities a
  JOIN alignment_solutions s ON s.activity_id = a.id AND s.status = 'proposed'
  JOIN product_versions sv ON sv.id = s.version_id
 WHERE a.kind = 'alignment' AND a.deleted_at IS NULL AND {{ alignment.is_newest_delivery("sv") }}
   AND NOT {{ is_weak() }}
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.status IN ('proposed', 'applied')
                      AND o.origin = 'tweakreg' AND o.version_id = s.version_id AND o.id > s.id)
 GROUP BY a.id
