{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures -%}
{% set reason -%}
'run:' || r.id || ' was to do ' || r.requested_method || ' and did '
       || r.effective_method || '; nothing has repeated it.'
{%- endset -%}
SELECT {{ of_exposure(rule="'downgraded'", since="a.started_at", subject="e.rootname",
                      reason=reason, method="r.requested_method", run_id="r.id") }}
  FROM {{ exposures() }}
  JOIN sky_values sv ON sv.exposure_id = e.id
  JOIN sky_runs r ON r.id = sv.run_id
  JOIN activities a ON a.id = r.id
 WHERE r.downgraded AND a.status = 'succeeded' AND a.deleted_at IS NULL
   AND r.replay_of_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM sky_values c
                    WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                      AND c.extver < sv.extver)
   AND NOT EXISTS (
       SELECT 1 FROM sky_values o
         JOIN sky_runs q ON q.id = o.run_id
         JOIN activities b ON b.id = q.id
        WHERE o.exposure_id = sv.exposure_id AND b.status = 'succeeded'
          AND b.deleted_at IS NULL AND b.imported_by_id IS NULL
          AND q.replay_of_id IS NULL
          AND (o.run_id > sv.run_id OR a.imported_by_id IS NOT NULL)
          AND q.requested_method = r.requested_method)
