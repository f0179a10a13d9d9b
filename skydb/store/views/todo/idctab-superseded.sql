{#- An exposure of which no file of a kind has the newest distortion model of its detector. -#}
{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures -%}
{% import "_alignment.sql" as alignment -%}
{% set reason -%}
'It has IDCTAB ' || pv.idctab || '; other files of ' || i.detector || ' have the newer '
       || i.idctab || '.'
{%- endset -%}
SELECT {{ of_exposure(rule="'idctab-superseded'", since="i.recorded_at", subject="e.rootname",
                      reason=reason, product="p.filename", product_id="p.id") }}
  FROM {{ exposures() }}
  JOIN products p ON p.exposure_id = e.id AND p.kind <> 'hlet'
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN idctabs mine ON mine.idctab = pv.idctab
  JOIN idctabs i ON i.detector = e.instrument || '/' || e.detector
   AND i.idctab <> pv.idctab AND i.made_on > mine.made_on
 WHERE {{ alignment.is_newest("pv") }}
   AND NOT EXISTS (SELECT 1 FROM idctabs j
                    WHERE j.detector = i.detector AND j.made_on > i.made_on)
   AND NOT EXISTS (SELECT 1 FROM products o JOIN product_versions ov ON ov.product_id = o.id
                    WHERE o.exposure_id = e.id AND o.kind = p.kind AND ov.idctab = i.idctab
                      AND {{ alignment.is_newest("ov") }})
