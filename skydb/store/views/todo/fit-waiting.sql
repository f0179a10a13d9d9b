{#- Fits that wait for review, one row a run and visit. -#}
{% from "todo/_columns.sql" import of_visit -%}
{% from "todo/_fit.sql" import is_weak -%}
{% import "_alignment.sql" as alignment -%}
{#- Of the whole run, so that rows of several visits say the same. -#}
{% set reason -%}
(SELECT COUNT(*) FROM alignment_solutions rs
          WHERE rs.activity_id = a.id AND rs.status = 'proposed')
       || ' of its fits wait for review: see `skydb align show ' || a.id || '`.'
       || COALESCE((SELECT ' It leaves ' || NULLIF(COUNT(DISTINCT le.id), 0)
                           || ' exposures, of which newer files were delivered than were drizzled.'
                      FROM alignment_solutions ls
                      JOIN product_versions lv ON lv.id = ls.version_id
                      JOIN product_members lm ON lm.product_id = ls.product_id
                      JOIN exposures le ON le.rootname = lm.rootname
                      JOIN products lo ON lo.exposure_id = le.id AND lo.kind <> 'hlet'
                     WHERE ls.activity_id = a.id AND ls.status = 'proposed'
                       AND NOT {{ alignment.is_of_newest("lv", "le") }}), '')
{%- endset -%}
SELECT {{ of_visit(rule="'fit-waiting'", since="MAX(s.recorded_at)", subject="'run:' || a.id",
                   reason=reason, run_id="a.id") }}
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id AND s.status = 'proposed'
  JOIN activities a ON a.id = s.activity_id
  JOIN product_versions sv ON sv.id = s.version_id
 WHERE a.deleted_at IS NULL AND {{ alignment.is_newest_delivery("sv") }}
   AND NOT {{ is_weak() }} AND {{ alignment.is_whole("s") }}
{#- Not one that would be refused, as newer files of all members are here. -#}
{% set members -%}
SELECT 1 FROM product_members pm
          JOIN exposures pe ON pe.rootname = pm.rootname
          JOIN products po ON po.exposure_id = pe.id AND po.kind <> 'hlet'
         WHERE pm.product_id = p.id
{%- endset %}
   AND (NOT EXISTS ({{ members }})
        OR EXISTS ({{ members }} AND {{ alignment.is_of_newest("sv", "pe") }}))
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.status IN ('proposed', 'applied')
                      AND o.origin = 'tweakreg' AND o.version_id = s.version_id AND o.id > s.id)
 GROUP BY a.id, v.id, v.proposal_id, v.program, v.number
