{% from "todo/_environment.sql" import skies_of -%}
{{ skies_of("failed", "environment-failed", "env.checked_at", "the self-test has failed") }}
