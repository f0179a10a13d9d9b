{% from "_status.sql" import counts_as, names -%}
SELECT e.id AS exposure_id, e.rootname, v.id AS visit_id, v.proposal_id, v.program,
       v.number AS visit, v.program || v.number AS visit_label,
       e.target_name, e.detector, e.filters AS filter,
{% for name in names %}
       CASE WHEN {{ counts_as(name) }} THEN 1 ELSE 0 END AS {{ name }}{{ "," if not loop.last }}
{% endfor %}
  FROM exposures e JOIN visits v ON v.id = e.visit_id
