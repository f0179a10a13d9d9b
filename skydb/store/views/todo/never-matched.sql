{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures, first_seen -%}
{% import "_sky.sql" as sky -%}
{% macro why() -%}
CASE WHEN {{ sky.is_alone() }}
            THEN 'It has no sky by match: a run found no other exposure that shares sky with it.'
                 || ' Where none will come, `skydb books ignore` takes this off the list.'
            ELSE 'It has no sky by match.' END
{%- endmacro -%}
SELECT {{ of_exposure(rule="'never-matched'", since=first_seen(), subject="e.rootname",
                      reason=why(), method="'match'") }}
  FROM {{ exposures() }}
 WHERE e.known_from = 'header' AND NOT {{ sky.is_matched() }}
