{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures -%}
{% set reason -%}
'run:' || r.id || ' was interrupted before it was done; nothing has repeated it.'
{%- endset -%}
SELECT {{ of_exposure(rule="'interrupted'", since="a.started_at", subject="e.rootname",
                      reason=reason, method="r.requested_method", run_id="r.id") }}
  FROM {{ exposures() }}
  JOIN products up ON up.exposure_id = e.id
  JOIN product_versions uv ON uv.product_id = up.id
  JOIN activity_used u ON u.version_id = uv.id
  JOIN sky_runs r ON r.id = u.activity_id
  JOIN activities a ON a.id = r.id
 WHERE a.status = 'interrupted' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
   AND NOT EXISTS (
       SELECT 1 FROM sky_runs q
         JOIN activities b ON b.id = q.id
        WHERE q.recipe_hash = r.recipe_hash AND q.id > r.id
          AND b.status IN ('succeeded', 'interrupted', 'running') AND b.deleted_at IS NULL)
