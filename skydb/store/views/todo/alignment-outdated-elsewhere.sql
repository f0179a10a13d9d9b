{#- An exposure that was aligned, and of which the archive has a newer version: a product that was
    made of that is here, so that the exposure is to be fetched. -#}
{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
'The archive has a newer version of it than the one that was aligned: '
       || {{ alignment.of_newer_product("dq.filename") }} || ' was made of that.'
{%- endset -%}
SELECT {{ of_exposure(rule="'alignment-outdated'", since=alignment.of_newer_product("dv.recorded_at"),
                      subject="e.rootname", reason=reason) }}
  FROM {{ exposures() }}
 WHERE {{ alignment.of_newer_product("dv.id") }} IS NOT NULL AND {{ alignment.is_aligned() }}
