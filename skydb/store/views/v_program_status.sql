SELECT s.program, MAX(s.proposal_id) AS proposal_id, COUNT(*) AS visits,
{% for count in ["exposures", "downloaded", "aligned", "matched", "downgraded", "flagged",
                 "stale", "logged", "flags"] %}
       CAST(SUM(s.{{ count }}) AS BIGINT) AS {{ count }},
{% endfor %}
       MAX(s.last_activity_at) AS last_activity_at
  FROM v_visit_status s
 GROUP BY s.program
