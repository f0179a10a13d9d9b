{#- Visits that did not change since they were counted have their counts in visit_summaries;
    the others are counted here. -#}
{% from "_visit_status.sql" import counted, counts -%}
SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit,
       v.program || v.number AS visit_label, v.target_name,
{% for count in counts %}
       s.{{ count }},
{% endfor %}
       s.last_activity_at
  FROM visits v JOIN visit_summaries s ON s.visit_id = v.id
 WHERE NOT EXISTS (SELECT 1 FROM changed_visits c WHERE c.visit_id = v.id)
UNION ALL
SELECT v.id, v.proposal_id, v.program, v.number, v.program || v.number, v.target_name,
{% for count in counts %}
       s.{{ count }},
{% endfor %}
       s.last_activity_at
  FROM visits v JOIN (
{{ counted("v.id IN (SELECT c.visit_id FROM changed_visits c)") }}) s ON s.visit_id = v.id
