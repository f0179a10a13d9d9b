{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, first_seen -%}
{% import "_sky.sql" as sky -%}
SELECT {{ of_exposure(rule="'never-matched'", since=first_seen(), subject="e.rootname",
                      reason="'It has no sky by match.'", method="'match'") }}
  FROM {{ exposures() }}
 WHERE e.known_from = 'header' AND NOT {{ sky.is_matched() }}
