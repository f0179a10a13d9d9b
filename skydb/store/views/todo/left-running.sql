{% from "todo/_columns.sql" import columns -%}
{% from "_words.sql" import hours_ago with context -%}
SELECT {{ columns(rule="'left-running'", since="a.started_at", subject="'run:' || a.id",
                  reason="'This ' || a.kind || ' of ' || a.agent || ' has not ended for hours.'",
                  run_id="a.id") }}
  FROM activities a
 WHERE a.status = 'running' AND a.started_at < {{ hours_ago(6) }}
