{#- What is due. Each rule is a file of its own in todo/. -#}
{% from "todo/_columns.sql" import names -%}
{% set every = ["not-aligned", "fit-waiting", "fit-failed", "weak-fit", "alignment-outdated",
                "alignment-outdated-elsewhere", "sky-outdated", "sky-environment-failed",
                "sky-environment-unchecked", "alignment-environment-failed", "catalogue-superseded", "idctab-superseded",
                "bad-delivery", "never-matched", "downgraded", "interrupted", "left-running"] -%}
{% set rules = every if only is not defined else only -%}
WITH RECURSIVE
{% include "todo/_successors.sql" %},
{% include "todo/_idctabs.sql" %}

SELECT {% for name in names %}d.{{ name }}{{ ", " if not loop.last }}{% endfor %}

  FROM (
{% for rule in rules %}
{{ "UNION ALL" if not loop.first }}
{% include "todo/" ~ rule ~ ".sql" %}

{% endfor %}
  ) d
{% for subject, of in [("exposure_id", "exposure_id"), ("visit_id", "visit_id"),
                       ("product_id", "product_id"), ("activity_id", "run_id")] %}
 {{ "WHERE" if loop.first else "  AND" }} NOT EXISTS (
       SELECT 1 FROM book_entries b
        WHERE b.{{ subject }} = d.{{ of }} AND b.withdrawn_at IS NULL
{# The label is spelled so that it is no use to an index: the subject is more selective. #}
          AND b.label || '' = 'ignore:' || d.rule)
{% endfor %}
