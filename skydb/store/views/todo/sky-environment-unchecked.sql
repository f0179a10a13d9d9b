{% from "todo/_environment.sql" import skies_of -%}
{{ skies_of("unchecked", "environment-unchecked", "a.started_at", "was not checked") }}
