{% from "todo/_fit.sql" import fits, is_newest_fit, of_fit with context -%}
{% set reason = "'The newest fit failed: ' || COALESCE(s.reason, 'no reason was recorded') || '.'" -%}
SELECT {{ of_fit(rule="'fit-failed'", since="s.recorded_at", subject="p.filename",
                 reason=reason) }}
  FROM {{ fits() }}
 WHERE s.status = 'failed' AND {{ is_newest_fit() }}
